/** Asking for parameters, without anybody having to remember an id. Each raises CancellationError if left. */

import * as vscode from "vscode";
import type { Jobs } from "./jobs";
import { description, icon } from "./jobsView";
import { type Job, jobName, jobTitle, MODELS, type Operation, type Parameter } from "./operations";

/** Show items and return the picked one. */
export async function pick<T extends vscode.QuickPickItem>(items: T[], title: string, hint: string): Promise<T> {
  const options = { title, placeHolder: hint, matchOnDescription: true, ignoreFocusOut: true };
  return chosen(await vscode.window.showQuickPick(items, options));
}

/** The value that a question was answered with. */
export function chosen<T>(answer: T | undefined): T {
  if (answer === undefined) {
    throw new vscode.CancellationError();
  }
  return answer;
}

/** A job, by its name and state. */
export async function askJob(jobs: Jobs, title: string, fits: (job: Job) => boolean): Promise<Job> {
  await jobs.refresh();
  const fitting = jobs.list.filter(fits);
  if (!fitting.length) {
    void vscode.window.showInformationMessage(`${title}: there is no job to choose.`);
    throw new vscode.CancellationError();
  }
  const items = fitting.map((job) => ({
    label: jobTitle(job),
    iconPath: icon(job, jobs),
    description: description(job, jobs),
    detail: [jobName(job), job.model, job.file].filter(Boolean).join(" · "),
    job,
  }));
  return (await pick(items, title, "Batch job")).job;
}

/** A model: the setting's first, then those that the service is known to have, then any. */
export async function askModel(title: string): Promise<string> {
  const usual = vscode.workspace.getConfiguration("padwan").get<string>("model", "");
  const known = [...new Set([usual, ...MODELS])].filter(Boolean);
  const items = known.map((model) => ({
    label: model,
    description: model === usual ? "the setting padwan.model" : "",
  }));
  const picked = await pick([...items, { label: "Another…", description: "" }], title, "Model");
  return picked.label === "Another…" ? askText(title, "Name of the model", "") : picked.label;
}

/** A line of text that is not empty, and in which ``check`` finds nothing wrong. */
export async function askText(
  title: string,
  prompt: string,
  value: string,
  check: (text: string) => string | undefined = () => undefined,
): Promise<string> {
  const answer = await vscode.window.showInputBox({
    title,
    prompt,
    value,
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() ? check(text.trim()) : "This cannot be empty."),
  });
  return chosen(answer).trim();
}

/** A yes to something that cannot be taken back or costs money. */
export async function confirm(question: string, yes: string, detail = ""): Promise<void> {
  chosen(await vscode.window.showWarningMessage(question, { modal: true, detail }, yes));
}

/** Any parameter, by its schema. */
export async function askParameter(operation: Operation, name: string): Promise<unknown> {
  const parameter = operation.parameters[name] ?? {};
  const title = `${operation.title}: ${parameterTitle(operation, name)}`;
  const hint = parameter.description ?? name;
  if (parameter.enum) {
    return (
      await pick(
        parameter.enum.map((label) => ({ label })),
        title,
        hint,
      )
    ).label;
  }
  if (parameter.type === "boolean") {
    return (await pick([{ label: "Yes" }, { label: "No" }], title, hint)).label === "Yes";
  }
  const usual = parameter.default === undefined ? "" : String(parameter.default);
  return read(await askText(title, hint, usual, (text) => wrong(text, parameter)), parameter);
}

/** What people call a parameter. */
export function parameterTitle(operation: Operation, name: string): string {
  return operation.parameters[name]?.title ?? name;
}

/** What is wrong with the text of a parameter. */
function wrong(text: string, parameter: Parameter): string | undefined {
  switch (parameter.type) {
    case "integer":
      return Number.isInteger(Number(text)) ? outside(Number(text), parameter) : "This must be a whole number.";
    case "number":
      return Number.isFinite(Number(text)) ? outside(Number(text), parameter) : "This must be a number.";
    case "object":
      return isJsonObject(text) ? undefined : 'This must be a JSON object, e.g. {"temperature": 0}.';
    default:
      return undefined;
  }
}

function outside(value: number, { minimum = -Infinity, maximum = Infinity }: Parameter): string | undefined {
  return value < minimum
    ? `This must be at least ${minimum}.`
    : value > maximum
      ? `This must be at most ${maximum}.`
      : undefined;
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function read(text: string, parameter: Parameter): unknown {
  switch (parameter.type) {
    case "integer":
    case "number":
      return Number(text);
    case "array":
      return text.split(",").map((item) => item.trim());
    case "object":
      return JSON.parse(text);
    default:
      return text;
  }
}
