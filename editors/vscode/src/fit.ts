/** Whether the server that was found is one that this extension can work with. */

import * as vscode from "vscode";
import { OPERATIONS, serverCommand } from "./operations";

/** Why extension and server do not fit each other; empty if they do. */
export function misfit(extension: string, server: string, commands: readonly string[]): string {
  const missing = OPERATIONS.filter(({ name }) => !commands.includes(serverCommand(name)));
  if (missing.length) {
    const titles = missing.map(({ title }) => title).join(", ");
    return `padwan-server ${server} is older than this extension (${extension}) and lacks: ${titles}.`;
  }
  // Before 1.0 a minor version may change what is there.
  const series = (version: string): string =>
    version
      .split(".")
      .slice(0, version.startsWith("0.") ? 2 : 1)
      .join(".");
  return series(extension) === series(server)
    ? ""
    : `padwan-server ${server} and this extension (${extension}) may not fit each other.`;
}

/** Tell the user if they do not fit. */
export function checkFit(extension: vscode.Extension<unknown>, server: string, commands: readonly string[]): void {
  const message = misfit(String(extension.packageJSON.version), server, commands);
  if (message) {
    void vscode.window.showWarningMessage(message, "Update padwan-server").then((picked) => {
      if (picked) {
        void vscode.commands.executeCommand("padwan.install");
      }
    });
  }
}
