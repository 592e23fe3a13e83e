/** The palette's commands: one for each operation, each asking for what it was not given. */

import * as vscode from "vscode";
import { isCancelled, showFailure } from "./failure";
import { Forms } from "./forms";
import type { Jobs } from "./jobs";
import { type Arguments, type Job, jobName, jobTitle, OPERATIONS, type Operation, paletteCommand } from "./operations";
import { selectedPrompts } from "./promptFiles";
import { Reports } from "./reports";
import type { ResultsPanels } from "./results/panels";
import type { ProgressValue, Server } from "./server";

export class Commands {
  private readonly forms: Forms;
  private readonly reports: Reports;

  constructor(
    private readonly server: Server,
    private readonly jobs: Jobs,
    private readonly panels: ResultsPanels,
  ) {
    this.forms = new Forms(server, jobs);
    this.reports = new Reports(jobs, (name, given) => this.runNamed(name, given));
  }

  /** The commands of package.json, ready for subscriptions. */
  register(): vscode.Disposable[] {
    return OPERATIONS.map((operation) =>
      vscode.commands.registerCommand(paletteCommand(operation.name), (from?: unknown) =>
        this.runShown(operation, argumentsOf(from)),
      ),
    );
  }

  /** Run an operation that a lens or a quick fix names, as the palette would. */
  async runNamed(name: string, given: Arguments): Promise<unknown> {
    const operation = OPERATIONS.find((known) => known.name === name);
    return operation && this.runShown(operation, given);
  }

  /** Send the selection of the editor. */
  async runSelection(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const selected = editor && (await selectedPrompts(editor, this.server));
    await this.runNamed("create", { ...selected });
  }

  /** Run an operation and tell what goes wrong; a submission that failed may have left a job all the same. */
  private async runShown(operation: Operation, given: Arguments): Promise<unknown> {
    try {
      return await this.run(operation, given);
    } catch (error) {
      if (operation.effect === "spends" && !isCancelled(error)) {
        void this.jobs.refresh();
      }
      return showFailure(error);
    }
  }

  private async run(operation: Operation, given: Arguments): Promise<unknown> {
    const params = await this.forms.ask(operation, given);
    if (operation.name === "results") {
      return this.panels.open(String(params.job));
    }
    const result = await this.withProgress(operation, params).then(undefined, async (error: unknown) =>
      this.withProgress(operation, await this.forms.askAgain(operation, params, error)),
    );
    await this.reports.tell(operation, result, params);
    return result;
  }

  /** Run it with a toast. Only watching can be cancelled: whatever else was begun is finished by the server. */
  private withProgress(operation: Operation, params: Arguments): Thenable<unknown> {
    const watching = operation.name === "poll";
    const job = this.jobs.list.find((known) => jobName(known) === params.job);
    const title = watching && job ? `Batch job ${jobTitle(job)}` : operation.title;
    const location = watching ? vscode.ProgressLocation.Notification : vscode.ProgressLocation.Window;
    return vscode.window.withProgress({ location, title, cancellable: watching }, (progress, cancellation) => {
      cancellation.onCancellationRequested(() => job && void this.reports.tellUnwatched(job));
      return this.server.run(operation.name, params, reporter(progress), cancellation);
    });
  }
}

/** What a command was called with: a job of the view, a file of the explorer, a lens' object, or nothing. */
function argumentsOf(from: unknown): Arguments {
  if (from instanceof vscode.Uri) {
    return { file: from.toString() };
  }
  if (typeof from === "object" && from !== null && "state" in from && "id" in from) {
    return { job: jobName(from as Job) };
  }
  return typeof from === "object" && from !== null ? (from as Arguments) : {};
}

function reporter(progress: vscode.Progress<{ message?: string; increment?: number }>): (value: ProgressValue) => void {
  let last = 0;
  return (value) => {
    if (value.kind === "report") {
      const percentage = value.percentage ?? last;
      progress.report({ message: value.message ?? "", increment: percentage - last });
      last = percentage;
    }
  };
}
