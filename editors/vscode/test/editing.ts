import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { open, type Tests, until } from "./support";

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

  "snippets are offered": async () => {
    const document = await open("snippet.prompts.json", "[]");
    const list = await vscode.commands.executeCommand<vscode.CompletionList>(
      "vscode.executeCompletionItemProvider",
      document.uri,
      new vscode.Position(0, 1),
    );
    assert.ok(list);
  },
};
