/** Asking for what an operation needs and was not given. */

import { isAbsolute } from "node:path";
import * as vscode from "vscode";
import { askJob, askModel, askParameter, askText, chosen, confirm, pick } from "./ask";
import type { Jobs } from "./jobs";
import { type Arguments, type Job, jobName, jobTitle, type Operation, UNCERTAIN } from "./operations";
import { defaultName, pickSource, type Source } from "./promptFiles";
import { interval } from "./watcher";

type Asker = (operation: Operation, given: Arguments) => Promise<Arguments>;

/** Outcomes that a retry can choose, and whether it does so by itself. */
const RETRIES = [
  { label: "failed", description: "an error, or no text", picked: true },
  { label: "blocked", description: "by the service's safety settings", picked: true },
  { label: "missing", description: "no answer came", picked: true },
  { label: "truncated", description: "stopped at the token limit", picked: false },
];

export class Forms {
  private readonly askers: Record<string, Asker> = {
    validate: async ({ title }, given) => (hasSource(given) ? given : { ...given, ...(await pickSource(title)) }),
    create: (operation, given) => this.askCreate(operation, given),
    status: (operation, given) => this.withJob(operation, given),
    results: (operation, given) => this.withJob(operation, given),
    poll: (operation, given) =>
      this.withJob(operation, { results: false, interval: interval(), ...given }, (job) => !job.done),
    cancel: (operation, given) => this.askCancel(operation, given),
    retry: (operation, given) => this.askRetry(operation, given),
    export: (operation, given) => this.askExport(operation, given),
    resolve: async (operation, given) =>
      this.askAll(operation, await this.withJob(operation, given, ({ state }) => state === UNCERTAIN)),
    list: async (_, given) => given,
  };

  constructor(private readonly jobs: Jobs) {}

  /** The parameters of an operation: what was given, and what the user answers. */
  ask(operation: Operation, given: Arguments): Promise<Arguments> {
    const ask = this.askers[operation.name] ?? ((asked, some) => this.askAll(asked, some));
    return ask(operation, given);
  }

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
    const options = {
      title: operation.title,
      placeHolder: "Which prompts to send again",
      canPickMany: true,
      ignoreFocusOut: true,
    } as const;
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
  const defaultUri = isAbsolute(name) || !folder ? vscode.Uri.file(name) : vscode.Uri.joinPath(folder.uri, name);
  const filters = { CSV: ["csv"], JSON: ["json"], "JSON Lines, as received": ["jsonl"], Text: ["txt"] };
  return chosen(await vscode.window.showSaveDialog({ title, defaultUri, filters, saveLabel: "Export" }));
}
