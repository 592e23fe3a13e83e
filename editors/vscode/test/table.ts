import * as assert from "node:assert/strict";
import type { Row } from "../src/results/messages";
import { Table } from "../src/webview/table";
import type { Tests } from "./support";

function row(key: string, outcome: string, total: number | null, content = ""): Row {
  return { key, outcome, content, error: "", finish_reason: "", input: total, output: total, total };
}

function keys(table: Table): (string | undefined)[] {
  return table.shown.map((position) => table.rows[position]?.key);
}

function filled(): Table {
  const table = new Table();
  table.add(0, [row("a", "ok", 5, "An Apple"), row("b", "error", null)]);
  table.add(2, [row("c", "ok", 9, "a pear"), row("d", "blocked", 2)]);
  return table;
}

export const tests: Tests = {
  "rows stand in the order of the prompts, however many pages they come in": () => {
    assert.deepEqual(keys(filled()), ["a", "b", "c", "d"]);
  },
  "the search looks at keys and answers, in any case": () => {
    const table = filled();
    table.search = "APPLE";
    table.update();
    assert.deepEqual(keys(table), ["a"]);
    table.search = "d";
    table.update();
    assert.deepEqual(keys(table), ["d"]);
  },
  "several outcomes can be chosen": () => {
    const table = filled();
    table.outcomes.add("error").add("blocked");
    table.update();
    assert.deepEqual(keys(table), ["b", "d"]);
  },
  "unknown tokens are less than none": () => {
    const table = filled();
    table.sorting = { column: "total", descending: false };
    table.update();
    assert.deepEqual(keys(table), ["b", "d", "a", "c"]);
  },
  "rows that come later are sorted in": () => {
    const table = filled();
    table.sorting = { column: "total", descending: true };
    table.update();
    table.add(4, [row("e", "ok", 7)]);
    assert.deepEqual(keys(table), ["c", "e", "a", "d", "b"]);
  },
};
