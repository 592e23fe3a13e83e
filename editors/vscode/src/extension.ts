/** The extension put together. */

import { access } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { ApiKey } from "./apiKey";
import { useEmulator, useGemini } from "./backend";
import { Commands } from "./commands";
import { tellEndings } from "./endings";
import { showFailure } from "./failure";
import { installServer } from "./install";
import { chooseInterpreter, onActiveInterpreterChanged } from "./interpreter";
import { Jobs } from "./jobs";
import { JobsView } from "./jobsView";
import { McpServers } from "./mcp";
import { type Arguments, type Job, jobName } from "./operations";
import { newPromptFile } from "./promptFiles";
import { ResultsPanels } from "./results/panels";
import { Server } from "./server";
import { StatusBar } from "./statusBar";
import { Watcher } from "./watcher";

/** Settings that the server is started with. */
const STARTED_WITH = ["padwan.server.command", "padwan.interpreter"];

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("Padwan", { log: true });
  const apiKey = new ApiKey(context.secrets);
  server = new Server(log, apiKey, context.extension, {
    // Lenses and fixes name the server's commands: they ask and tell as the palette does.
    executeCommand: (command, args) =>
      commands.runNamed(command.replace("padwan.batch.", ""), (args[0] ?? {}) as Arguments),
    workspace: {
      // After the server has heard of it: at another backend there are other jobs.
      didChangeConfiguration: async (sections, next) => {
        await next(sections);
        await refreshIfWanted(jobs);
      },
    },
  });
  const jobs = new Jobs(server, context.workspaceState, log);
  const panels = new ResultsPanels(server, jobs, context.extensionUri);
  const commands = new Commands(server, jobs, panels);
  const mcp = new McpServers(server, apiKey, String(context.extension.packageJSON.version));
  const parts = [new JobsView(jobs), new StatusBar(server, jobs), new Watcher(server, jobs, log), tellEndings(jobs)];
  context.subscriptions.push(log, server, jobs, panels, mcp, ...parts, ...commands.register());
  register(context, "padwan.openResults", (job: Job) => panels.open(jobName(job)));
  register(context, "padwan.runSelection", () => commands.runSelection());
  register(context, "padwan.refreshJobs", () => jobs.refresh());
  register(context, "padwan.restart", restart);
  register(context, "padwan.showLog", () => log.show());
  register(context, "padwan.install", async () => (await installServer()) && restart());
  register(context, "padwan.chooseInterpreter", chooseInterpreter);
  register(context, "padwan.setApiKey", () => apiKey.set());
  register(context, "padwan.forgetApiKey", () => apiKey.forget());
  register(context, "padwan.useEmulator", useEmulator);
  register(context, "padwan.useGemini", useGemini);
  register(context, "padwan.newPromptFile", newPromptFile);
  context.subscriptions.push(
    apiKey.onDidChange(() => void restart()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (STARTED_WITH.some((name) => event.affectsConfiguration(name))) {
        void restart();
      } else if (event.affectsConfiguration("padwan")) {
        mcp.changed();
      }
    }),
  );
  const restartIfOther = (): void => void server?.restartIfOther();
  void onActiveInterpreterChanged(restartIfOther).then(
    (listener) => listener && context.subscriptions.push(listener),
    (error: unknown) => log.warn(`the Python extension cannot be asked: ${error}`),
  );
  const ledgers = vscode.workspace.createFileSystemWatcher("**/.padwan/ledger.sqlite3", false, true, true);
  context.subscriptions.push(
    vscode.workspace.onDidGrantWorkspaceTrust(restartIfOther),
    vscode.workspace.onDidChangeWorkspaceFolders(() => {
      mcp.changed();
      void refreshIfWanted(jobs);
    }),
    // The first job of a folder, sent by an assistant or from a shell.
    ledgers,
    ledgers.onDidCreate(() => void jobs.refresh()),
  );
  server.onDidChangeState((state) => state === "running" && void refreshIfWanted(jobs));
  await server.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

function register(context: vscode.ExtensionContext, command: string, run: (argument: never) => unknown): void {
  const guarded = async (argument: never): Promise<unknown> => {
    try {
      return await run(argument);
    } catch (error) {
      return showFailure(error);
    }
  };
  context.subscriptions.push(vscode.commands.registerCommand(command, guarded));
}

async function restart(): Promise<void> {
  await server?.restart();
}

/** Ask for the jobs, if somebody has looked at them, or has left some that had not ended, or may have. */
async function refreshIfWanted(jobs: Jobs): Promise<void> {
  if (jobs.wanted || jobs.remembered.length || (await hasLedger())) {
    await jobs.refresh();
  }
}

/** Whether a folder has had any job: only then is the service asked before the user does anything. */
async function hasLedger(): Promise<boolean> {
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    try {
      await access(join(uri.fsPath, ".padwan", "ledger.sqlite3"));
      return true;
    } catch {
      // The next folder may have one.
    }
  }
  return false;
}
