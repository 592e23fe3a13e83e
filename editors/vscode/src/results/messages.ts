/** What the results table and the extension say to each other. Both sides import this. */

import type { JobStatus, Result } from "../operations";

/** A result as the table keeps it: the content may be cut. */
export type Row = Pick<Result, "key" | "outcome" | "content" | "error" | "finish_reason"> & {
  input: number | null;
  output: number | null;
  total: number | null;
};

/** To the table. */
export type ToTable =
  | { type: "job"; job: JobStatus; characters: number }
  | { type: "rows"; offset: number; total: number; rows: Row[] }
  | { type: "complete"; warning: string }
  | { type: "answer"; key: string; content: string; error: string }
  | { type: "failure"; message: string };

/** From the table. */
export type FromTable =
  | { type: "ready" }
  | { type: "answer"; key: string }
  | { type: "copy"; text: string }
  | { type: "export"; keys: string[]; all: boolean }
  | { type: "prompt"; key: string }
  | { type: "retry" }
  | { type: "reload" };
