import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import type { Job, JobList } from "../src/operations";
import { type Tests, until } from "./support";

/** Call a tool as an assistant does. */
async function call<T>(name: string, input: object): Promise<T> {
  const tool = await until(() => vscode.lm.tools.find((known) => known.name.endsWith(name)));
  const called = await vscode.lm.invokeTool(tool.name, { input, toolInvocationToken: undefined });
  const texts = called.content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : ""));
  return JSON.parse(texts.join("")) as T;
}

export const tests: Tests = {
  "VS Code's own client lists and calls the tools, which have the settings of the window": async () => {
    const settings = vscode.workspace.getConfiguration("padwan");
    await settings.update("confirm", "never", vscode.ConfigurationTarget.Workspace);
    await settings.update("model", "gemini-3.5-flash-lite", vscode.ConfigurationTarget.Workspace);
    await vscode.commands.executeCommand("workbench.mcp.startServer", "*", { waitForLiveTools: true });
    const { jobs } = await call<JobList>("batch_list", { limit: 5 });
    // Between the marks of what somebody else wrote.
    assert.ok(jobs.some(({ name }) => name.includes(">host<")));
    const job = await call<Job>("batch_create", { prompts: ["one"], name: "assistant" });
    assert.equal(job.model, "gemini-3.5-flash-lite");
  },
};
