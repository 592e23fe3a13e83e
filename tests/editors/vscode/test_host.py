"""The extension inside VS Code's extension host: editors/vscode/test, run by the workbench itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.editors.vscode.tools import EXTENSION, Tools, require
from tests.editors.vscode.workbench import CodeServer, scenario

require()
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

AT_ONCE = {"pending": 0, "running": 0}


def test_the_suite_in_the_extension_host(tools: Tools, browser: Browser, folder: Path, tmp_path: Path) -> None:
    scenario(folder, clock=AT_ONCE)
    server = CodeServer(tools, tmp_path / "workbench")
    told: list[str] = []
    codes: list[int] = []
    with server.running("--vscode-option", "enable-smoke-test-driver"):
        page = browser.new_page()
        page.expose_function("codeAutomationLog", lambda _, words: told.append(" ".join(map(str, words))))
        page.expose_function("codeAutomationExit", lambda code, _=None: codes.append(code))
        payload = {
            "extensionDevelopmentPath": server.remote(EXTENSION),
            "extensionTestsPath": server.remote(EXTENSION / "dist-test" / "host.js"),
            "skipWelcome": "true",
        }
        page.goto(server.url(folder, payload))
        while not codes:
            page.wait_for_timeout(100)
        page.close()
    tests = [line for line in told if line.startswith("TEST ")]
    assert [line for line in tests if line.startswith("TEST failed")] == []
    assert codes == [0]
    assert len(tests) > 15
