import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import snippets from "../snippets/prompts.json";
import type { Job } from "../src/operations";
import { open, run, type Tests, until } from "./support";

function problems(uri: vscode.Uri, source: string): Promise<vscode.Diagnostic[]> {
  return until(() => {
    const found = vscode.languages.getDiagnostics(uri).filter((problem) => problem.source === source);
    return found.length > 0 && found;
  });
}

export const tests: Tests = {
  "prompt files have a language of their own, which VS Code's JSON server leaves alone": async () => {
    const document = await open("own.prompts.json", '["", 1]');
    assert.equal(document.languageId, "padwan-prompts");
    assert.ok((await problems(document.uri, "padwan")).length);
    assert.deepEqual(
      vscode.languages.getDiagnostics(document.uri).filter(({ source }) => source !== "padwan"),
      [],
    );
    assert.equal((await open("own.prompts.jsonl", '"x"\n')).languageId, "padwan-prompts");
    assert.equal((await open("own.prompts.txt", "x\n")).languageId, "padwan-prompts-text");
  },

  "a plain prompts.json stays JSON, with our schema beside our problems": async () => {
    const document = await open("prompts.json", '[{"prompt": 7}, ""]');
    assert.equal(document.languageId, "json");
    assert.ok((await problems(document.uri, "padwan")).length);
    // Those of a schema name no source.
    await until(() => vscode.languages.getDiagnostics(document.uri).some(({ source }) => source === undefined));
  },

  "a problem that can be mended has a fix that mends it": async () => {
    const document = await open("mend.prompts.json", '["one",]');
    const [problem] = await problems(document.uri, "padwan");
    assert.ok(problem);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      document.uri,
      problem.range,
      vscode.CodeActionKind.QuickFix.value,
    );
    const fix = actions.find(({ edit }) => edit);
    assert.ok(fix?.edit);
    await vscode.workspace.applyEdit(fix.edit);
    assert.deepEqual(JSON.parse(document.getText()), ["one"]);
  },

  "a hover shows the prompt as it is sent": async () => {
    const document = await open("hover.prompts.json", '[{"key": "k", "prompt": "What is it?"}]');
    const hovers = await until(async () => {
      const position = new vscode.Position(0, 27);
      const found = await vscode.commands.executeCommand<vscode.Hover[]>(
        "vscode.executeHoverProvider",
        document.uri,
        position,
      );
      return found.length > 0 && found;
    });
    const text = hovers
      .flatMap(({ contents }) => contents)
      .map((content) => (typeof content === "string" ? content : content.value));
    assert.match(text.join("\n"), /What is it\?/);
  },

  "each snippet is offered, and is a prompt without a problem once it is inserted": async () => {
    for (const { prefix, name } of SNIPPETS) {
      const document = await open(`${prefix}.prompts.json`, "[\n  \n]");
      await until(async () => (await offered(document)).includes(name));
      const editor = await vscode.window.showTextDocument(document);
      editor.selection = new vscode.Selection(INSIDE, INSIDE);
      await vscode.commands.executeCommand("editor.action.insertSnippet", { langId: "padwan-prompts", name });
      const [record] = JSON.parse(document.getText());
      assert.equal(record.key, "key");
      const checked = await run<{ prompts: number; problems: unknown[] }>("validate", {
        file: document.uri.toString(),
      });
      assert.deepEqual([checked.prompts, checked.problems], [1, []]);
    }
  },

  "inlay hints tell the state and the tokens of the last answer, if they are wanted": async () => {
    const document = await open("inlay.prompts.json", '["What is it?"]');
    const job = await run<Job>("create", { file: document.uri.toString(), model: "gemini-3.8-flash", name: "inlay" });
    await run("poll", { job: job.job, interval: 1 });
    assert.deepEqual(await hints(document), []);
    const settings = vscode.workspace.getConfiguration("padwan");
    await settings.update("inlayHints", true, vscode.ConfigurationTarget.Workspace);
    const [hint] = await until(async () => {
      const found = await hints(document);
      return found.length > 0 && found;
    });
    await settings.update("inlayHints", undefined, vscode.ConfigurationTarget.Workspace);
    assert.match(String(hint?.label), /ok.*\d+ tokens/);
  },
};

const SNIPPETS = Object.entries(snippets).map(([name, { prefix }]) => ({ name, prefix }));

const INSIDE = new vscode.Position(1, 2);

/** The names of the snippets that are offered; what the server offers has none. */
async function offered(document: vscode.TextDocument): Promise<string[]> {
  const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
    "vscode.executeCompletionItemProvider",
    document.uri,
    INSIDE,
  );
  return items.map(({ label }) => (typeof label === "string" ? "" : (label.description ?? "")));
}

function hints(document: vscode.TextDocument): Thenable<vscode.InlayHint[]> {
  const all = new vscode.Range(0, 0, document.lineCount, 0);
  return vscode.commands.executeCommand<vscode.InlayHint[]>("vscode.executeInlayHintProvider", document.uri, all);
}
