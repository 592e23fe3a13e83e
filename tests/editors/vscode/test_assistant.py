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
    "engines": {"vscode": "^1.101.0"},
    "main": "./main.js",
    "contributes": {"commands": [{"command": "model.work", "title": "Let the Model Work"}]},
}
MODEL = """
const { writeFileSync } = require("node:fs");
const vscode = require("vscode");
const steps = require("./steps.json");

async function work() {
  const tools = vscode.lm.tools.map(({ name }) => name);
  const seen = [];
  for (const [wanted, step] of steps) {
    const job = seen.join().match(/batches\\/[\\w-]+/)?.[0];
    const input = { ...step, ...(step.job && { job }) };
    const tool = tools.find((name) => name.endsWith(wanted));
    const { content } = await vscode.lm.invokeTool(tool, { input, toolInvocationToken: undefined });
    seen.push(content.map(({ value }) => value).join(""));
  }
  writeFileSync(`${process.env.HOME}/told.json`, JSON.stringify({ tools, seen }));
  vscode.window.showInformationMessage("All is done.");
}
exports.activate = () => vscode.commands.registerCommand("model.work", work);
"""
"""Calls tools in place of a model, for which the chat wants an account. What a person is asked, VS Code asks."""


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

    window.command("Let the Model Work")
    window.dialog("Yes")
    question = "Send 2 prompts from ask.jsonl to gemini-3.8-flash"
    window.close_toast(question)
    window.dialog("Yes")
    window.press(question, "Respond")
    window.dialog("Yes")
    shown(window.toast("All is done."))
    told: dict[str, Any] = json.loads((code_server.folder / "home" / "told.json").read_text())
    assert "[not-confirmed]" in told["seen"].pop(1)
    check(told["tools"], told["seen"], workspace)
