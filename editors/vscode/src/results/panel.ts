/** The results of one job in a webview: fetched in pages, sent on as they come. */

import * as vscode from "vscode";
import { failureOf, showFailure } from "../failure";
import { type JobStatus, jobTitle, paletteCommand, type Result, type ResultsPage } from "../operations";
import type { Server } from "../server";
import type { FromTable, Row, ToTable } from "./messages";
import { page } from "./page";

/** Results in one page: what the server gives at most. */
const PAGE = 1000;
/** Characters of all answers together that a table keeps; beyond them each is cut, and fetched whole when it is looked at. */
const CHARACTERS = 60_000_000;
const SHORTEST = 400;
const LONGEST = 100_000;

export class ResultsPanel implements vscode.Disposable {
  /** Counts the loads: pages of one that was overtaken are not sent on. */
  private loads = 0;

  constructor(
    private readonly job: string,
    private readonly webview: vscode.WebviewPanel,
    private readonly server: Server,
    private readonly learned: (job: JobStatus) => void,
    extension: vscode.Uri,
  ) {
    webview.webview.onDidReceiveMessage((message: FromTable) => this.received(message).catch(showFailure));
    webview.webview.html = page(webview.webview, extension, job);
  }

  reveal(): void {
    this.webview.reveal();
  }

  /** Fetch everything anew. */
  async load(): Promise<void> {
    const load = ++this.loads;
    try {
      const job = await this.server.run<JobStatus>("status", { job: this.job });
      this.learned(job);
      this.webview.title = `Results: ${jobTitle(job)}`;
      const total = Object.values(job.outcomes).reduce((sum, count) => sum + count, 0);
      const characters = Math.round(Math.min(LONGEST, Math.max(SHORTEST, CHARACTERS / Math.max(total, 1))));
      this.send({ type: "job", job, characters });
      if (total) {
        await this.loadRows(load, characters);
      }
    } catch (error) {
      this.send({ type: "failure", message: failureOf(error).message });
    }
  }

  dispose(): void {
    this.loads++;
  }

  private async loadRows(load: number, characters: number): Promise<void> {
    let warning = "";
    for (let offset: number | null = 0; offset !== null && load === this.loads; ) {
      const params = { job: this.job, offset, limit: PAGE, max_chars: characters };
      const got: ResultsPage = await this.server.run<ResultsPage>("results", params);
      if (load !== this.loads) {
        return;
      }
      this.send({ type: "rows", offset, total: got.total, rows: got.results.map(row) });
      warning = got.warning;
      offset = got.next_offset;
    }
    this.send({ type: "complete", warning });
  }

  private async received(message: FromTable): Promise<void> {
    switch (message.type) {
      case "ready":
      case "reload":
        return this.load();
      case "answer":
        return this.sendAnswer(message.key);
      case "copy":
        return vscode.env.clipboard.writeText(message.text);
      case "export":
        return vscode.commands.executeCommand(paletteCommand("export"), {
          job: this.job,
          ...(message.all ? {} : { keys: message.keys }),
        });
      case "prompt":
        return this.openPrompt(message.key);
      case "retry":
        return vscode.commands.executeCommand(paletteCommand("retry"), { job: this.job });
    }
  }

  private async sendAnswer(key: string): Promise<void> {
    const { results } = await this.server.run<ResultsPage>("results", { job: this.job, keys: [key] });
    const [result] = results;
    if (result) {
      this.send({ type: "answer", key, content: result.content, error: result.error });
    }
  }

  private async openPrompt(key: string): Promise<void> {
    const place = await this.server.place(this.job, key);
    if (!place) {
      void vscode.window.showInformationMessage(`The prompt ${key} is no longer in the file that it was sent from.`);
      return;
    }
    await vscode.window.showTextDocument(place.uri, { selection: place.range, viewColumn: vscode.ViewColumn.Beside });
  }

  private send(message: ToTable): void {
    void this.webview.webview.postMessage(message);
  }
}

function row(result: Result): Row {
  const { key, outcome, content, error, finish_reason, input_tokens, output_tokens, total_tokens } = result;
  return {
    key,
    outcome,
    content,
    error,
    finish_reason,
    input: input_tokens,
    output: output_tokens,
    total: total_tokens,
  };
}
