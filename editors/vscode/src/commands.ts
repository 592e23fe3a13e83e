/** The palette's commands: one for each operation, each asking for what it was not given. */

import * as vscode from "vscode";
import { askJob, askModel, askParameter, askText, chosen, confirm, pick } from "./ask";
import { showFailure } from "./failure";
import type { Jobs } from "./jobs";
import { type Arguments, type Job, jobName, jobTitle, OPERATIONS, type Operation, paletteCommand } from "./operations";
import { defaultName, pickSource, type Source, selectedPrompts } from "./promptFiles";
import type { ResultsPanels } from "./results/panels";
import type { ProgressValue, Server } from "./server";
import { plural } from "./words";

type Asker = (operation: Operation, given: Arguments) => Promise<Arguments>;
type Teller = (result: never, given: Arguments) => void | Promise<void>;

/** Outcomes that a retry can choose, and whether it does so by itself. */
const RETRIES = [
  { label: "failed", description: "an error, or no text", picked: true },
  { label: "blocked", description: "by the service's safety settings", picked: true },
  { label: "missing", description: "no answer came", picked: true },
  { label: "truncated", description: "stopped at the token limit", picked: false },
];

export class Commands {
  private readonly askers: Record<string, Asker> = {
    validate: async ({ title }, given) => (hasSource(given) ? given : { ...given, ...(await pickSource(title)) }),
    create: (operation, given) => this.askCreate(operation, given),
    status: (operation, given) => this.withJob(operation, given),
    results: (operation, given) => this.withJob(operation, given),
    poll: (operation, given) => this.withJob(operation, { results: false, ...given }, (job) => !job.done),
    cancel: (operation, given) => this.askCancel(operation, given),
    retry: (operation, given) => this.askRetry(operation, given),
    export: (operation, given) => this.askExport(operation, given),
    list: async (_, given) => given,
  };

  private readonly tellers: Record<string, Teller> = {
    validate: tellValidation,
    create: (job: Job & { warnings: string[] }) => this.submitted(job),
    status: (job: Job) => this.tellStatus(job),
    poll: (job: Job & { timed_out: boolean }) => this.jobs.put(job),
    cancel: (job: Job) => this.tellCancelled(job),
    retry: (result: { submitted: Job | null; message: string }) => this.retried(result),
    export: tellExport,
    list: () => this.tellList(),
  };

  constructor(
    private readonly server: Server,
    private readonly jobs: Jobs,
    private readonly panels: ResultsPanels,
  ) {}

  /** The commands of package.json, ready for subscriptions. */
  register(): vscode.Disposable[] {
    return OPERATIONS.map((operation) =>
      vscode.commands.registerCommand(paletteCommand(operation.name), (from?: unknown) =>
        this.run(operation, argumentsOf(from)).catch(showFailure),
      ),
    );
  }

  /** Run an operation that a lens or a quick fix names, as the palette would. */
  async runNamed(name: string, given: Arguments): Promise<unknown> {
    const operation = OPERATIONS.find((known) => known.name === name);
    return operation && this.run(operation, given).catch(showFailure);
  }

  /** Send the selection of the editor. */
  async runSelection(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const prompts = editor ? selectedPrompts(editor) : [];
    await (prompts.length ? this.runNamed("create", { prompts }) : this.runNamed("create", {}));
  }

  private async run(operation: Operation, given: Arguments): Promise<unknown> {
    const ask = this.askers[operation.name] ?? ((asked, some) => this.askAll(asked, some));
    const params = await ask(operation, given);
    if (operation.name === "results") {
      return this.panels.open(String(params.job));
    }
    const result = await this.withProgress(operation, params);
    const tell = this.tellers[operation.name] ?? ((told: object) => this.tellAny(operation, told));
    await tell(result as never, params);
    return result;
  }

  /** Run it with a toast. Only watching can be cancelled: whatever else was begun is finished by the server. */
  private withProgress(operation: Operation, params: Arguments): Thenable<unknown> {
    const watching = operation.name === "poll";
    const job = this.jobs.list.find((known) => jobName(known) === params.job);
    const title = watching && job ? `Batch job ${jobTitle(job)}` : operation.title;
    const location = watching ? vscode.ProgressLocation.Notification : vscode.ProgressLocation.Window;
    return vscode.window.withProgress({ location, title, cancellable: watching }, (progress, cancellation) => {
      cancellation.onCancellationRequested(() => job && void this.tellUnwatched(job));
      return this.server.run(operation.name, params, reporter(progress), cancellation);
    });
  }

  // Asking

  private async withJob(operation: Operation, given: Arguments, fits = (_: Job) => true): Promise<Arguments> {
    return given.job ? given : { ...given, job: jobName(await askJob(this.jobs, operation.title, fits)) };
  }

  private async askCreate({ title }: Operation, given: Arguments): Promise<Arguments> {
    const source = hasSource(given) ? (given as Source) : await pickSource(title);
    const model = given.model ?? (await askModel(title));
    const name = given.name ?? (await askText(title, "Name of the job", defaultName(source)));
    return { ...given, ...source, model, name };
  }

  private async askCancel(operation: Operation, given: Arguments): Promise<Arguments> {
    const params = await this.withJob(operation, given, (job) => !job.done);
    await confirm(
      "Cancel this batch job?",
      "Cancel Job",
      "Answers that came already are kept, and cost what they cost.",
    );
    return params;
  }

  private async askRetry(operation: Operation, given: Arguments): Promise<Arguments> {
    const { job } = await this.withJob(operation, given, (known) => known.done);
    if (given.submit) {
      return given;
    }
    const options = { title: operation.title, placeHolder: "Which prompts to send again", canPickMany: true } as const;
    const which = chosen(await vscode.window.showQuickPick(RETRIES, options)).map(({ label }) => label);
    return which.length ? { ...given, job, which, submit: true } : Promise.reject(new vscode.CancellationError());
  }

  private async askExport(operation: Operation, given: Arguments): Promise<Arguments> {
    const { job } = await this.withJob(operation, given, (known) => known.done);
    const known = this.jobs.list.find((other) => jobName(other) === job);
    const output = await askOutput(
      operation.title,
      String(given.output ?? `${known ? jobTitle(known) : "results"}.csv`),
    );
    // The save dialog has asked before it replaces a file.
    return { ...given, job, output: output.toString(), overwrite: true };
  }

  /** For operations without a form of their own: what is required, then what the user wants to change. */
  private async askAll(operation: Operation, given: Arguments): Promise<Arguments> {
    let params = { ...given };
    for (const name of operation.required.filter((required) => !(required in params))) {
      params =
        name === "job"
          ? await this.withJob(operation, params)
          : { ...params, [name]: await askParameter(operation, name) };
    }
    for (;;) {
      const optional = Object.keys(operation.parameters).filter((name) => !operation.required.includes(name));
      const items = optional.map((label) => ({
        label,
        description: shown(params[label] ?? operation.parameters[label]?.default),
      }));
      const run = { label: `$(play) ${operation.title}`, description: operation.effect };
      const picked = optional.length ? await pick([run, ...items], operation.title, operation.description) : run;
      if (picked === run) {
        await this.confirmChange(operation);
        return params;
      }
      params = { ...params, [picked.label]: await askParameter(operation, picked.label) };
    }
  }

  private async confirmChange(operation: Operation): Promise<void> {
    if (operation.effect === "changes" || operation.effect === "spends") {
      await confirm(`${operation.title}?`, operation.title, operation.description);
    }
  }

  // Telling

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

  private async tellStatus(job: Job): Promise<void> {
    await this.jobs.put(job);
    const counts = `${job.succeeded} answered, ${job.failed} failed, ${job.pending} pending of ${job.total}`;
    const step = job.done ? "Open Results" : "Watch";
    const picked = await vscode.window.showInformationMessage(
      `${jobTitle(job)}: ${job.state} (${counts}). ${job.error}`,
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

  private async tellUnwatched(job: Job): Promise<void> {
    const message = `Batch job ${jobTitle(job)} goes on: it was only the watching that stopped.`;
    if (await vscode.window.showInformationMessage(message, "Cancel Job")) {
      await this.runNamed("cancel", { job: jobName(job) });
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

function hasSource(given: Arguments): boolean {
  return "file" in given || "prompts" in given;
}

function shown(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value);
}

/** Where to write, from the save dialog. A relative path starts at the first folder. */
async function askOutput(title: string, name: string): Promise<vscode.Uri> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const defaultUri = name.startsWith("/") || !folder ? vscode.Uri.file(name) : vscode.Uri.joinPath(folder.uri, name);
  const filters = { CSV: ["csv"], JSON: ["json"], "JSON Lines, as received": ["jsonl"], Text: ["txt"] };
  return chosen(await vscode.window.showSaveDialog({ title, defaultUri, filters, saveLabel: "Export" }));
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
