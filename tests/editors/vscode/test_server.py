"""Where the extension finds the server, what it takes from whom, and what it does when server and extension part."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, expect

from padwan_server import __version__
from tests.editors.vscode.tools import VSIX, Tools, require
from tests.editors.vscode.workbench import CodeServer, Window, scenario, settings_of, shown

require()
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OpenWindow = Callable[[Path], Window]

PYTHON_EXTENSION = {
    "name": "python",
    "publisher": "ms-python",
    "version": "0.0.1",
    "engines": {"vscode": "^1.101.0"},
    "main": "./main.js",
    "activationEvents": [],
    "capabilities": {"untrustedWorkspaces": {"supported": True}},
}
PYTHON_API = """
const fs = require("node:fs");
const vscode = require("vscode");
const file = process.env.HOME + "/active";
const active = () => (fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined);
exports.activate = () => {
  const changed = new vscode.EventEmitter();
  fs.watchFile(file, { interval: 50 }, () => changed.fire());
  return {
    environments: {
      known: [],
      getActiveEnvironmentPath: () => ({ path: active() }),
      resolveEnvironment: async ({ path }) => path && { executable: { uri: vscode.Uri.file(path) } },
      onDidChangeActiveEnvironmentPath: changed.event,
    },
  };
};
"""
"""What the Python extension tells others of environments: the active one is named by a file in the home folder."""

OLDER = """
import runpy
import padwan_server
padwan_server.__version__ = "9.9.9"
runpy.run_module("padwan_server", run_name="__main__")
"""


class Home:
    """The home of a person: programs on the PATH, and the Python environment that is active."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.programs = folder / "programs"
        self.programs.mkdir(parents=True)
        # VS Code takes the PATH from the shell of its user.
        (folder / ".profile").write_text(f"PATH={self.programs}:$PATH\n")

    def program(self, name: str, text: str | None = None) -> Path:
        """A program; unless its text says otherwise it is the server under test, with or without its name before."""
        path = self.programs / name
        drop = "shift\n" if name == "uvx" else ""
        server = f'{drop}exec {sys.executable} -m padwan_server "$@"'
        path.write_text(f"#!/bin/sh\n{text or server}\n")
        path.chmod(0o755)
        return path

    def activate(self, interpreter: Path) -> None:
        """Let an interpreter be that of the active environment."""
        (self._folder / "active").write_text(str(interpreter))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home without anything."""
    return Home(tmp_path / "workbench" / "home")


@pytest.fixture
def installed(tools: Tools, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> CodeServer:
    """A workbench with our extension and one that tells of Python environments."""
    server = CodeServer(tools, tmp_path / "workbench")
    server.add_extension(VSIX)
    python = tmp_path_factory.mktemp("extensions") / "python"
    python.mkdir()
    (python / "package.json").write_text(json.dumps(PYTHON_EXTENSION))
    (python / "main.js").write_text(PYTHON_API)
    server.add_folder(python)
    return server


@pytest.fixture
def open_window(installed: CodeServer, browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenWindow]:
    """Opens a window of a workbench of its own."""
    page = browser.new_page(viewport={"width": 1360, "height": 820})

    def open_window(workspace: Path) -> Window:
        request.getfixturevalue("serving")
        window = Window(page)
        window.show(installed.url(workspace))
        return window

    yield open_window
    Window(page).picture(f"last-{request.node.name}")
    page.close()


@pytest.fixture
def serving(installed: CodeServer) -> Iterator[CodeServer]:
    """The workbench, once it is set up."""
    with installed.running():
        yield installed


def found_by(window: Window, origin: str) -> None:
    """Wait until the log says how the running server was found."""
    shown(window.log_line(re.compile(rf"found\s+by\s+{re.escape(origin)}".replace(r"\ ", r"\s+"))))
    shown(window.log_line(re.compile(rf"running\s+padwan-server\s+{re.escape(__version__)}")))


def test_each_place_of_the_server_goes_before_the_next(workspace: Path, home: Home, open_window: OpenWindow) -> None:
    settings_of(workspace, interpreter=None)
    (workspace / "ask.prompts.json").write_text('[""]')
    window = open_window(workspace)
    shown(window.toast("padwan-server was not found."))
    window.open_file("ask.prompts.json")
    window.command("Padwan: Show Log")

    home.program("uvx")
    window.command("Padwan: Restart Server")
    found_by(window, "uvx")
    shown(window.page.locator(".squiggly-error"))
    expect(window.log_line(re.compile(r"\[(error|warning)\]"))).to_have_count(0)
    home.program("padwan-server")
    window.command("Padwan: Restart Server")
    found_by(window, "PATH")
    # The user activates an environment: one without the server changes nothing, one with it is used at once.
    home.activate(home.program("without", "exit 1"))
    home.activate(home.program("python", f'exec {sys.executable} "$@"'))
    found_by(window, "the active Python environment")
    settings_of(workspace)
    found_by(window, "padwan.interpreter")
    settings_of(
        workspace, **{"server.command": [str(home.program("own", f"exec {sys.executable} -m padwan_server $@"))]}
    )
    found_by(window, "padwan.server.command")
    shown(window.page.locator(".squiggly-error"))
    window.picture("places")


def test_a_folder_that_is_not_trusted_chooses_no_program(
    workspace: Path, home: Home, installed: CodeServer, open_window: OpenWindow
) -> None:
    installed.trust_nobody()
    theirs = workspace / "theirs.sh"
    ran = workspace / "ran"
    theirs.write_text(f'#!/bin/sh\ntouch {ran}\nexec {sys.executable} -m padwan_server "$@"\n')
    theirs.chmod(0o755)
    settings_of(workspace, interpreter=str(theirs), **{"server.command": [str(theirs)]})
    (workspace / "ask.prompts.json").write_text('[""]')
    home.program("padwan-server")
    home.activate(theirs)
    window = open_window(workspace)
    window.open_file("ask.prompts.json")
    shown(window.page.locator(".squiggly-error"))
    shown(window.status_bar("Restricted Mode"))
    window.command("Padwan: Show Log")
    found_by(window, "PATH")
    window.picture("not-trusted")
    assert not ran.exists()

    window.command("Workspaces: Manage Workspace Trust")
    window.page.locator(".workspace-trust-editor .monaco-button", has_text=re.compile("^Trust$")).click()
    window.command("Padwan: Show Log")
    found_by(window, "padwan.server.command")
    assert ran.exists()


def test_a_server_that_may_not_fit_is_told_and_can_be_updated(
    workspace: Path, home: Home, open_window: OpenWindow
) -> None:
    (workspace / "ask.prompts.json").write_text('["x"]')
    older = home.program("older.py", OLDER)
    older.write_text(OLDER)
    settings_of(workspace, **{"server.command": [sys.executable, str(older)]})
    installs = home.program("uv", f'echo "$@" > {home.programs}/said')
    window = open_window(workspace)
    message = f"padwan-server 9.9.9 and this extension ({__version__}) may not fit each other."
    shown(window.toast(message))
    settings_of(workspace)
    window.press(message, "Update padwan-server")
    shown(window.row("With uv, for this user"))
    window.picture("update")
    window.pick("With uv, for this user")
    window.command("Padwan: Show Log")
    shown(window.log_line(re.compile(rf"running\s+padwan-server\s+{re.escape(__version__)}")))
    said = installs.with_name("said")
    window.until(lambda: said.exists() and said.read_text() == "tool install --upgrade padwan-server\n")


def test_a_program_that_is_no_server_is_told_once_with_what_helps(workspace: Path, open_window: OpenWindow) -> None:
    settings_of(workspace, interpreter="/bin/false")
    (workspace / "ask.prompts.json").write_text('["x"]')
    window = open_window(workspace)
    shown(window.toast("padwan-server did not start"))
    for button in ("Install", "Choose Interpreter", "Show Log"):
        shown(window.toast("did not start").locator(".monaco-button", has_text=button))
    window.command("Padwan: List Batch Jobs")
    shown(window.toast("padwan-server is not running.").locator(".monaco-button", has_text="Install"))
    window.picture("no-server")
    expect(window.page.locator(".notification-toast")).to_have_count(2)


def test_a_server_that_was_killed_comes_back_with_its_jobs(
    folder: Path, installed: CodeServer, open_window: OpenWindow
) -> None:
    scenario(folder, clock={"pending": 0, "running": 60, "speed": 0})
    (folder / "ask.prompts.json").write_text('["x"]')
    window = open_window(folder)
    window.command("Padwan: Create Batch Job")
    window.pick("ask.prompts.json")
    window.pick("gemini-3.8-flash")
    window.answer("Name of the job", "long")
    shown(window.toast("Batch job long"))
    shown(window.status.filter(has_text="1 running"))
    [server] = installed.processes("padwan_server", "lsp")
    server.kill()
    psutil.wait_procs([server], timeout=20)
    shown(window.status.filter(has_text="1 running"))
    window.until(lambda: bool(installed.processes("padwan_server", "lsp")))
    window.show_jobs()
    shown(window.job(re.compile("long.*running")))
    expect(window.page.locator(".notification-toast .codicon-error")).to_have_count(0)
