/** What goes wrong, told with the next step as a button. */

import * as vscode from "vscode";
import { ErrorCodes, LSPErrorCodes, ResponseError } from "vscode-languageclient/node";

/** An error as docs/reference/errors.md lists it. */
export interface Failure {
  code: string;
  message: string;
  /** What more the server tells programs. */
  data: Record<string, unknown>;
}

/** The server does not run: it was not found, or has ended. */
export class NotRunningError extends Error {
  constructor() {
    super("padwan-server is not running.");
  }
}

/** The server's error with its stable code; any other has none. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ResponseError) {
    const told = error.data as { code?: string; data?: Record<string, unknown> } | undefined;
    return { code: told?.code ?? "", message: error.message, data: told?.data ?? {} };
  }
  return { code: "", message: error instanceof Error ? error.message : String(error), data: {} };
}

/** Ends that the user asked for: by Cancel, or by a restart of the server. */
const CANCELLED: number[] = [LSPErrorCodes.RequestCancelled, ErrorCodes.PendingResponseRejected];

/** Whether the user asked for this end. */
export function isCancelled(error: unknown): boolean {
  return (
    error instanceof vscode.CancellationError || (error instanceof ResponseError && CANCELLED.includes(error.code))
  );
}

type Step = readonly [title: string, command: string];

/** What helps where there is no server. */
export const SERVER_STEPS: readonly Step[] = [
  ["Install", "padwan.install"],
  ["Choose Interpreter", "padwan.chooseInterpreter"],
  ["Show Log", "padwan.showLog"],
];

const STEPS: Record<string, readonly Step[]> = {
  "no-api-key": [
    ["Set API Key", "padwan.setApiKey"],
    ["Use the Emulator", "padwan.useEmulator"],
  ],
  "api-key-invalid": [["Set API Key", "padwan.setApiKey"]],
  "submit-uncertain": [["Resolve", "padwan.run.resolve"]],
  "prompt-file-errors": [["Show Problems", "workbench.actions.view.problems"]],
  internal: [["Show Log", "padwan.showLog"]],
};

/** Show an error, and do the step that the user picks. */
export async function showFailure(error: unknown): Promise<void> {
  if (isCancelled(error)) {
    return;
  }
  const { code, message } = failureOf(error);
  const unknown = error instanceof NotRunningError ? SERVER_STEPS : [["Show Log", "padwan.showLog"] as const];
  await showError(message, STEPS[code] ?? (code ? [] : unknown));
}

/** Show a message with steps as buttons, and do the one that is picked. */
export async function showError(message: string, steps: readonly Step[]): Promise<void> {
  const picked = await vscode.window.showErrorMessage(message, ...steps.map(([title]) => title));
  const step = steps.find(([title]) => title === picked);
  if (step) {
    await vscode.commands.executeCommand(step[1]);
  }
}
