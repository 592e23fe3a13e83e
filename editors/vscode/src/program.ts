/** Where padwan-server is on this machine. */

import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { activeInterpreter } from "./interpreter";

const run = promisify(execFile);

/** A command line that is padwan-server, to which a subcommand is added. */
export interface Program {
  command: string;
  args: string[];
  /** Which rule found it, for the log. */
  origin: string;
}

/** Find padwan-server: the first of the places that a user can name or expect; undefined if there is none. */
export async function findProgram(): Promise<Program | undefined> {
  const settings = vscode.workspace.getConfiguration("padwan");
  const [command, ...args] = settings.get<string[]>("server.command", []);
  if (command) {
    return { command, args, origin: "padwan.server.command" };
  }
  const chosen = settings.get<string>("interpreter", "");
  if (chosen) {
    return ofInterpreter(chosen, "padwan.interpreter");
  }
  // The active environment may be one of the folder's own, whose code runs when it is asked for a module.
  const active = vscode.workspace.isTrusted ? await activeInterpreter() : undefined;
  if (active && (await hasServer(active))) {
    return ofInterpreter(active, "the active Python environment");
  }
  const installed = await onPath("padwan-server");
  if (installed) {
    return { command: installed, args: [], origin: "PATH" };
  }
  const uvx = await onPath("uvx");
  return uvx ? { command: uvx, args: ["padwan-server"], origin: "uvx" } : undefined;
}

// -P: a module of the opened folder must not take the place of an installed one.
function ofInterpreter(interpreter: string, origin: string): Program {
  return { command: interpreter, args: ["-P", "-m", "padwan_server"], origin };
}

async function hasServer(interpreter: string): Promise<boolean> {
  try {
    await run(interpreter, ["-P", "-c", "import padwan_server"], { timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** The absolute path of a program on PATH. Relative entries are passed over: they would lie in the opened folder. */
export async function onPath(name: string): Promise<string | undefined> {
  const suffixes = process.platform === "win32" ? [".exe", ".cmd"] : [""];
  for (const folder of (process.env.PATH ?? "").split(delimiter).filter(isAbsolute)) {
    for (const path of suffixes.map((suffix) => join(folder, name + suffix))) {
      try {
        await access(path, constants.X_OK);
        return path;
      } catch {
        // Not here; the next folder may have it.
      }
    }
  }
  return undefined;
}
