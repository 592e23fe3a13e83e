import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { type Job, OPERATIONS, serverCommand } from "../src/operations";
import { selectedPrompts } from "../src/promptFiles";
import { at, open, run, type Tests, until } from "./support";

export const tests: Tests = {
  "every operation is in the palette, and in the manifest with its category": async () => {
    const known = new Set(await vscode.commands.getCommands(true));
    const { contributes } = vscode.extensions.getExtension("padwan.padwan")?.packageJSON ?? {};
    for (const { name, title } of OPERATIONS) {
      assert.ok(known.has(`padwan.run.${name}`), name);
      assert.ok(known.has(serverCommand(name)), name);
      const entry = contributes.commands.find(({ command }: { command: string }) => command === `padwan.run.${name}`);
      assert.deepEqual([entry?.title, entry?.category], [title, "Padwan"]);
    }
  },

  "every command of the manifest exists": async () => {
    const known = new Set(await vscode.commands.getCommands(true));
    const { contributes } = vscode.extensions.getExtension("padwan.padwan")?.packageJSON ?? {};
    for (const { command } of contributes.commands) {
      assert.ok(known.has(command), command);
    }
  },

  "a job is created, and watched to its end": async () => {
    await open("host.prompts.json", '["one", "two", "three"]');
    const job = await run<Job>("create", {
      file: at("host.prompts.json").toString(),
      model: "gemini-3.8-flash",
      name: "host",
    });
    assert.equal(job.total, 3);
    const ended = await run<Job>("poll", { job: job.job, interval: 1 });
    assert.equal(ended.state, "SUCCEEDED");
  },

  "what is selected in a prompt file is named by its keys, anywhere else a line is a prompt": async () => {
    const document = await open("select.prompts.json", '[\n  "first",\n  {"key": "k", "prompt": "second"}\n]\n');
    const editor = await vscode.window.showTextDocument(document);
    const server = { keysIn: async () => ["k"] };
    assert.equal(await selectedPrompts(editor, server), undefined);
    editor.selection = new vscode.Selection(2, 5, 2, 9);
    assert.deepEqual(await selectedPrompts(editor, server), { file: document.uri.toString(), keys: ["k"] });
    const notes = await vscode.window.showTextDocument(await open("notes.md", "one\n\ntwo\n"));
    notes.selection = new vscode.Selection(0, 0, 3, 0);
    const selected = await selectedPrompts(notes, server);
    assert.deepEqual(selected && "prompts" in selected && selected.prompts, ["one", "two"]);
  },

  "the lens of a file names the server's own commands": async () => {
    const document = await open("lens.prompts.json", '["one"]');
    const lenses = await until(async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
        "vscode.executeCodeLensProvider",
        document.uri,
      );
      return found.length > 0 && found;
    });
    assert.equal(lenses[0]?.command?.title, "Run 1 prompt");
  },
};
