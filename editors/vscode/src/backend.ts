/** Where jobs run. */

import * as vscode from "vscode";

/** Run jobs at the emulator: free, and without a key. */
export async function useEmulator(): Promise<void> {
  await setBackend("emulator");
  void vscode.window.showInformationMessage(
    "Batch jobs of this workspace now run at the emulator: free, without a key.",
  );
}

/** Run jobs at the Gemini API. */
export async function useGemini(): Promise<void> {
  await setBackend("gemini");
  void vscode.window.showInformationMessage("Batch jobs now run at the Gemini API.", "Set API Key").then((picked) => {
    if (picked) {
      void vscode.commands.executeCommand("padwan.setApiKey");
    }
  });
}

async function setBackend(backend: "emulator" | "gemini"): Promise<void> {
  const target = vscode.workspace.workspaceFolders
    ? vscode.ConfigurationTarget.Workspace
    : vscode.ConfigurationTarget.Global;
  await vscode.workspace.getConfiguration("padwan").update("backend", backend, target);
}
