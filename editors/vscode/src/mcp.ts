/** Batch jobs as tools of the assistant in VS Code: one tool server for each folder. */

import { basename } from "node:path";
import * as vscode from "vscode";
import type { ApiKey } from "./apiKey";
import type { Server } from "./server";

export class McpServers
  implements vscode.McpServerDefinitionProvider<vscode.McpStdioServerDefinition>, vscode.Disposable
{
  private readonly changedEvent = new vscode.EventEmitter<void>();
  readonly onDidChangeMcpServerDefinitions = this.changedEvent.event;
  private readonly registration: vscode.Disposable;

  constructor(
    private readonly server: Server,
    private readonly apiKey: ApiKey,
    private readonly version: string,
  ) {
    this.registration = vscode.lm.registerMcpServerDefinitionProvider("padwan.mcp", this);
    server.onDidChangeState((state) => state === "running" && this.changedEvent.fire());
  }

  /** Call when settings or folders have changed. */
  changed(): void {
    this.changedEvent.fire();
  }

  provideMcpServerDefinitions(): vscode.McpStdioServerDefinition[] {
    const folders = vscode.workspace.workspaceFolders ?? [];
    const program = this.server.program;
    // All of them, so that a job of the assistant is what the same job of the palette would be.
    const settings = JSON.stringify(vscode.workspace.getConfiguration("padwan"));
    return folders.flatMap(({ uri }) => {
      if (!program || uri.scheme !== "file") {
        return [];
      }
      const label = folders.length > 1 ? `Padwan (${basename(uri.fsPath)})` : "Padwan";
      const args = [...program.args, "mcp", "--root", uri.fsPath, "--settings", settings];
      return [new vscode.McpStdioServerDefinition(label, program.command, args, {}, this.version)];
    });
  }

  /** The key is added when a server starts, and is in no definition that VS Code keeps. */
  async resolveMcpServerDefinition(
    definition: vscode.McpStdioServerDefinition,
  ): Promise<vscode.McpStdioServerDefinition> {
    definition.env = { ...definition.env, ...(await this.apiKey.environment()) };
    return definition;
  }

  dispose(): void {
    this.registration.dispose();
    this.changedEvent.dispose();
  }
}
