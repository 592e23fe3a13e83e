/** The language server: found, started, started again, and asked. */

import * as vscode from "vscode";
import {
  ExecuteCommandRequest,
  type LanguageClient,
  type LanguageClientOptions,
  type Middleware,
  type ServerOptions,
  State,
  TransportKind,
  WorkDoneProgress,
  type WorkDoneProgressBegin,
  type WorkDoneProgressEnd,
  type WorkDoneProgressReport,
} from "vscode-languageclient/node";
import type { ApiKey } from "./apiKey";
import { Crashes, QuietClient } from "./crashes";
import { NotRunningError, SERVER_STEPS, showError } from "./failure";
import { checkFit } from "./fit";
import { type Arguments, type JobProgress, serverCommand } from "./operations";
import { findProgram, type Program } from "./program";

export type ServerState = "starting" | "running" | "failed" | "stopped";
export type ProgressValue = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

/** Languages that prompt files may have: ours, and those of files that are prompt files by their name. */
const LANGUAGES = ["padwan-prompts", "padwan-prompts-text", "json", "jsonl", "plaintext"];

export class Server implements vscode.Disposable {
  /** The program that runs, or ran last. */
  program: Program | undefined;
  state: ServerState = "starting";
  private client: LanguageClient | undefined;
  private starting: Promise<void> = Promise.resolve();
  private readonly stateEvent = new vscode.EventEmitter<ServerState>();
  private readonly progressEvent = new vscode.EventEmitter<JobProgress>();
  private tokens = 0;
  readonly onDidChangeState = this.stateEvent.event;
  readonly onJobProgress = this.progressEvent.event;

  constructor(
    private readonly log: vscode.LogOutputChannel,
    private readonly apiKey: ApiKey,
    private readonly extension: vscode.Extension<unknown>,
    private readonly middleware: Middleware,
  ) {}

  /** Start it, or start it anew with the settings and the key as they are now. Tells what went wrong itself. */
  restart(): Promise<void> {
    // One after the other: two that start at once would both be left running.
    this.starting = this.starting.then(() => this.startAnew());
    return this.starting;
  }

  /** Start it anew if it would now be another program than the one that runs. */
  async restartIfOther(): Promise<void> {
    await this.starting;
    const found = await findProgram();
    if (JSON.stringify(found) !== JSON.stringify(this.program)) {
      await this.restart();
    }
  }

  /** Run one operation. Raises what failureOf understands. */
  async run<R>(
    operation: string,
    given: Arguments,
    progress: (value: ProgressValue) => void = () => undefined,
    cancellation?: vscode.CancellationToken,
  ): Promise<R> {
    const client = await this.running();
    // Our own token, also where nobody looks: without one the server makes a display of its own.
    const token = `padwan-vscode/${++this.tokens}`;
    const listener = client.onProgress(WorkDoneProgress.type, token, progress);
    try {
      const params = { command: serverCommand(operation), arguments: [given], workDoneToken: token };
      return (await client.sendRequest(ExecuteCommandRequest.type, params, cancellation)) as R;
    } finally {
      listener.dispose();
    }
  }

  /** Where the prompt of a key stands in the file that a job was made from, if it is still there. */
  async place(job: string, key: string): Promise<vscode.Location | undefined> {
    const client = await this.running();
    const found = await client.sendRequest<Parameters<typeof client.protocol2CodeConverter.asLocation>[0] | null>(
      "padwan/promptPlace",
      { job, key },
    );
    return found ? client.protocol2CodeConverter.asLocation(found) : undefined;
  }

  /** The keys of the prompts that a range of a prompt file touches, each once, in the file's order. */
  async keysIn(file: vscode.Uri, range: vscode.Range): Promise<string[]> {
    const client = await this.running();
    const textDocument = { uri: client.code2ProtocolConverter.asUri(file) };
    const keys = new Set<string>();
    let rest = client.code2ProtocolConverter.asRange(range);
    for (let before = -1; keys.size > before; ) {
      before = keys.size;
      // The server tells so many at once; the next ones begin where the last of these ends.
      const found = await client.sendRequest<{ key: string; range: typeof rest }[]>("padwan/prompts", {
        textDocument,
        range: rest,
      });
      for (const { key, range: place } of found) {
        const common = client.protocol2CodeConverter.asRange(place).intersection(range);
        // One that only begins where the range ends is not in it.
        if (common && !common.isEmpty) {
          keys.add(key);
        }
        rest = { start: place.end, end: rest.end };
      }
    }
    return [...keys];
  }

  dispose(): void {
    void this.stop();
    this.stateEvent.dispose();
    this.progressEvent.dispose();
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client) {
      await client.dispose().catch((error: unknown) => this.log.debug(`while stopping: ${error}`));
    }
  }

  private async running(): Promise<LanguageClient> {
    await this.starting;
    if (this.client?.state !== State.Running) {
      throw new NotRunningError();
    }
    return this.client;
  }

  private async startAnew(): Promise<void> {
    await this.stop();
    this.changed("starting");
    this.program = await findProgram();
    if (!this.program) {
      return this.failed("padwan-server was not found.");
    }
    const { command, args, origin } = this.program;
    this.log.info(`found by ${origin}: ${[command, ...args, "lsp"].join(" ")}`);
    const crashes: Crashes = new Crashes(() => client);
    const options = { ...this.clientOptions(), errorHandler: crashes };
    const client: LanguageClient = new QuietClient("padwan", "Padwan", await this.options(this.program), options);
    this.client = client;
    client.onDidChangeState(({ newState }) => this.clientChanged(client, newState));
    client.onNotification("padwan/jobProgress", (look: JobProgress) => this.progressEvent.fire(look));
    try {
      // The client waits on for a server that ends before it has answered.
      await Promise.race([client.start(), crashes.early]);
    } catch (error) {
      this.log.error(`not started: ${error instanceof Error ? error.message : error}`);
      return this.failed(`padwan-server did not start: ${command} (${origin}).`);
    }
    crashes.ran(() => this.failed("padwan-server ended again and again."));
    const { serverInfo, capabilities } = client.initializeResult ?? {};
    this.log.info(`running padwan-server ${serverInfo?.version}`);
    checkFit(this.extension, serverInfo?.version ?? "", capabilities?.executeCommandProvider?.commands ?? []);
    return undefined;
  }

  private async options({ command, args }: Program): Promise<ServerOptions> {
    const env = { ...process.env, ...(await this.apiKey.environment()) };
    return { command, args: [...args, "lsp"], transport: TransportKind.stdio, options: { env } };
  }

  private clientOptions(): LanguageClientOptions {
    return {
      documentSelector: LANGUAGES.map((language) => ({ language, scheme: "file" })),
      initializationOptions: vscode.workspace.getConfiguration("padwan"),
      outputChannel: this.log,
      middleware: this.middleware,
      // The message with the next steps is ours.
      initializationFailedHandler: () => false,
    };
  }

  private clientChanged(client: LanguageClient, state: State): void {
    if (client === this.client) {
      this.changed(state === State.Running ? "running" : state === State.Starting ? "starting" : "stopped");
    }
  }

  private failed(message: string): void {
    this.changed("failed");
    void showError(message, SERVER_STEPS);
  }

  private changed(state: ServerState): void {
    this.state = state;
    this.stateEvent.fire(state);
  }
}
