"""VS Code without our extension: its own client starts the tool server by the file of its page, for the main job."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.editors.vscode.tools import Tools, require
from tests.editors.vscode.workbench import CodeServer, Window, shown
from tests.support.main_job import STEPS, check, prepare
from tests.support.pages import blocks

require()
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MANIFEST = {
    "name": "model",
    "publisher": "tests",
    "version": "0.0.1",
    "engines": {"vscode": "^1.104.0"},
    "main": "./main.js",
    "contributes": {
        "chatParticipants": [{"id": "tests.model", "name": "model", "fullName": "Model", "description": "Works."}],
        "languageModelChatProviders": [{"vendor": "tests", "displayName": "Tests"}],
        "commands": [{"command": "tests.ask", "title": "Ask the Model"}],
    },
}
MODEL = """
const { writeFileSync } = require("node:fs");
const vscode = require("vscode");
const steps = require("./steps.json");

async function work({ toolInvocationToken }, _, stream) {
  const tools = vscode.lm.tools.map(({ name }) => name);
  const seen = [];
  for (const [wanted, step] of steps) {
    const job = seen.join().match(/batches\\/[\\w-]+/)?.[0];
    const input = { ...step, ...(step.job && { job }) };
    const tool = tools.find((name) => name.endsWith(wanted));
    const { content } = await vscode.lm.invokeTool(tool, { input, toolInvocationToken });
    seen.push(content.map(({ value }) => value).join(""));
  }
  writeFileSync(`${process.env.HOME}/told.json`, JSON.stringify({ tools, seen }));
  stream.markdown("All is done.");
}
const about = { id: "model", name: "Model", family: "model", version: "1", maxInputTokens: 9999, maxOutputTokens: 999 };
const provider = {
  provideLanguageModelChatInformation: () => [{ ...about, isUserSelectable: true, capabilities: {} }],
  provideLanguageModelChatResponse: async () => {},
  provideTokenCount: async () => 1,
};
const message = { query: "@model go", modelSelector: { vendor: "tests" } };
exports.activate = () => {
  vscode.lm.registerLanguageModelChatProvider("tests", provider);
  vscode.chat.createChatParticipant("tests.model", work);
  vscode.commands.registerCommand("tests.ask", () =>
    vscode.commands.executeCommand("workbench.action.chat.open", message),
  );
};
"""
"""What takes part in VS Code's chat in place of a model, which wants an account; what a person is asked, the chat asks.

A message is sent to nobody while there is no model at all, so there is one, and nothing is asked of it.
"""


@pytest.fixture
def code_server(tools: Tools, tmp_path: Path) -> Iterator[CodeServer]:
    """A workbench without our extension, which trusts no folder by itself."""
    server = CodeServer(tools, tmp_path / "workbench")
    server.trust_nobody()
    # VS Code takes the PATH from the shell of its user.
    (server.folder / "home" / ".profile").write_text(f"PATH={Path(sys.executable).parent}:$PATH\n")
    model = tmp_path / "model"
    model.mkdir()
    (model / "package.json").write_text(json.dumps(MANIFEST))
    (model / "main.js").write_text(MODEL)
    # The first batch is declined.
    (model / "steps.json").write_text(json.dumps([*STEPS[:2], *STEPS[1:]]))
    server.add_folder(model)
    with server.running():
        yield server


def allow(window: Window, words: str) -> None:
    """Let a tool run, or let what it said go to the model."""
    asked = window.page.locator(".chat-confirmation-widget2", has_text=words)
    asked.locator(".monaco-button", has_text="Allow").first.click()


def answer(window: Window, question: str, words: str) -> None:
    """Answer the tool server's own question."""
    asked = window.page.locator(".chat-question-carousel-container:not(.chat-question-carousel-used)")
    shown(asked.filter(has_text=question))
    asked.get_by_role("option", name=words).click()


def test_the_main_job_by_vs_code(
    code_server: CodeServer, open_window: Callable[[Path], Window], workspace: Path
) -> None:
    [file] = [block for block in blocks("docs/start/vscode-assistant.md") if block.title]
    [server] = json.loads(file.text)["servers"].values()
    arguments = [argument.replace("${workspaceFolder}", str(workspace)) for argument in server["args"]]
    prepare(workspace)
    (workspace / file.title).parent.mkdir()
    (workspace / file.title).write_text(file.text)
    window = open_window(workspace)

    window.page.locator(".explorer-folders-view .monaco-list-row", has_text=".vscode").click()
    window.open_file("mcp.json")
    window.page.locator(".codelens-decoration a", has_text="Start").click()
    window.dialog("Trust Folder & Continue")
    shown(window.page.locator(".codelens-decoration", has_text=re.compile("Running.*9 tools.*3 prompts")))
    [_] = code_server.processes(*arguments)

    window.command("Ask the Model")
    allow(window, "Run Create Batch Job")
    question = "Send 2 prompts from ask.jsonl to gemini-3.8-flash"
    answer(window, question, "No")
    allow(window, "Ran Create Batch Job")
    answer(window, question, "Yes")
    # The last progress of the poll stands in its title.
    for words in ("SUCCEEDED 2/2", "Ran Read Batch Results", "Run Export Batch Results", "Ran Export Batch Results"):
        allow(window, words)
    shown(window.page.locator(".interactive-response", has_text="All is done."))
    told: dict[str, Any] = json.loads((code_server.folder / "home" / "told.json").read_text())
    assert "[not-confirmed]" in told["seen"].pop(1)
    check(told["tools"], told["seen"], workspace)
