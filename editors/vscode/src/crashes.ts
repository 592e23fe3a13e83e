/** What is done when the server ends by itself. */

import { CloseAction, type CloseHandlerResult, type ErrorHandler, LanguageClient } from "vscode-languageclient/node";

/** Starts it again, unless it never ran, or ends over and over. */
export class Crashes implements ErrorHandler {
  /** Fails if the server ends before it has run. */
  readonly early: Promise<never>;
  private failedEarly: (error: Error) => void = () => undefined;
  private givenUp: (() => void) | undefined;
  private usual_: ErrorHandler | undefined;

  constructor(private readonly client: () => LanguageClient) {
    this.early = new Promise((_, reject) => {
      this.failedEarly = reject;
    });
    this.early.catch(() => undefined);
  }

  /** From now on it is started again; ``givenUp`` is called when that helped nothing. */
  ran(givenUp: () => void): void {
    this.givenUp = givenUp;
  }

  error(...given: Parameters<ErrorHandler["error"]>): ReturnType<ErrorHandler["error"]> {
    return this.usual.error(...given);
  }

  async closed(): Promise<CloseHandlerResult> {
    if (!this.givenUp) {
      this.failedEarly(new Error("it ended at once"));
      return { action: CloseAction.DoNotRestart };
    }
    const result = await this.usual.closed();
    if (result.action === CloseAction.DoNotRestart) {
      this.givenUp();
    }
    return result;
  }

  private get usual(): ErrorHandler {
    this.usual_ ??= this.client().createDefaultErrorHandler();
    return this.usual_;
  }
}

/** Its troubles go to the log: the message about them, with the next steps, is ours. */
export class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}
