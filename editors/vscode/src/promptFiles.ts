/** Prompt files and prompts of this workspace. */

import { basename } from "node:path";
import * as vscode from "vscode";
import { plural } from "./words";

const EXAMPLE = `[
  {"key": "sky", "prompt": "Why is the sky blue? One sentence."},
  {"key": "haiku", "prompt": "Write a haiku about waiting."},
  {"key": "batch", "prompt": "What is a batch job good for?"}
]
`;

/** What a job is made from: a file, or prompts without one. */
export type Source = { file: string } | { prompts: string[] };

interface SourceItem extends vscode.QuickPickItem {
  source?: Source;
}

/** Let the user pick the prompts: what is selected, the open file, one of the workspace, or any. */
export async function pickSource(title: string): Promise<Source> {
  const items = await sourceItems();
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: "Prompts to use",
    ignoreFocusOut: true,
  });
  if (!picked) {
    throw new vscode.CancellationError();
  }
  return picked.source ?? { file: await browse(title) };
}

async function sourceItems(): Promise<SourceItem[]> {
  const editor = vscode.window.activeTextEditor;
  const items: SourceItem[] = [];
  const selected = editor ? selectedPrompts(editor) : [];
  if (selected.length) {
    const label = `$(selection) Selection: ${plural(selected.length, "prompt")}`;
    items.push({ label, description: selected[0]?.slice(0, 60) ?? "", source: { prompts: selected } });
  }
  const open = editor?.document.uri.scheme === "file" ? editor.document.uri : undefined;
  const found = (await findPromptFiles()).filter((uri) => uri.toString() !== open?.toString());
  if (open) {
    items.push({ ...fileItem(open), description: "the open file" });
  }
  return [...items, ...found.map(fileItem), { label: "$(folder-opened) Browse…" }];
}

function fileItem(uri: vscode.Uri): SourceItem {
  const path = vscode.workspace.asRelativePath(uri);
  return { label: `$(file) ${basename(path)}`, description: path, source: { file: uri.toString() } };
}

async function findPromptFiles(): Promise<vscode.Uri[]> {
  const globs = vscode.workspace.getConfiguration("padwan").get<string[]>("files", []);
  const found = await vscode.workspace.findFiles(`**/{${globs.join(",")}}`, "**/{node_modules,.git,.padwan}/**", 200);
  return found.sort((a, b) => a.path.localeCompare(b.path));
}

async function browse(title: string): Promise<string> {
  const filters = { "Prompt files": ["json", "jsonl", "txt"], "All files": ["*"] };
  const [picked] = (await vscode.window.showOpenDialog({ title, filters, openLabel: "Use" })) ?? [];
  if (!picked) {
    throw new vscode.CancellationError();
  }
  return picked.toString();
}

/** The prompts in the selection: one for each line of text, and of JSON what each record asks. */
export function selectedPrompts(editor: vscode.TextEditor): string[] {
  const text = editor.document.getText(editor.selection).trim();
  if (!text) {
    return [];
  }
  const json = recordsIn(text.replace(/,$/, ""));
  return json.length ? json : text.split(/\r?\n/).filter((line) => line.trim());
}

function recordsIn(text: string): string[] {
  for (const candidate of [text, `[${text}]`]) {
    try {
      const value: unknown = JSON.parse(candidate);
      const records = Array.isArray(value) ? value : [value];
      const prompts = records.map((record) => (typeof record === "string" ? record : record?.prompt));
      return prompts.every((prompt) => typeof prompt === "string") ? prompts : [];
    } catch {
      // Not JSON as it stands.
    }
  }
  return [];
}

/** Open a new prompt file with three prompts to change. */
export async function newPromptFile(): Promise<void> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (!folder) {
    const document = await vscode.workspace.openTextDocument({ language: "padwan-prompts", content: EXAMPLE });
    await vscode.window.showTextDocument(document);
    return;
  }
  const uri = await freeName(folder.uri);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(EXAMPLE));
  await vscode.window.showTextDocument(uri);
}

async function freeName(folder: vscode.Uri): Promise<vscode.Uri> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? "ask.prompts.json" : `ask-${number}.prompts.json`;
    const uri = vscode.Uri.joinPath(folder, name);
    try {
      await vscode.workspace.fs.stat(uri);
    } catch {
      return uri;
    }
  }
}

/** What a job of these prompts is called unless its user says otherwise. */
export function defaultName(source: Source): string {
  if ("prompts" in source) {
    return "selection";
  }
  const path = vscode.Uri.parse(source.file).path;
  return basename(path).replace(/(\.prompts)?\.(json|jsonl|txt)$/, "") || "batch";
}
