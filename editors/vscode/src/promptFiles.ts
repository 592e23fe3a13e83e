/** Prompt files and prompts of this workspace. */

import { basename } from "node:path";
import * as vscode from "vscode";
import type { Server } from "./server";
import { plural } from "./words";

const EXAMPLE = `[
  {"key": "sky", "prompt": "Why is the sky blue? One sentence."},
  {"key": "haiku", "prompt": "Write a haiku about waiting."},
  {"key": "batch", "prompt": "What is a batch job good for?"}
]
`;

/** What a job is made from: a file or some of its prompts, or prompts without one and the folder that they are of. */
export type Source = { file: string; keys?: string[] } | { prompts: string[]; root?: string };

/** What tells which prompts a range of a file touches. */
type KeysIn = Pick<Server, "keysIn">;

interface SourceItem extends vscode.QuickPickItem {
  source?: Source;
}

/** Let the user pick the prompts: what is selected, the open file, one of the workspace, or any. */
export async function pickSource(title: string, server: KeysIn): Promise<Source> {
  const items = await sourceItems(server);
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

async function sourceItems(server: KeysIn): Promise<SourceItem[]> {
  const editor = vscode.window.activeTextEditor;
  const items: SourceItem[] = [];
  const selected = editor && (await selectedPrompts(editor, server));
  if (selected) {
    const chosen = "file" in selected ? (selected.keys ?? []) : selected.prompts;
    const label = `$(selection) Selection: ${plural(chosen.length, "prompt")}`;
    items.push({ label, description: chosen[0]?.slice(0, 60) ?? "", source: selected });
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

/**
 * The prompts in the selection, if there is one. Those of a prompt file are named by their keys, so that each is sent
 * with its key and settings, however much of it is selected; anywhere else a line is a prompt.
 */
export async function selectedPrompts(editor: vscode.TextEditor, server: KeysIn): Promise<Source | undefined> {
  const { document, selection } = editor;
  if (selection.isEmpty) {
    return undefined;
  }
  if (isPromptFile(document)) {
    const keys = await server.keysIn(document.uri, selection);
    return keys.length ? { file: document.uri.toString(), keys } : undefined;
  }
  const prompts = document
    .getText(selection)
    .split(/\r?\n/)
    .filter((line) => line.trim());
  const root = vscode.workspace.getWorkspaceFolder(document.uri)?.uri.toString();
  return prompts.length ? { prompts, ...(root && { root }) } : undefined;
}

function isPromptFile(document: vscode.TextDocument): boolean {
  const globs = vscode.workspace.getConfiguration("padwan").get<string[]>("files", []);
  const patterns = globs.map((pattern) => ({ pattern: `**/${pattern}`, scheme: "file" }));
  return document.uri.scheme === "file" && vscode.languages.match(patterns, document) > 0;
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
  const name = basename(path).replace(/(\.prompts)?\.(json|jsonl|txt)$/, "") || "batch";
  return source.keys ? `${name} selection` : name;
}
