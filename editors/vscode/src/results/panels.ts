/** One results table for each job, found again when it is asked for again. */

import * as vscode from "vscode";
import type { Jobs } from "../jobs";
import { jobName } from "../operations";
import type { Server } from "../server";
import { ResultsPanel } from "./panel";

const VIEW_TYPE = "padwan.results";

export class ResultsPanels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly open_ = new Map<string, ResultsPanel>();
  private readonly disposables: vscode.Disposable[];

  constructor(
    private readonly server: Server,
    private readonly jobs: Jobs,
    private readonly extension: vscode.Uri,
  ) {
    this.disposables = [
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this),
      // A retry that ended has better answers for the tables of the jobs before it.
      jobs.onDidEnd(() => this.reloadAll()),
    ];
  }

  /** Show the table of a job. */
  open(job: string): void {
    const panel = this.open_.get(job);
    if (panel) {
      panel.reveal();
      return;
    }
    const title = this.jobs.list.find((known) => jobName(known) === job)?.name || job;
    const options = { retainContextWhenHidden: true, ...this.webviewOptions() };
    this.adopt(
      job,
      vscode.window.createWebviewPanel(VIEW_TYPE, `Results: ${title}`, vscode.ViewColumn.Active, options),
    );
  }

  /** The window was loaded again: fill its tables. */
  async deserializeWebviewPanel(webview: vscode.WebviewPanel, state: { job?: string } | undefined): Promise<void> {
    if (state?.job) {
      webview.webview.options = this.webviewOptions();
      this.adopt(state.job, webview);
    } else {
      webview.dispose();
    }
  }

  dispose(): void {
    for (const disposable of [...this.disposables, ...this.open_.values()]) {
      disposable.dispose();
    }
  }

  private adopt(job: string, webview: vscode.WebviewPanel): void {
    const panel = new ResultsPanel(job, webview, this.server, (told) => void this.jobs.put(told), this.extension);
    this.open_.set(job, panel);
    webview.onDidDispose(() => {
      this.open_.delete(job);
      panel.dispose();
    });
  }

  private webviewOptions(): vscode.WebviewOptions {
    return { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(this.extension, "dist")] };
  }

  private reloadAll(): void {
    for (const panel of this.open_.values()) {
      void panel.load();
    }
  }
}
