/** Above the table: the job, its outcomes as a bar and as filters, the search, and what can be done. */

import type { JobStatus } from "../operations";
import { button, count, element } from "./element";
import { OUTCOMES, SYMBOLS } from "./outcomes";
import type { Table } from "./table";

export interface ToolbarEvents {
  searched(text: string): void;
  filtered(outcome: string): void;
  exportWanted(): void;
  retryWanted(): void;
  reloadWanted(): void;
}

export class Toolbar {
  readonly root = element("header", { class: "toolbar" });
  private readonly title = element("h1");
  private readonly facts = element("p", { class: "facts" });
  private readonly bar = element("div", { class: "bar", "aria-hidden": "true" });
  private readonly chips = element("div", { class: "chips", role: "group", "aria-label": "Filter by state" });
  private readonly search = element("input", { type: "search", "aria-label": "Search keys and answers" });
  private readonly summary = element("p", { class: "summary", role: "status" });
  private readonly note = element("p", { class: "note", hidden: true });
  /** The filters by outcome. They are kept, so that the one that has the focus keeps it when it is pressed. */
  private readonly filters = new Map<string, HTMLElement>();
  private readonly retry: HTMLButtonElement;
  private readonly export: HTMLButtonElement;

  constructor(private readonly events: ToolbarEvents) {
    this.search.addEventListener("input", () => events.searched(this.search.value));
    this.retry = button("Retry failed", events.retryWanted, { class: "primary", hidden: true });
    this.export = button("Export…", events.exportWanted);
    const actions = element(
      "div",
      { class: "actions" },
      this.retry,
      this.export,
      button("Reload", events.reloadWanted),
    );
    this.root.append(
      element("div", { class: "line" }, element("div", { class: "heading" }, this.title, this.facts), actions),
      this.bar,
      element("div", { class: "line" }, this.search, this.chips, this.summary),
      this.note,
    );
  }

  focusSearch(): void {
    this.search.focus();
    this.search.select();
  }

  /** Show the job. */
  job(job: JobStatus): void {
    this.title.textContent = job.name || job.job;
    const facts = [job.state.toLowerCase(), job.model, job.file, job.ended && new Date(job.ended).toLocaleString()];
    this.facts.textContent = facts.filter(Boolean).join(" · ");
    this.search.placeholder = "Search keys and answers";
    const done = `${count(job.succeeded + job.failed)} of ${count(job.total)} done`;
    this.tell(job.done ? job.error : `${done}. The answers come when the job has ended.`);
  }

  /** Some answers are longer than what is at hand for the search. */
  searches(characters: number, cut: boolean): void {
    if (cut) {
      this.search.placeholder = `Search keys and the first ${count(characters)} characters`;
    }
  }

  /** A sentence that the reader must not miss; an empty one takes it away. */
  tell(text: string): void {
    this.note.textContent = text;
    this.note.hidden = !text;
  }

  setSearch(text: string): void {
    this.search.value = text;
  }

  /** Show counts of the table as it is now, of which ``total`` rows are to come. */
  update(table: Table, total: number): void {
    const counts = table.counts();
    const present = OUTCOMES.filter((outcome) => counts.get(outcome));
    this.bar.replaceChildren(...present.map((outcome) => segment(outcome, counts.get(outcome) ?? 0)));
    for (const outcome of OUTCOMES) {
      this.updateFilter(outcome, counts.get(outcome) ?? 0, table.outcomes.has(outcome));
    }
    const bad = present.filter((outcome) => outcome !== "ok" && outcome !== "truncated");
    this.retry.hidden = !bad.length;
    this.export.textContent = table.filtered ? `Export ${count(table.shown.length)} shown…` : "Export…";
    this.export.disabled = !table.shown.length;
    const { input, output } = table.tokens();
    const loading = table.rows.length < total ? `${count(table.rows.length)} of ${count(total)} read · ` : "";
    const shown = table.filtered
      ? `${count(table.shown.length)} of ${count(table.rows.length)}`
      : count(table.rows.length);
    const noun = table.rows.length === 1 ? "prompt" : "prompts";
    this.summary.textContent = `${loading}${shown} ${noun} · ${count(input)} tokens in · ${count(output)} out`;
  }

  private updateFilter(outcome: string, number: number, pressed: boolean): void {
    const filter = this.filters.get(outcome) ?? this.makeFilter(outcome);
    filter.lastChild?.replaceWith(` ${outcome} ${count(number)}`);
    filter.setAttribute("aria-pressed", String(pressed));
    // One that is pressed stays, or nobody could see why nothing is shown.
    filter.hidden = !number && !pressed;
  }

  private makeFilter(outcome: string): HTMLElement {
    const symbol = element("span", { "aria-hidden": "true", class: "symbol" }, SYMBOLS[outcome] ?? "");
    const filter = button("", () => this.events.filtered(outcome), { class: `chip ${outcome}` });
    filter.append(symbol, "");
    this.filters.set(outcome, filter);
    this.chips.append(filter);
    return filter;
  }
}

function segment(outcome: string, number: number): HTMLElement {
  const made = element("span", { class: outcome });
  made.style.flexGrow = String(number);
  return made;
}
