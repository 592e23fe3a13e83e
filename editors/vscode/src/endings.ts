/** The message at the end of a job. */

import * as vscode from "vscode";
import type { Jobs } from "./jobs";
import { type Job, jobTitle, paletteCommand } from "./operations";

/** Tell of each job that ends, with what one wants to do then. */
export function tellEndings(jobs: Jobs): vscode.Disposable {
  return jobs.onDidEnd((job) => void tell(job));
}

async function tell(job: Job): Promise<void> {
  const steps = stepsFor(job);
  const show = job.state === "SUCCEEDED" && !job.failed ? information : warning;
  const picked = await show(ending(job), ...Object.keys(steps));
  const command = picked && steps[picked];
  if (command) {
    await vscode.commands.executeCommand(command, job);
  }
}

const information = (message: string, ...steps: string[]): Thenable<string | undefined> =>
  vscode.window.showInformationMessage(message, ...steps);
const warning = (message: string, ...steps: string[]): Thenable<string | undefined> =>
  vscode.window.showWarningMessage(message, ...steps);

function stepsFor(job: Job): Record<string, string> {
  const steps: Record<string, string> = { "Open Results": "padwan.openResults", Export: paletteCommand("export") };
  return job.failed ? { ...steps, "Retry Failed": paletteCommand("retry") } : steps;
}

function ending(job: Job): string {
  const title = `Batch job ${jobTitle(job)}`;
  switch (job.state) {
    case "SUCCEEDED":
      return job.failed
        ? `${title} has ended: ${job.succeeded} of ${job.total} prompts answered, ${job.failed} failed.`
        : `${title} has ended: all ${job.total} prompts answered.`;
    case "CANCELLED":
      return `${title} was cancelled: ${job.succeeded} of ${job.total} prompts answered.`;
    default:
      return `${title} ended as ${job.state}. ${job.error}`.trim();
  }
}
