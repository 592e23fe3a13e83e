/** The batch jobs as this window knows them, and what has just become of them. */

import * as vscode from "vscode";
import { failureOf } from "./failure";
import { type Job, type JobList, type JobProgress, type JobStatus, jobKey, jobName, UNCERTAIN } from "./operations";
import type { Server } from "./server";

/** Jobs of the service that are asked for at most. */
const LIMIT = 200;
/** Names of jobs that had not ended when they were seen last: some end while no window is open. */
const UNFINISHED = "padwan.unfinished";
/** Jobs that ended before this window was there and of which it is asked what became of their prompts. */
const LOOKED_INTO = 20;

export interface Tally {
  total: number;
  unanswered: number;
}

export class Jobs implements vscode.Disposable {
  /** The jobs, newest first. */
  list: Job[] = [];
  /** What a reader of the list must know, usually empty. */
  warning = "";
  /** Code of the error that the last look ended with, empty if it went well. */
  failure = "";
  /** Whether anybody has looked at the jobs; before that no service is asked. */
  wanted = false;
  /** Names that were heard of, and looked for in the list once. */
  private readonly heard = new Set<string>();
  private readonly etas = new Map<string, number>();
  private readonly outcomes = new Map<string, Record<string, number>>();
  private readonly changedEvent = new vscode.EventEmitter<void>();
  private readonly endedEvent = new vscode.EventEmitter<Job>();
  readonly onDidChange = this.changedEvent.event;
  /** A job has ended, now or while no window was open. */
  readonly onDidEnd = this.endedEvent.event;

  constructor(
    private readonly server: Server,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {
    server.onJobProgress((look) => this.apply(look));
  }

  /** Those that have not ended and that this workspace sent. */
  get unfinished(): Job[] {
    return this.list.filter((job) => !job.done && job.id && job.state !== UNCERTAIN);
  }

  /** Seconds until a job is likely to end, if the server could tell. */
  eta(job: Job): number | undefined {
    return this.etas.get(job.job);
  }

  /**
   * Prompts of a job, its retries included, and how many have no good answer. The service counts a blocked one as
   * answered, so that its own counts serve only until the outcomes are known.
   */
  tally(job: Job): Tally {
    const outcomes = Object.entries(this.outcomes.get(jobKey(job)) ?? {});
    if (!outcomes.length) {
      return { total: job.total, unanswered: job.failed };
    }
    const sum = (some: typeof outcomes): number => some.reduce((total, [, count]) => total + count, 0);
    const bad = outcomes.filter(([outcome]) => outcome !== "ok" && outcome !== "truncated");
    return { total: sum(outcomes), unanswered: sum(bad) };
  }

  /** Whether jobs of earlier windows had not ended. */
  get remembered(): string[] {
    return this.memory.get<string[]>(UNFINISHED, []);
  }

  /** Ask for all jobs anew. A failure is kept, not raised: the view tells it. */
  async refresh(): Promise<void> {
    this.wanted = true;
    try {
      const lists = await Promise.all(
        roots().map((root) => this.server.run<JobList>("list", { limit: LIMIT, ...root })),
      );
      this.warning = lists.map(({ warning }) => warning).find(Boolean) ?? "";
      this.failure = "";
      // A job that was seen to end while the answer was under way has ended.
      const ended = new Map(this.list.filter(({ done }) => done).map((job) => [jobKey(job), job]));
      this.list = merged(lists.flatMap(({ jobs }) => jobs)).map((job) => (!job.done && ended.get(jobKey(job))) || job);
    } catch (error) {
      const { code, message } = failureOf(error);
      this.log.warn(`jobs cannot be listed: ${message}`);
      this.failure = code || "unknown";
      this.list = [];
      this.warning = "";
      this.changedEvent.fire();
      return;
    }
    await this.changed();
    await this.lookInto(this.list.filter((job) => job.done && job.id && !this.outcomes.has(jobKey(job))));
  }

  /** Take in what the server has just told of a job. */
  async put(told: Job & Partial<JobStatus>): Promise<void> {
    if (told.outcomes) {
      this.outcomes.set(jobKey(told), told.outcomes);
    }
    const at = this.list.findIndex((job) => jobKey(job) === jobKey(told));
    if (at < 0) {
      this.list.unshift(told);
    } else {
      this.list[at] = told;
    }
    await this.changed();
  }

  dispose(): void {
    this.changedEvent.dispose();
    this.endedEvent.dispose();
  }

  private apply(look: JobProgress): void {
    const job = this.list.find((known) => known.job === look.job);
    if (!job) {
      void this.hear(look.job);
      return;
    }
    if (job.done) {
      return;
    }
    const { state, total, succeeded, failed, pending, eta } = look;
    if (
      eta === (this.etas.get(job.job) ?? null) &&
      job.state === state &&
      job.total === total &&
      job.pending === pending
    ) {
      // Nothing to draw anew, and so to move under somebody's mouse.
      return;
    }
    Object.assign(job, { state, total, succeeded, failed, pending });
    if (eta === null) {
      this.etas.delete(job.job);
    } else {
      this.etas.set(job.job, eta);
    }
    this.changedEvent.fire();
  }

  /** A job that an assistant, a script or another window has sent. */
  private async hear(name: string): Promise<void> {
    if (!this.heard.has(name)) {
      this.heard.add(name);
      await this.refresh();
    }
  }

  /** Learn what became of the prompts of jobs: a job may be called a success although some have no answer. */
  private async lookInto(jobs: Job[]): Promise<void> {
    for (const job of jobs.slice(0, LOOKED_INTO)) {
      await this.learnOutcomes(job);
    }
    if (jobs.length) {
      this.changedEvent.fire();
    }
  }

  /** Tell the change, and of jobs that were not done before and are now, that they have ended. */
  private async changed(): Promise<void> {
    const known = new Map(this.list.map((job) => [jobKey(job), job]));
    const ended = this.remembered.map((name) => known.get(name)).filter((job) => job?.done) as Job[];
    const unlisted = this.remembered.filter((name) => !known.has(name));
    await this.memory.update(UNFINISHED, [...this.unfinished.map(jobKey), ...unlisted]);
    this.changedEvent.fire();
    await Promise.all(ended.map((job) => this.tellEnded(job)));
    await Promise.all(unlisted.map((name) => this.lookUp(name)));
  }

  /** Tell the end of a job. It may have retried others: what is known of those that lacked answers is asked anew. */
  private async tellEnded(job: Job): Promise<void> {
    const lacking = this.list.filter((other) => this.outcomes.has(jobKey(other)) && this.tally(other).unanswered);
    await Promise.all([job, ...lacking].map((other) => this.learnOutcomes(other)));
    this.changedEvent.fire();
    this.endedEvent.fire(job);
  }

  private async learnOutcomes(job: Job): Promise<void> {
    try {
      const { outcomes } = await this.server.run<JobStatus>("status", { job: jobName(job) });
      this.outcomes.set(jobKey(job), outcomes);
    } catch (error) {
      this.log.warn(`outcomes of ${jobKey(job)} are not known: ${failureOf(error).message}`);
    }
  }

  /** Look at a job of an earlier window that is not among the newest any more. */
  private async lookUp(name: string): Promise<void> {
    try {
      this.list.push(await this.server.run<JobStatus>("status", { job: name }));
      await this.changed();
    } catch (error) {
      this.log.warn(`a job of an earlier window is not known any more: ${failureOf(error).message}`);
      await this.memory.update(
        UNFINISHED,
        this.remembered.filter((other) => other !== name),
      );
    }
  }
}

/** Each folder of a workspace has its own jobs. */
function roots(): { root?: string }[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.length > 1 ? folders.map(({ uri }) => ({ root: uri.toString() })) : [{}];
}

/** The jobs of all folders: one that two of them tell is told by the one which sent it. */
function merged(jobs: Job[]): Job[] {
  const byName = new Map<string, Job>();
  for (const job of jobs) {
    if (job.id || !byName.has(jobKey(job))) {
      byName.set(jobKey(job), job);
    }
  }
  return [...byName.values()].sort((a, b) => b.created.localeCompare(a.created));
}
