/** The message at the end of a job. */

import * as vscode from "vscode";
import type { Jobs, Tally } from "./jobs";
import { type Job, jobTitle, paletteCommand } from "./operations";

/** Tell of each job that ends, with what one wants to do then. */
export function tellEndings(jobs: Jobs): vscode.Disposable {
  return jobs.onDidEnd((job) => void tell(job, jobs.tally(job)));
}

async function tell(job: Job, tally: Tally): Promise<void> {
  const steps = stepsFor(tally);
  const show = job.state === "SUCCEEDED" && !tally.unanswered ? information : warning;
  const picked = await show(ending(job, tally), ...Object.keys(steps));
  const command = picked && steps[picked];
  if (command) {
    await vscode.commands.executeCommand(command, job);
  }
}

const information = (message: string, ...steps: string[]): Thenable<string | undefined> =>
  vscode.window.showInformationMessage(message, ...steps);
const warning = (message: string, ...steps: string[]): Thenable<string | undefined> =>
  vscode.window.showWarningMessage(message, ...steps);

function stepsFor({ unanswered }: Tally): Record<string, string> {
  const steps: Record<string, string> = { "Open Results": "padwan.openResults", Export: paletteCommand("export") };
  return unanswered ? { ...steps, "Retry Failed": paletteCommand("retry") } : steps;
}

function ending(job: Job, { total, unanswered }: Tally): string {
  const title = `Batch job ${jobTitle(job)}`;
  const answered = `${total - unanswered} of ${total} prompts have an answer`;
  switch (job.state) {
    case "SUCCEEDED":
      return unanswered
        ? `${title} has ended: ${answered}, ${unanswered} ${unanswered === 1 ? "does" : "do"} not.`
        : `${title} has ended: every prompt has an answer (${total}).`;
    case "CANCELLED":
      return `${title} was cancelled: ${answered}.`;
    default:
      return `${title} ended as ${job.state}. ${job.error}`.trim();
  }
}
