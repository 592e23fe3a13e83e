/** The rows of a job and which of them are shown, in which order. Knows nothing of the page. */

import type { Row } from "../results/messages";

export type Column = "order" | "key" | "outcome" | "input" | "output" | "total";

export interface Sorting {
  column: Column;
  descending: boolean;
}

export class Table {
  readonly rows: Row[] = [];
  /** Positions of the rows that are shown, in their order. */
  shown: number[] = [];
  search = "";
  /** Outcomes that are shown; none chosen means all. */
  readonly outcomes = new Set<string>();
  sorting: Sorting = { column: "order", descending: false };

  /** Take in a page of rows, from ``offset`` on. */
  add(offset: number, rows: Row[]): void {
    for (const [index, row] of rows.entries()) {
      this.rows[offset + index] = row;
    }
    if (this.sorting.column === "order" && !this.sorting.descending) {
      const fresh = rows.map((_, index) => offset + index).filter((position) => this.fits(position));
      this.shown.push(...fresh);
    } else {
      this.update();
    }
  }

  clear(): void {
    this.rows.length = 0;
    this.shown = [];
  }

  /** Find anew what is shown, after search, outcomes or sorting have changed. */
  update(): void {
    this.shown = [...this.rows.keys()].filter((position) => this.fits(position));
    const { column, descending } = this.sorting;
    if (column !== "order") {
      this.shown.sort(this.comparison(column));
    }
    if (descending) {
      this.shown.reverse();
    }
  }

  row(index: number): Row | undefined {
    const position = this.shown[index];
    return position === undefined ? undefined : this.rows[position];
  }

  /** The place of a row that has this key, among those shown; -1 if it is not. */
  indexOf(key: string): number {
    return this.shown.findIndex((position) => this.rows[position]?.key === key);
  }

  /** How many rows have each outcome. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { outcome } of this.rows) {
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    return counts;
  }

  /** Tokens of the rows that are shown. */
  tokens(): { input: number; output: number } {
    const sum = { input: 0, output: 0 };
    for (const position of this.shown) {
      sum.input += this.rows[position]?.input ?? 0;
      sum.output += this.rows[position]?.output ?? 0;
    }
    return sum;
  }

  get filtered(): boolean {
    return this.search !== "" || this.outcomes.size > 0;
  }

  private fits(position: number): boolean {
    const row = this.rows[position];
    if (!row || (this.outcomes.size && !this.outcomes.has(row.outcome))) {
      return false;
    }
    const wanted = this.search.toLowerCase();
    return !wanted || [row.key, row.content, row.error].some((text) => text.toLowerCase().includes(wanted));
  }

  private comparison(column: Exclude<Column, "order">): (a: number, b: number) => number {
    return (a, b) => compare(this.rows[a]?.[column] ?? -1, this.rows[b]?.[column] ?? -1) || a - b;
  }
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") {
    return a - b;
  }
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}
