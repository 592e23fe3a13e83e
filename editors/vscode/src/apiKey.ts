/** The Gemini API key: in the system's secret storage, and from there in the server's environment alone. */

import * as vscode from "vscode";

const NAME = "padwan.geminiApiKey";

export class ApiKey {
  constructor(private readonly secrets: vscode.SecretStorage) {}

  /** Call back when the key is set, replaced or forgotten, in this window or another. */
  onDidChange(changed: () => void): vscode.Disposable {
    return this.secrets.onDidChange((event) => {
      if (event.key === NAME) {
        changed();
      }
    });
  }

  /** What the server's environment is to have. Without a stored key, whatever the editor's own environment has. */
  async environment(): Promise<Record<string, string>> {
    const key = await this.secrets.get(NAME);
    return key ? { GEMINI_API_KEY: key } : {};
  }

  /** Ask for a key and keep it. */
  async set(): Promise<void> {
    const key = await vscode.window.showInputBox({
      title: "Gemini API Key",
      prompt: "From https://aistudio.google.com/apikey. It is kept in the secret storage of this editor.",
      password: true,
      ignoreFocusOut: true,
      validateInput: (value) => (/^[\x21-\x7e]+$/.test(value.trim()) ? undefined : "A key has no spaces."),
    });
    if (key) {
      await this.secrets.store(NAME, key.trim());
    }
  }

  /** Forget the key. */
  async forget(): Promise<void> {
    await this.secrets.delete(NAME);
    void vscode.window.showInformationMessage("The Gemini API key was removed from the secret storage.");
  }
}
