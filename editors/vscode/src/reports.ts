/** Telling what has come of an operation, and what to do next. */

import * as vscode from "vscode";
import type { Jobs } from "./jobs";
import { type Arguments, type Job, type JobStatus, jobName, jobTitle, type Operation } from "./operations";
import { plural } from "./words";

type Teller = (result: never, given: Arguments) => void | Promise<void>;
/** Runs another operation, as the palette does. */
type RunNamed = (name: string, given: Arguments) => Promise<unknown>;

export class Reports {
  private readonly tellers: Record<string, Teller> = {
    validate: tellValidation,
    create: (job: Job & { warnings: string[] }) => this.submitted(job),
    status: (job: JobStatus) => this.tellStatus(job),
    poll: (job: Job & { timed_out: boolean }) => this.jobs.put(job),
    cancel: (job: Job) => this.tellCancelled(job),
    retry: (result: { submitted: Job | null; message: string }) => this.retried(result),
    export: tellExport,
    list: () => this.tellList(),
  };

  constructor(
    private readonly jobs: Jobs,
    private readonly runNamed: RunNamed,
  ) {}

  /** Tell the result of an operation. */
  async tell(operation: Operation, result: unknown, given: Arguments): Promise<void> {
    const tell = this.tellers[operation.name] ?? ((told: object) => this.tellAny(operation, told));
    await tell(result as never, given);
  }

  /** Watching was stopped: say that the job goes on. */
  async tellUnwatched(job: Job): Promise<void> {
    const message = `Batch job ${jobTitle(job)} goes on: it was only the watching that stopped.`;
    if (await vscode.window.showInformationMessage(message, "Cancel Job")) {
      await this.runNamed("cancel", { job: jobName(job) });
    }
  }

  private async submitted(job: Job & { warnings: string[] }): Promise<void> {
    await this.jobs.put(job);
    for (const warning of job.warnings) {
      void vscode.window.showWarningMessage(warning);
    }
    if (!job.done) {
      void this.runNamed("poll", { job: jobName(job) });
    }
  }

  private async retried({ submitted, message }: { submitted: Job | null; message: string }): Promise<void> {
    void vscode.window.showInformationMessage(message);
    if (submitted) {
      await this.submitted({ ...submitted, warnings: [] });
    }
  }

  private async tellStatus(job: JobStatus): Promise<void> {
    await this.jobs.put(job);
    const counts = `${job.succeeded} answered, ${job.failed} failed, ${job.pending} pending of ${job.total}`;
    const step = job.done ? "Open Results" : "Watch";
    const picked = await vscode.window.showInformationMessage(
      [`${jobTitle(job)}: ${job.state} (${counts}).`, job.error, ...job.diagnosis].filter(Boolean).join(" "),
      step,
    );
    if (picked) {
      await this.runNamed(job.done ? "results" : "poll", { job: jobName(job) });
    }
  }

  private async tellCancelled(job: Job): Promise<void> {
    await this.jobs.put(job);
    if (!job.done) {
      void vscode.window.showInformationMessage(`Batch job ${jobTitle(job)} is about to stop.`);
    }
  }

  private async tellList(): Promise<void> {
    await this.jobs.refresh();
    await vscode.commands.executeCommand("padwan.jobs.focus");
  }

  private async tellAny(operation: Operation, result: object): Promise<void> {
    void this.jobs.refresh();
    const message = "message" in result ? String(result.message) : `${operation.title}: done.`;
    if (await vscode.window.showInformationMessage(message, "Show Details")) {
      const content = JSON.stringify(result, undefined, 2);
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: "json", content }));
    }
  }
}

function tellValidation(result: { file: string; prompts: number; errors: number; warnings: number }): void {
  const found = [
    plural(result.prompts, "prompt"),
    plural(result.errors, "error"),
    plural(result.warnings, "warning"),
  ].join(", ");
  const show = result.errors ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  void show(`${result.file || "The prompts"}: ${found}.`, "Show Problems").then((picked) => {
    if (picked) {
      void vscode.commands.executeCommand("workbench.actions.view.problems");
    }
  });
}

async function tellExport(
  result: { output: string; rows: number; failed: number; warning: string },
  given: Arguments,
): Promise<void> {
  const failed = result.failed ? `, ${result.failed} without a good answer` : "";
  const message = `${result.output}: ${plural(result.rows, "row")}${failed}. ${result.warning}`.trim();
  if (await vscode.window.showInformationMessage(message, "Open")) {
    await vscode.commands.executeCommand("vscode.open", vscode.Uri.parse(String(given.output)));
  }
}
