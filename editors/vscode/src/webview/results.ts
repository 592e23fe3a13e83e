/** The results table put together: messages in, what the user does out. */

import type { FromTable, ToTable } from "../results/messages";
import { Details } from "./details";
import { element } from "./element";
import { Grid } from "./grid";
import { type Column, type Sorting, Table } from "./table";
import { Toolbar } from "./toolbar";

interface Saved {
  job: string;
  search: string;
  outcomes: string[];
  sorting: Sorting;
}

const code = acquireVsCodeApi<Saved>();
const table = new Table();
let total = 0;
let cutAt = 0;

const send = (message: FromTable): void => code.postMessage(message);

const details = new Details({
  copied: (text) => send({ type: "copy", text }),
  promptWanted: (key) => send({ type: "prompt", key }),
  closed: () => grid.root.focus(),
});

const grid = new Grid(table, {
  selected(index, opened) {
    const row = table.row(index);
    if (row && (opened || details.open)) {
      details.show(row);
      if (row.content.length >= cutAt) {
        send({ type: "answer", key: row.key });
      }
    }
  },
  sorted: (column) => changed(() => sortBy(column)),
  copied: (index) => send({ type: "copy", text: table.row(index)?.content ?? "" }),
});

const toolbar = new Toolbar({
  searched: (text) => changed(() => (table.search = text)),
  filtered: (outcome) => changed(() => table.outcomes.delete(outcome) || table.outcomes.add(outcome)),
  exportWanted: () => send({ type: "export", keys: shownKeys(), all: !table.filtered }),
  retryWanted: () => send({ type: "retry" }),
  reloadWanted: () => send({ type: "reload" }),
});

/** A second choice of the same column turns it round; numbers begin with the largest. */
function sortBy(column: Column): void {
  const { column: before, descending } = table.sorting;
  const first = column !== "order" && column !== "key" && column !== "outcome";
  table.sorting = column === before ? { column, descending: !descending } : { column, descending: first };
}

function shownKeys(): string[] {
  return table.filtered ? table.shown.map((position) => table.rows[position]?.key ?? "") : [];
}

/** Change what is shown, keep the chosen row chosen, and remember it for the next time. */
function changed(change: () => unknown): void {
  const chosen = table.row(grid.selected)?.key;
  change();
  table.update();
  const index = chosen === undefined ? -1 : table.indexOf(chosen);
  grid.update();
  if (index >= 0) {
    grid.select(index);
  } else {
    grid.unselect();
  }
  toolbar.update(table, total);
  save();
}

function save(): void {
  const job = decodeURIComponent(document.body.dataset.job ?? "");
  code.setState({ job, search: table.search, outcomes: [...table.outcomes], sorting: table.sorting });
}

function received(message: ToTable): void {
  switch (message.type) {
    case "job":
      cutAt = message.characters;
      table.clear();
      total = 0;
      toolbar.job(message.job);
      show();
      break;
    case "rows":
      total = message.total;
      table.add(message.offset, message.rows);
      toolbar.searches(
        cutAt,
        message.rows.some(({ content }) => content.length >= cutAt),
      );
      show();
      break;
    case "complete":
      if (message.warning) {
        toolbar.tell(message.warning);
      }
      break;
    case "answer":
      details.answer(message.key, message.content, message.error);
      break;
    case "failure":
      toolbar.tell(message.message);
      break;
  }
}

function show(): void {
  grid.update();
  toolbar.update(table, total);
}

window.addEventListener("message", ({ data }: MessageEvent<ToTable>) => received(data));
document.addEventListener("keydown", (event) => {
  const searches = event.key === "f" && (event.ctrlKey || event.metaKey);
  if (searches || (event.key === "/" && event.target === grid.root)) {
    toolbar.focusSearch();
    event.preventDefault();
  }
});

const saved = code.getState();
if (saved) {
  table.search = saved.search;
  table.sorting = saved.sorting;
  for (const outcome of saved.outcomes) {
    table.outcomes.add(outcome);
  }
  toolbar.setSearch(saved.search);
}
document.body.append(toolbar.root, element("main", {}, grid.root, details.root));
save();
grid.root.focus();
send({ type: "ready" });
