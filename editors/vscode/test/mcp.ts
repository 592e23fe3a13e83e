import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import type { JobList } from "../src/operations";
import { type Tests, until } from "./support";

export const tests: Tests = {
  "VS Code's own client lists and calls the tools": async () => {
    await vscode.commands.executeCommand("workbench.mcp.startServer", "*", { waitForLiveTools: true });
    const tool = await until(() => vscode.lm.tools.find(({ name }) => name.endsWith("batch_list")));
    assert.ok(vscode.lm.tools.some(({ name }) => name.endsWith("batch_create")));
    const called = await vscode.lm.invokeTool(tool.name, { input: { limit: 5 }, toolInvocationToken: undefined });
    const text = called.content
      .map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : ""))
      .join("");
    const { jobs } = JSON.parse(text) as JobList;
    assert.ok(jobs.some(({ name }) => name === "host"));
  },
};
