/** The status bar item: the server, the backend, and the jobs that run. */

import * as vscode from "vscode";
import type { Jobs } from "./jobs";
import { jobTitle } from "./operations";
import type { Server } from "./server";

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("padwan.status", vscode.StatusBarAlignment.Left, 0);

  constructor(
    private readonly server: Server,
    private readonly jobs: Jobs,
  ) {
    this.item.name = "Padwan";
    server.onDidChangeState(() => this.update());
    jobs.onDidChange(() => this.update());
    vscode.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("padwan") && this.update());
    this.update();
    this.item.show();
  }

  dispose(): void {
    this.item.dispose();
  }

  private update(): void {
    const failed = this.server.state === "failed" || this.server.state === "stopped";
    const running = this.jobs.unfinished;
    this.item.backgroundColor = failed ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
    this.item.command = failed ? "padwan.restart" : "padwan.jobs.focus";
    this.item.text = failed ? "$(error) Padwan" : this.text();
    this.item.tooltip = failed
      ? "padwan-server is not running: start it again"
      : running.map((job) => `${jobTitle(job)}: ${job.succeeded + job.failed}/${job.total}`).join("\n") || "Batch jobs";
    this.item.accessibilityInformation = { label: `Padwan: ${failed ? "not running" : this.words()}` };
  }

  private text(): string {
    if (this.server.state === "starting") {
      return "$(loading~spin) Padwan";
    }
    return this.jobs.unfinished.length ? `$(sync~spin) Padwan: ${this.words()}` : `${backendIcon()} Padwan`;
  }

  private words(): string {
    const running = this.jobs.unfinished;
    const done = running.reduce((sum, job) => sum + job.succeeded + job.failed, 0);
    const total = running.reduce((sum, job) => sum + job.total, 0);
    return running.length ? `${running.length} running ${done}/${total}` : "no job runs";
  }
}

function backendIcon(): string {
  const emulator = vscode.workspace.getConfiguration("padwan").get("backend") === "emulator";
  return emulator ? "$(beaker)" : "$(cloud)";
}
