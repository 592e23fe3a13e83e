/** What goes wrong, told with the next step as a button. */

import * as vscode from "vscode";
import { ErrorCodes, LSPErrorCodes, ResponseError } from "vscode-languageclient/node";

/** An error as docs/reference/errors.md lists it. */
export interface Failure {
  code: string;
  message: string;
}

/** The server's error with its stable code; any other has none. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ResponseError) {
    const data = error.data as { code?: string } | undefined;
    return { code: data?.code ?? "", message: error.message };
  }
  return { code: "", message: error instanceof Error ? error.message : String(error) };
}

/** Ends that the user asked for: by Cancel, or by a restart of the server. */
const CANCELLED: number[] = [LSPErrorCodes.RequestCancelled, ErrorCodes.PendingResponseRejected];

/** Whether the user asked for this end. */
export function isCancelled(error: unknown): boolean {
  return (
    error instanceof vscode.CancellationError || (error instanceof ResponseError && CANCELLED.includes(error.code))
  );
}

const STEPS: Record<string, [title: string, command: string][]> = {
  "no-api-key": [
    ["Set API Key", "padwan.setApiKey"],
    ["Use the Emulator", "padwan.useEmulator"],
  ],
  "api-key-invalid": [["Set API Key", "padwan.setApiKey"]],
  "prompt-file-errors": [["Show Problems", "workbench.actions.view.problems"]],
  internal: [["Show Log", "padwan.showLog"]],
};

/** Show an error, and do the step that the user picks. */
export async function showFailure(error: unknown): Promise<void> {
  if (isCancelled(error)) {
    return;
  }
  const failure = failureOf(error);
  const steps = STEPS[failure.code] ?? (failure.code ? [] : [["Show Log", "padwan.showLog"] as const]);
  const picked = await vscode.window.showErrorMessage(failure.message, ...steps.map(([title]) => title));
  const step = steps.find(([title]) => title === picked);
  if (step) {
    await vscode.commands.executeCommand(step[1]);
  }
}
