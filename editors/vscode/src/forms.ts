/** Asking for what an operation needs and was not given. */

import { isAbsolute } from "node:path";
import * as vscode from "vscode";
import { askJob, askModel, askParameter, askText, chosen, confirm, parameterTitle, pick } from "./ask";
import { failureOf } from "./failure";
import type { Jobs } from "./jobs";
import { description } from "./jobsView";
import { type Arguments, isUnsettled, type Job, jobName, jobTitle, type Operation } from "./operations";
import { defaultName, pickSource, type Source } from "./promptFiles";
import type { Server } from "./server";
import { interval } from "./watcher";
import { plural } from "./words";

type Asker = (operation: Operation, given: Arguments) => Promise<Arguments>;

/** Outcomes that a retry can choose, and whether it does so by itself. */
const RETRIES = [
  { label: "failed", description: "an error, or no text", picked: true },
  { label: "blocked", description: "by the service's safety settings", picked: true },
  { label: "missing", description: "no answer came", picked: true },
  { label: "truncated", description: "stopped at the token limit", picked: false },
];

/** What can become of a submission that got no answer. */
const CHOICES = [
  { choice: "adopt", label: "$(link) The service has it: look for it there", description: "", question: "" },
  {
    choice: "resubmit",
    label: "$(debug-rerun) Send it once more",
    description: "costs twice if the service has it all the same",
    question: "Send this batch job once more?",
  },
  {
    choice: "discard",
    label: "$(trash) Forget it",
    description: "its requests here, too",
    question: "Forget this submission?",
  },
];

export class Forms {
  private readonly askers: Record<string, Asker> = {
    validate: (operation, given) => this.askValidate(operation, given),
    create: (operation, given) => this.askCreate(operation, given),
    status: (operation, given) => this.withJob(operation, given),
    results: (operation, given) => this.withJob(operation, given),
    poll: (operation, given) =>
      this.withJob(operation, { results: false, interval: interval(), ...given }, (job) => !job.done),
    cancel: (operation, given) => this.askCancel(operation, given),
    retry: (operation, given) => this.askRetry(operation, given),
    export: (operation, given) => this.askExport(operation, given),
    resolve: (operation, given) => this.askResolve(operation, given),
    delete: (operation, given) => this.askDelete(operation, given),
    prune: async (operation, given) => this.askAll(operation, { ...given, ...(await askFolder(operation.title)) }),
    list: async (_, given) => given,
  };

  constructor(
    private readonly server: Server,
    private readonly jobs: Jobs,
  ) {}

  /** The parameters of an operation: what was given, and what the user answers. */
  ask(operation: Operation, given: Arguments): Promise<Arguments> {
    const ask = this.askers[operation.name] ?? ((asked, some) => this.askAll(asked, some));
    return ask(operation, given);
  }

  /** What an operation is to be run with instead, after it failed for want of an answer. Raises the error otherwise. */
  async askAgain({ title }: Operation, params: Arguments, error: unknown): Promise<Arguments> {
    const { code, data } = failureOf(error);
    const names = code === "no-candidate" ? (data.candidates as string[]) : undefined;
    if (!names?.length) {
      throw error;
    }
    const items = names.map((name) => {
      const job = this.jobs.list.find((known) => known.job === name);
      const known =
        job && `${jobTitle(job)} · ${description(job, this.jobs)} · ${new Date(job.created).toLocaleString()}`;
      return { label: name, description: known ?? "" };
    });
    const { label } = await pick(items, title, "Which of these is it?");
    return { ...params, candidate: label };
  }

  private async withJob(operation: Operation, given: Arguments, fits = (_: Job) => true): Promise<Arguments> {
    return given.job ? given : { ...given, job: jobName(await askJob(this.jobs, operation.title, fits)) };
  }

  private async askCreate({ title }: Operation, given: Arguments): Promise<Arguments> {
    const source = hasSource(given) ? (given as Source) : await pickSource(title, this.server);
    const model = given.model ?? (await askModel(title));
    const name = given.name ?? (await askText(title, "Name of the job", defaultName(source)));
    return { ...given, ...source, model, name };
  }

  /** Checks a whole file also where some of it is selected: its problems have places there. */
  private async askValidate({ title }: Operation, given: Arguments): Promise<Arguments> {
    const source = hasSource(given) ? (given as Source) : await pickSource(title, this.server);
    return { ...given, ...("file" in source ? { file: source.file } : source) };
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

  private async askResolve(operation: Operation, given: Arguments): Promise<Arguments> {
    const { job } = await this.withJob(operation, given, isUnsettled);
    const choices = this.known(job)?.state === "WAITING" ? CHOICES.filter(({ choice }) => choice !== "adopt") : CHOICES;
    const choice = given.choice ?? (await pick(choices, operation.title, "What is to become of it")).choice;
    const question = CHOICES.find((known) => known.choice === choice)?.question;
    if (question) {
      await confirm(question, operation.title, "The service is asked first whether it has the job after all.");
    }
    return { ...given, job, choice };
  }

  private async askDelete(operation: Operation, given: Arguments): Promise<Arguments> {
    const { job } = await this.withJob(operation, given, ({ done }) => done);
    const known = this.known(job);
    const detail = "At the service and here, its answers included. Export them before.";
    await confirm(`Delete the batch job ${known ? jobTitle(known) : job}?`, operation.title, detail);
    return { ...given, job };
  }

  private async askRetry(operation: Operation, given: Arguments): Promise<Arguments> {
    const { job } = await this.withJob(operation, given, (known) => known.done);
    const which = given.which ?? (given.submit ? undefined : await askWhich(operation.title));
    const params = { ...given, job, ...(which ? { which } : {}), submit: true };
    const file = given.file ?? (await this.askCorrected(operation, params));
    return { ...params, ...(file ? { file } : {}) };
  }

  /** The job's prompt file, if its user wants what they have corrected there since to be sent. */
  private async askCorrected({ title }: Operation, params: Arguments): Promise<string | undefined> {
    const file = this.known(params.job)?.file;
    const changed = file ? await this.corrected({ ...params, file }) : 0;
    if (!file || !changed) {
      return undefined;
    }
    const fresh = { label: `$(edit) Send the new text of ${plural(changed, "prompt")}`, description: file };
    const items = [fresh, { label: "$(history) Send all as they were sent before", description: "" }];
    return (await pick(items, title, "Prompts have been changed since")) === fresh ? file : undefined;
  }

  /** How many prompts to send again have another text in their file. */
  private async corrected(params: Arguments): Promise<number> {
    try {
      const { changed } = await this.server.run<{ changed: string[] }>("retry", { ...params, submit: false });
      return changed.length;
    } catch (error) {
      const { code, message } = failureOf(error);
      if (code === "file-not-found") {
        return 0;
      }
      await confirm("The prompt file cannot be used. Send the prompts as they were sent before?", "Send", message);
      return 0;
    }
  }

  private known(job: unknown): Job | undefined {
    return this.jobs.list.find((known) => jobName(known) === job || known.job === job);
  }

  private async askExport(operation: Operation, given: Arguments): Promise<Arguments> {
    const { job } = await this.withJob(operation, given, (known) => known.done);
    const known = this.known(job);
    const title = known ? jobTitle(known).replaceAll(/[\\/:*?"<>|]/g, "-") : "results";
    const output = await askOutput(operation.title, String(given.output ?? `${title}.csv`));
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
      const items = optional.map((name) => ({
        name,
        label: parameterTitle(operation, name),
        description: shown(params[name] ?? operation.parameters[name]?.default),
        detail: operation.parameters[name]?.description ?? "",
      }));
      const run = { name: "", label: `$(play) ${operation.title}`, description: operation.effect };
      const { name } = optional.length ? await pick([run, ...items], operation.title, operation.description) : run;
      if (!name) {
        await this.confirmChange(operation);
        return params;
      }
      params = { ...params, [name]: await askParameter(operation, name) };
    }
  }

  private async confirmChange(operation: Operation): Promise<void> {
    if (operation.effect === "changes" || operation.effect === "spends") {
      await confirm(`${operation.title}?`, operation.title, operation.description);
    }
  }
}

async function askWhich(title: string): Promise<string[]> {
  const options = {
    title,
    placeHolder: "Which prompts to send again",
    canPickMany: true,
    ignoreFocusOut: true,
  } as const;
  const which = chosen(await vscode.window.showQuickPick(RETRIES, options)).map(({ label }) => label);
  return which.length ? which : Promise.reject(new vscode.CancellationError());
}

/** Which of several folders is meant; of one, nothing is asked. */
async function askFolder(title: string): Promise<{ root?: string }> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length < 2) {
    return {};
  }
  const items = folders.map(({ name, uri }) => ({ label: name, description: uri.fsPath, uri }));
  return { root: (await pick(items, title, "Folder")).uri.toString() };
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
