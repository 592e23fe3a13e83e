/** The server's operations as its table has them: derived/operations.json is written by docs/derive.py. */

import derived from "./derived/operations.json";

/** A JSON Schema of one parameter, as far as a form needs it. */
export interface Parameter {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: string[];
  items?: Parameter;
  title?: string;
  minimum?: number;
  maximum?: number;
}

export interface Operation {
  name: string;
  title: string;
  description: string;
  effect: "reads" | "changes" | "spends" | "writes files";
  parameters: Record<string, Parameter>;
  required: string[];
}

export const OPERATIONS = derived.operations as Operation[];
export const MODELS: string[] = derived.models;

/** What a command of the language server is called. */
export function serverCommand(name: string): string {
  return `padwan.batch.${name}`;
}

/** What the same is called in the palette: the language client registers the server's own names. */
export function paletteCommand(name: string): string {
  return `padwan.run.${name}`;
}

/** State of a submission that got no answer: somebody has to decide what becomes of it. */
export const UNCERTAIN = "SUBMIT_UNCERTAIN";

/** Whether a job is one that a person has to decide on: nobody knows of it, or it has never left. */
export function isUnsettled(job: Job): boolean {
  return job.state === UNCERTAIN || (job.state === "WAITING" && !job.job);
}

export type Arguments = Record<string, unknown>;

/** A batch job as the server tells it: docs/reference/operations.md, JobView. */
export interface Job {
  job: string;
  id: string;
  state: string;
  done: boolean;
  name: string;
  model: string;
  total: number;
  succeeded: number;
  failed: number;
  pending: number;
  created: string;
  ended: string;
  file: string;
  /** The id of the job whose failed prompts it sent again; empty if it is no retry. */
  retry_of: string;
  error: string;
  warning: string;
}

export interface JobStatus extends Job {
  outcomes: Record<string, number>;
  retries: string[];
  /** Why the job is not done, or not well, in sentences. */
  diagnosis: string[];
}

export interface JobList {
  jobs: Job[];
  warning: string;
}

/** One look at a job: the notification padwan/jobProgress. */
export interface JobProgress {
  job: string;
  state: string;
  total: number;
  succeeded: number;
  failed: number;
  pending: number;
  eta: number | null;
}

export interface Result {
  key: string;
  outcome: string;
  content: string;
  input_tokens: number | null;
  output_tokens: number | null;
  total_tokens: number | null;
  error: string;
  finish_reason: string;
}

export interface ResultsPage {
  total: number;
  results: Result[];
  next_offset: number | null;
  warning: string;
}

/** What a job is asked for by: a submission that got no answer has only the workspace's own name. */
export function jobName(job: Job): string {
  return job.job || job.id;
}

/** What a job is known by for as long as it lives: its name comes only with the service's answer. */
export function jobKey(job: Job): string {
  return job.id || job.job;
}

/** What people call a job. */
export function jobTitle(job: Job): string {
  return job.name || jobName(job);
}
