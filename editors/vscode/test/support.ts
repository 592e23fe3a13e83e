/** What the tests inside the extension host share. */

import * as vscode from "vscode";

export type Tests = Record<string, () => Promise<void> | void>;

const WITHIN = 20_000;

/** Wait until ``look`` finds something. */
export async function until<T>(look: () => T | undefined | false | PromiseLike<T | undefined | false>): Promise<T> {
  for (const end = Date.now() + WITHIN; Date.now() < end; ) {
    const found = await look();
    if (found) {
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited too long for ${look}`);
}

/** A file of the workspace. */
export function at(name: string): vscode.Uri {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (!folder) {
    throw new Error("no folder is open");
  }
  return vscode.Uri.joinPath(folder.uri, name);
}

/** Write a file and open it. */
export async function open(name: string, text: string): Promise<vscode.TextDocument> {
  await vscode.workspace.fs.writeFile(at(name), new TextEncoder().encode(text));
  const document = await vscode.workspace.openTextDocument(at(name));
  await vscode.window.showTextDocument(document);
  return document;
}

/** Run an operation of the server by the palette's command; nothing is asked for that is given. */
export async function run<T>(operation: string, given: object): Promise<T> {
  return vscode.commands.executeCommand<T>(`padwan.run.${operation}`, given);
}
