import * as assert from "node:assert/strict";
import { misfit } from "../src/fit";
import { OPERATIONS, serverCommand } from "../src/operations";
import type { Tests } from "./support";

const ALL = OPERATIONS.map(({ name }) => serverCommand(name));

export const tests: Tests = {
  "the same series fits": () => {
    assert.equal(misfit("0.1.0", "0.1.7", ALL), "");
    assert.equal(misfit("1.2.0", "1.9.0", ALL), "");
  },
  "another series may not fit": () => {
    assert.match(misfit("0.1.0", "0.2.0", ALL), /may not fit/);
    assert.match(misfit("1.0.0", "2.0.0", ALL), /may not fit/);
  },
  "a server without an operation of the palette is told with what it lacks": () => {
    assert.match(misfit("0.1.0", "0.1.0", ALL.slice(1)), new RegExp(OPERATIONS[0]?.title ?? ""));
  },
};
