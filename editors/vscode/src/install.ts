/** Installing padwan-server, where the user can see it. */

import * as vscode from "vscode";
import { activeInterpreter } from "./interpreter";
import { onPath } from "./program";

interface Installer extends vscode.QuickPickItem {
  command: string;
  args: string[];
}

/** Let the user pick an installer and run it as a task; whether it succeeded. */
export async function installServer(): Promise<boolean> {
  const installer = await vscode.window.showQuickPick(await installers(), {
    title: "Install padwan-server",
    placeHolder: "The command is run in a terminal",
  });
  return installer ? (await exitCodeOf(installer)) === 0 : false;
}

async function installers(): Promise<Installer[]> {
  const found: Installer[] = [];
  const add = (label: string, command: string | undefined, args: string[]): void => {
    if (command) {
      found.push({ label, detail: [command, ...args].join(" "), command, args });
    }
  };
  add("With uv, for this user", await onPath("uv"), ["tool", "install", "--upgrade", "padwan-server"]);
  add("With pipx, for this user", await onPath("pipx"), ["install", "--force", "padwan-server"]);
  const pip = ["-m", "pip", "install", "--upgrade", "padwan-server"];
  add("In the active Python environment", await activeInterpreter(), pip);
  const python = (await onPath("python3")) ?? (await onPath("python"));
  add("With pip, for this user", python, [...pip, "--user"]);
  return found;
}

async function exitCodeOf({ command, args, label }: Installer): Promise<number | undefined> {
  const execution = new vscode.ProcessExecution(command, args);
  const task = new vscode.Task({ type: "padwan" }, vscode.TaskScope.Workspace, label, "Padwan", execution);
  const started = await vscode.tasks.executeTask(task);
  return new Promise((resolve) => {
    const listener = vscode.tasks.onDidEndTaskProcess((ended) => {
      if (ended.execution === started) {
        listener.dispose();
        resolve(ended.exitCode);
      }
    });
  });
}
