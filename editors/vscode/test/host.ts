/** Tests inside the extension host: what the extension does there, asked for as another extension would. */

import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { tests as commands } from "./commands";
import { tests as editing } from "./editing";
import { tests as fit } from "./fit";
import { tests as mcp } from "./mcp";
import { tests as program } from "./program";
import { tests as table } from "./table";

const SUITES = { commands, editing, fit, mcp, program, table };

/** Run every test, tell each, and fail if one has failed. */
export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension("padwan.padwan");
  assert.ok(extension);
  await extension.activate();
  let failed = 0;
  for (const [suite, tests] of Object.entries(SUITES)) {
    for (const [name, test] of Object.entries(tests)) {
      try {
        await test();
        console.log(`TEST ok ${suite}: ${name}`);
      } catch (error) {
        failed++;
        console.log(`TEST failed ${suite}: ${name}: ${error instanceof Error ? error.stack : error}`);
      }
    }
  }
  assert.equal(failed, 0);
}
