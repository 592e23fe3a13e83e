"""The workbench for the tests of the VS Code extension; without a browser their modules are skipped."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from padwan_server.emulator.testing import start_emulator
from tests.editors.vscode.tools import VSIX, Tools, install, missing
from tests.editors.vscode.workbench import FLAGS, CodeServer, Window, settings_of


@pytest.fixture(scope="session")
def tools() -> Tools:
    """The workbench's programs."""
    if reason := missing():
        pytest.fail(reason)
    return install()


@pytest.fixture(scope="module")
def browser(tools: Tools) -> Iterator[Browser]:
    """The browser that windows are shown in. No longer than a module: while it is there its event loop runs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tools.browser, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def code_server(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodeServer]:
    """The server of the workbench, with the extension as its users install it, and a service behind the Gemini API."""
    with start_emulator({"clock": {"pending": 0, "running": 0}}) as service:
        server = CodeServer(tools, tmp_path_factory.mktemp("workbench"), GOOGLE_GEMINI_BASE_URL=service.url)
        server.add_extension(VSIX)
        with server.running():
            yield server


@pytest.fixture
def open_window(
    code_server: CodeServer, browser: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[[Path], Window]]:
    """Opens windows of one person, who has one memory; what they showed is kept when a test fails."""
    permissions = ["clipboard-read", "clipboard-write"]
    person = browser.new_context(viewport={"width": 1360, "height": 820}, permissions=permissions)
    windows: list[Window] = []

    def open_window(workspace: Path) -> Window:
        window = Window(person.new_page())
        windows.append(window)
        window.show(code_server.url(workspace))
        return window

    yield open_window
    for number, window in enumerate(windows):
        if request.node.stash.get(FAILED, False) and not window.page.is_closed():
            window.picture(f"failed-{request.node.name}-{number}")
    person.close()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether a test has failed until its window is closed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
def folder(workspace: Path) -> Path:
    """A workspace whose jobs run at the emulator, with the server under test."""
    settings_of(workspace)
    return workspace
