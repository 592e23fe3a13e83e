/** Watches every job that has not ended, so that view, status bar and messages follow by themselves. */

import * as vscode from "vscode";
import { failureOf, isCancelled } from "./failure";
import type { Jobs } from "./jobs";
import type { Job, JobStatus } from "./operations";
import type { Server } from "./server";

/** Seconds between two looks at the service, whose jobs take from minutes to two days. */
const INTERVAL = { gemini: 20, emulator: 1 };

/** Seconds between two looks at the backend in use. */
export function interval(): number {
  return INTERVAL[vscode.workspace.getConfiguration("padwan").get<keyof typeof INTERVAL>("backend", "gemini")];
}

export class Watcher implements vscode.Disposable {
  private readonly watched = new Set<string>();

  constructor(
    private readonly server: Server,
    private readonly jobs: Jobs,
    private readonly log: vscode.LogOutputChannel,
  ) {
    jobs.onDidChange(() => this.watchAll());
    server.onDidChangeState((state) => {
      if (state !== "running") {
        this.watched.clear();
      }
    });
  }

  dispose(): void {
    this.watched.clear();
  }

  private watchAll(): void {
    // One without a name is being sent; the server tells when it has one.
    for (const job of this.jobs.unfinished.filter((job) => job.job && !this.watched.has(job.job))) {
      this.watched.add(job.job);
      void this.watch(job);
    }
  }

  private async watch(job: Job): Promise<void> {
    try {
      const params = { job: job.job, results: false, interval: interval() };
      const ended = await this.server.run<JobStatus>("poll", params);
      this.watched.delete(job.job);
      await this.jobs.put(ended);
    } catch (error) {
      // It stays among the watched, so as not to be tried again at once: the next start of the server tries again.
      if (!isCancelled(error)) {
        this.log.warn(`${job.job} is not watched any more: ${failureOf(error).message}`);
      }
    }
  }
}
