/** The side panel: one answer in full. */

import type { Row } from "../results/messages";
import { button, count, element } from "./element";
import { SYMBOLS } from "./outcomes";

export interface DetailsEvents {
  copied(text: string): void;
  promptWanted(key: string): void;
  closed(): void;
}

export class Details {
  readonly root = element("aside", { class: "details", "aria-label": "Answer", hidden: true });
  private readonly title = element("h2");
  private readonly facts = element("p", { class: "facts" });
  private readonly failure = element("p", { class: "failure" });
  private readonly text = element("pre", { tabindex: 0, dir: "auto", "aria-label": "Text of the answer" });
  private key = "";

  constructor(private readonly events: DetailsEvents) {
    const close = button("✕", () => this.close(), { class: "icon", "aria-label": "Close", title: "Close (Esc)" });
    this.root.append(
      element("header", {}, this.title, close),
      this.facts,
      element(
        "div",
        { class: "actions" },
        button("Copy answer", () => events.copied(this.text.textContent ?? ""), { class: "primary" }),
        button("Copy key", () => events.copied(this.key)),
        button("Go to prompt", () => events.promptWanted(this.key)),
      ),
      this.failure,
      this.text,
    );
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        this.close();
      }
    });
  }

  get open(): boolean {
    return !this.root.hidden;
  }

  /** Show a row. The content may be cut still: ``answer`` brings the rest. */
  show(row: Row): void {
    this.key = row.key;
    this.root.hidden = false;
    this.title.textContent = row.key;
    const tokens =
      row.total === null ? "" : ` · ${count(row.input)} in + ${count(row.output)} out = ${count(row.total)} tokens`;
    const reason = row.finish_reason ? ` · ${row.finish_reason}` : "";
    this.facts.textContent = `${SYMBOLS[row.outcome] ?? ""} ${row.outcome}${reason}${tokens}`;
    this.facts.className = `facts ${row.outcome}`;
    this.answer(row.key, row.content, row.error);
  }

  /** The whole answer to a prompt has come. */
  answer(key: string, content: string, error: string): void {
    if (key === this.key) {
      this.failure.textContent = error;
      this.failure.hidden = !error;
      this.text.textContent = content;
      this.text.hidden = !content;
    }
  }

  close(): void {
    this.root.hidden = true;
    this.key = "";
    this.events.closed();
  }
}
