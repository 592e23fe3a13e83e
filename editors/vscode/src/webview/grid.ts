/** The table on the page: only the rows in sight are elements, so that 100,000 scroll like a hundred. */

import { button, count, element } from "./element";
import { SYMBOLS } from "./outcomes";
import type { Column, Table } from "./table";

const ROW_HEIGHT = 28;
/** Rows beyond each edge that are made too, so that none is missing while scrolling. */
const MARGIN = 12;
/** Characters of an answer that a row can show at most. */
const PREVIEW = 300;

const COLUMNS: { column: Column; title: string; numeric: boolean }[] = [
  { column: "outcome", title: "State", numeric: false },
  { column: "key", title: "Key", numeric: false },
  { column: "order", title: "Answer", numeric: false },
  { column: "input", title: "In", numeric: true },
  { column: "output", title: "Out", numeric: true },
  { column: "total", title: "Tokens", numeric: true },
];

const ARROWS = { ascending: " ▲", descending: " ▼" };

export interface GridEvents {
  /** A row was chosen: moved to, or opened with Enter or a click. */
  selected(index: number, opened: boolean): void;
  sorted(column: Column): void;
  copied(index: number): void;
}

export class Grid {
  readonly root = element("div", {
    role: "grid",
    class: "grid",
    tabindex: 0,
    "aria-label": "Results",
    "aria-colcount": COLUMNS.length,
  });
  private readonly header = element("div", { role: "row", class: "row header", "aria-rowindex": 1 });
  private readonly scroller = element("div", { class: "scroller", role: "presentation" });
  private readonly canvas = element("div", { class: "canvas", role: "rowgroup" });
  private readonly made = new Map<number, HTMLElement>();
  private selection = -1;

  constructor(
    private readonly table: Table,
    private readonly events: GridEvents,
  ) {
    // The header is in what scrolls, and sticks: so its columns are as wide as those below, scroll bar or not.
    this.scroller.append(this.header, this.canvas);
    this.root.append(this.scroller);
    this.scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("click", (event) => this.clicked(event));
    new ResizeObserver(() => this.draw()).observe(this.scroller);
    this.makeHeader();
    this.drawHeader();
  }

  get selected(): number {
    return this.selection;
  }

  /** Show the table as it is now. */
  update(): void {
    this.root.setAttribute("aria-rowcount", String(this.table.shown.length + 1));
    this.canvas.style.height = `${this.table.shown.length * ROW_HEIGHT}px`;
    for (const row of this.made.values()) {
      row.remove();
    }
    this.made.clear();
    this.drawHeader();
    this.draw();
  }

  /** Choose a row and bring it into sight. */
  select(index: number, opened = false): void {
    const last = this.table.shown.length - 1;
    this.selection = last < 0 ? -1 : Math.min(Math.max(index, 0), last);
    this.reveal();
    this.draw();
    for (const [at, row] of this.made) {
      this.mark(row, at);
    }
    if (this.selection >= 0) {
      this.root.setAttribute("aria-activedescendant", `row-${this.selection}`);
      this.events.selected(this.selection, opened);
    } else {
      this.root.removeAttribute("aria-activedescendant");
    }
  }

  /** No row is chosen any more. */
  unselect(): void {
    this.selection = -1;
    this.root.removeAttribute("aria-activedescendant");
  }

  /** Pixels that rows are seen in, below the header. */
  private get height(): number {
    return this.scroller.clientHeight - ROW_HEIGHT;
  }

  private reveal(): void {
    const top = this.selection * ROW_HEIGHT;
    const { scrollTop } = this.scroller;
    if (top < scrollTop) {
      this.scroller.scrollTop = top;
    } else if (top + ROW_HEIGHT > scrollTop + this.height) {
      this.scroller.scrollTop = top + ROW_HEIGHT - this.height;
    }
  }

  private draw(): void {
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / ROW_HEIGHT) - MARGIN);
    const last = Math.min(
      this.table.shown.length,
      Math.ceil((this.scroller.scrollTop + this.height) / ROW_HEIGHT) + MARGIN,
    );
    for (const [index, row] of this.made) {
      if (index < first || index >= last) {
        row.remove();
        this.made.delete(index);
      }
    }
    for (let index = first; index < last; index++) {
      if (!this.made.has(index)) {
        this.make(index);
      }
    }
  }

  private make(index: number): void {
    const row = this.table.row(index);
    if (!row) {
      return;
    }
    const state = element("span", { role: "gridcell", class: `state ${row.outcome}` });
    state.append(element("span", { "aria-hidden": "true", class: "symbol" }, SYMBOLS[row.outcome] ?? "?"), row.outcome);
    const answer = (row.content || row.error || row.finish_reason).slice(0, PREVIEW).replaceAll(/\s+/g, " ");
    const made = element(
      "div",
      { role: "row", class: "row", id: `row-${index}`, "aria-rowindex": index + 2, "data-index": index },
      state,
      element("span", { role: "gridcell", class: "key", title: row.key }, row.key),
      element("span", { role: "gridcell", class: row.content ? "answer" : "answer error", dir: "auto" }, answer),
      ...[row.input, row.output, row.total].map((tokens) =>
        element("span", { role: "gridcell", class: "number" }, count(tokens)),
      ),
    );
    made.style.transform = `translateY(${index * ROW_HEIGHT}px)`;
    this.mark(made, index);
    this.made.set(index, made);
    this.canvas.append(made);
  }

  private mark(row: HTMLElement, index: number): void {
    row.classList.toggle("selected", index === this.selection);
    row.setAttribute("aria-selected", String(index === this.selection));
  }

  private makeHeader(): void {
    for (const { column, title, numeric } of COLUMNS) {
      const hint = column === "order" ? "In the order of the prompts" : `Sort by ${title.toLowerCase()}`;
      const label = button(title, () => this.events.sorted(column), { title: hint, "aria-label": `${title}: ${hint}` });
      this.header.append(element("span", { role: "columnheader", class: numeric ? "number" : "" }, label));
    }
  }

  /** Mark the column that is sorted by. The buttons stay, so that the one that has the focus keeps it. */
  private drawHeader(): void {
    const { column: sorted, descending } = this.table.sorting;
    const direction = descending ? "descending" : "ascending";
    for (const [index, { column, title }] of COLUMNS.entries()) {
      const cell = this.header.children[index];
      cell?.setAttribute("aria-sort", column === sorted ? direction : "none");
      if (cell?.firstElementChild) {
        cell.firstElementChild.textContent = title + (column === sorted && column !== "order" ? ARROWS[direction] : "");
      }
    }
  }

  private clicked(event: MouseEvent): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    if (row) {
      this.select(Number(row.dataset.index), true);
    }
  }

  private key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.height / ROW_HEIGHT) - 1);
    const moves: Record<string, number> = {
      ArrowDown: this.selection + 1,
      ArrowUp: this.selection - 1,
      PageDown: this.selection + page,
      PageUp: this.selection - page,
      Home: 0,
      End: this.table.shown.length - 1,
    };
    const target = moves[event.key];
    if (event.target !== this.root) {
      return;
    }
    if (target !== undefined) {
      this.select(target);
    } else if (event.key === "Enter" || event.key === " ") {
      this.select(this.selection, true);
    } else if (event.key === "c" && (event.ctrlKey || event.metaKey)) {
      this.events.copied(this.selection);
    } else {
      return;
    }
    event.preventDefault();
  }
}
