/** Python environments: what the Python extension knows of them, if it is there, and the user's own choice. */

import * as vscode from "vscode";

/** The part of the Python extension's API that is used here (https://www.npmjs.com/package/@vscode/python-extension). */
interface PythonApi {
  environments: {
    known: readonly { path: string; id: string }[];
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(environment: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
    onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

async function pythonApi(): Promise<PythonApi | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi>("ms-python.python");
  return extension && (await extension.activate());
}

/** The interpreter of the active Python environment; undefined without the Python extension. */
export async function activeInterpreter(): Promise<string | undefined> {
  const python = await pythonApi();
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const active = python?.environments.getActiveEnvironmentPath(folder);
  const resolved = active && (await python?.environments.resolveEnvironment(active));
  return resolved?.executable.uri?.fsPath;
}

/** Call back whenever the user activates another environment. */
export async function onActiveInterpreterChanged(changed: () => void): Promise<vscode.Disposable | undefined> {
  return (await pythonApi())?.environments.onDidChangeActiveEnvironmentPath(changed);
}

/** Let the user choose the interpreter that padwan-server runs with; it is kept in the settings. */
export async function chooseInterpreter(): Promise<void> {
  const known = (await pythonApi())?.environments.known ?? [];
  const browse = { label: "$(folder-opened) Browse…", description: "a python executable", path: "" };
  const items = [...known.map(({ path }) => ({ label: path, description: "", path })), browse];
  const picked = await vscode.window.showQuickPick(items, { title: "Python interpreter that has padwan-server" });
  const path = picked && (picked.path || (await browseInterpreter()));
  if (path) {
    // The settings of a folder that is not trusted do not count.
    const own = vscode.workspace.workspaceFolders && vscode.workspace.isTrusted;
    const target = own ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
    await vscode.workspace.getConfiguration("padwan").update("interpreter", path, target);
  }
}

async function browseInterpreter(): Promise<string | undefined> {
  const [picked] = (await vscode.window.showOpenDialog({ title: "Python interpreter", openLabel: "Choose" })) ?? [];
  return picked?.fsPath;
}
