/** The message at the end of a job. */

import * as vscode from "vscode";
import type { Jobs } from "./jobs";
import { type Job, jobTitle, paletteCommand } from "./operations";

/** Tell of each job that ends, with what one wants to do then. */
export function tellEndings(jobs: Jobs): vscode.Disposable {
  return jobs.onDidEnd((job) => void tell(job, jobs.unanswered(job)));
}

async function tell(job: Job, unanswered: number): Promise<void> {
  const steps = stepsFor(unanswered);
  const show = job.state === "SUCCEEDED" && !unanswered ? information : warning;
  const picked = await show(ending(job, unanswered), ...Object.keys(steps));
  const command = picked && steps[picked];
  if (command) {
    await vscode.commands.executeCommand(command, job);
  }
}

const information = (message: string, ...steps: string[]): Thenable<string | undefined> =>
  vscode.window.showInformationMessage(message, ...steps);
const warning = (message: string, ...steps: string[]): Thenable<string | undefined> =>
  vscode.window.showWarningMessage(message, ...steps);

function stepsFor(unanswered: number): Record<string, string> {
  const steps: Record<string, string> = { "Open Results": "padwan.openResults", Export: paletteCommand("export") };
  return unanswered ? { ...steps, "Retry Failed": paletteCommand("retry") } : steps;
}

function ending(job: Job, unanswered: number): string {
  const title = `Batch job ${jobTitle(job)}`;
  const answered = `${job.total - unanswered} of ${job.total} prompts have an answer`;
  switch (job.state) {
    case "SUCCEEDED":
      return unanswered
        ? `${title} has ended: ${answered}, ${unanswered} do not.`
        : `${title} has ended: all ${job.total} prompts have an answer.`;
    case "CANCELLED":
      return `${title} was cancelled: ${answered}.`;
    default:
      return `${title} ended as ${job.state}. ${job.error}`.trim();
  }
}
