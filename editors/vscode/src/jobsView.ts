/** The view "Batch Jobs". */

import * as vscode from "vscode";
import type { Jobs } from "./jobs";
import { isUnsettled, type Job, jobKey, jobName, jobTitle, UNCERTAIN } from "./operations";

const ICONS: Record<string, [icon: string, colour: string]> = {
  PENDING: ["clock", "charts.blue"],
  WAITING: ["clock", "disabledForeground"],
  QUEUED: ["clock", "charts.blue"],
  RUNNING: ["sync~spin", "charts.blue"],
  SUBMITTING: ["cloud-upload", "charts.blue"],
  SUCCEEDED: ["pass-filled", "testing.iconPassed"],
  PARTIALLY_SUCCEEDED: ["warning", "charts.yellow"],
  FAILED: ["error", "testing.iconFailed"],
  EXPIRED: ["watch", "testing.iconFailed"],
  CANCELLED: ["circle-slash", "disabledForeground"],
  SUBMIT_UNCERTAIN: ["question", "charts.yellow"],
};

export class JobsView implements vscode.TreeDataProvider<Job>, vscode.Disposable {
  readonly onDidChangeTreeData: vscode.Event<void>;
  private readonly view: vscode.TreeView<Job>;

  constructor(private readonly jobs: Jobs) {
    this.onDidChangeTreeData = jobs.onDidChange;
    this.view = vscode.window.createTreeView("padwan.jobs", { treeDataProvider: this });
    this.view.onDidChangeVisibility(() => this.look());
    this.look();
    jobs.onDidChange(() => this.told());
  }

  /** Retries stand under the job that they are of; one whose job is not listed stands for itself. */
  getChildren(job?: Job): Job[] {
    const { list } = this.jobs;
    if (job) {
      return job.id ? list.filter(({ retry_of }) => retry_of === job.id) : [];
    }
    const ids = new Set(list.map(({ id }) => id).filter(Boolean));
    return list.filter(({ retry_of }) => !ids.has(retry_of));
  }

  getTreeItem(job: Job): vscode.TreeItem {
    const { Expanded, None } = vscode.TreeItemCollapsibleState;
    const title = job.retry_of ? `Retry of ${jobTitle(job)}` : jobTitle(job);
    const item = new vscode.TreeItem(title, this.getChildren(job).length ? Expanded : None);
    item.id = jobKey(job);
    item.iconPath = icon(job, this.jobs);
    item.description = description(job, this.jobs);
    item.tooltip = tooltip(job);
    item.contextValue = contextValue(job, this.jobs.tally(job).unanswered);
    item.accessibilityInformation = { label: `${title}, ${item.description}` };
    item.command = { title: "Open Results", command: "padwan.openResults", arguments: [job] };
    return item;
  }

  dispose(): void {
    this.view.dispose();
  }

  private look(): void {
    if (this.view.visible) {
      void this.jobs.refresh();
    }
  }

  private told(): void {
    const running = this.jobs.unfinished.length;
    this.view.message = this.jobs.warning;
    this.view.badge = running ? { value: running, tooltip: `${running} running` } : undefined;
    void vscode.commands.executeCommand("setContext", "padwan.jobsFailure", this.jobs.failure);
  }
}

/** How far a job is: its state, its counts, and when it is likely to end. */
export function description(job: Job, jobs: Jobs): string {
  const eta = jobs.eta(job);
  const unanswered = jobs.tally(job).unanswered;
  const parts = [job.state.toLowerCase().replaceAll("_", " "), `${job.succeeded + job.failed}/${job.total}`];
  if (unanswered) {
    parts.push(`${unanswered} failed`);
  }
  if (!job.done && eta !== undefined) {
    parts.push(`about ${duration(eta)} left`);
  }
  return parts.join(" · ");
}

/** Seconds as people say them. */
export function duration(seconds: number): string {
  if (seconds < 90) {
    return `${Math.max(1, Math.round(seconds))} s`;
  }
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** A state as an icon: what is not good shows, also in a job that succeeded as a whole. */
export function icon(job: Job, jobs: Jobs): vscode.ThemeIcon {
  const partly = job.state === "SUCCEEDED" && jobs.tally(job).unanswered;
  const [name, colour] = ICONS[partly ? "PARTIALLY_SUCCEEDED" : job.state] ?? ["question", "disabledForeground"];
  return new vscode.ThemeIcon(name, new vscode.ThemeColor(colour));
}

/** What the menus of package.json look at. */
function contextValue(job: Job, unanswered: number): string {
  if (isUnsettled(job)) {
    return job.state === UNCERTAIN ? "job.uncertain" : "job.waiting";
  }
  return job.done ? (unanswered ? "job.done.failed" : "job.done") : "job.running";
}

function tooltip(job: Job): vscode.MarkdownString {
  const rows: [string, string][] = [
    ["Job", jobName(job)],
    ["State", job.state],
    ["Model", job.model],
    ["Prompt file", job.file],
    ["Answered", `${job.succeeded} of ${job.total}`],
    ["Failed", String(job.failed)],
    ["Created", when(job.created)],
    ["Ended", when(job.ended)],
    ["Error", job.error],
    ["Note", job.warning],
  ];
  const text = new vscode.MarkdownString();
  for (const [name, value] of rows.filter(([, value]) => value)) {
    text.appendMarkdown(`**${name}:** `).appendText(value).appendMarkdown("  \n");
  }
  return text;
}

function when(time: string): string {
  return time && new Date(time).toLocaleString();
}
