"""The real workbench of VS Code in a browser, and what a person does in it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile

import psutil
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.editors.vscode.tools import EXTENSION, PICTURES, Tools

AXE = EXTENSION / "node_modules" / "axe-core" / "axe.min.js"
"""The rules for pages that all can use: https://github.com/dequelabs/axe-core."""
NOWHERE = "http://127.0.0.1:9/none"
WITHIN = 30.0
"""Seconds after which a test gives up waiting."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTINGS: dict[str, Any] = {
    "workbench.startupEditor": "none",
    "workbench.colorTheme": "Default Dark Modern",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.enableExperiments": False,
    "workbench.tips.enabled": False,
    "telemetry.telemetryLevel": "off",
    "extensions.autoCheckUpdates": False,
    "extensions.autoUpdate": False,
    "update.mode": "none",
    "git.enabled": False,
    "remote.autoForwardPorts": False,
    "window.commandCenter": False,
    "files.simpleDialog.enable": True,
    "chat.mcp.discovery.enabled": {},
    "security.workspace.trust.enabled": False,
}


STORED = """async ([key, words]) => {
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => resolve(opening.result);
    });
    const value = await new Promise((resolve) => {
      if (!database.objectStoreNames.contains("ItemTable")) return resolve("");
      const reading = database.transaction("ItemTable").objectStore("ItemTable").get(key);
      reading.onsuccess = () => resolve(String(reading.result));
    });
    database.close();
    if (value.includes(words)) return true;
  }
  return false;
}"""
"""Whether the browser has stored a value of this window that has some words in it."""


class CodeServer:
    """VS Code's server, with its own home and the extension in it."""

    def __init__(self, tools: Tools, folder: Path, **environment: str) -> None:
        self._tools = tools
        self._more = environment
        self.folder = folder
        self._data = folder / "data"
        self._trusts_nobody = False
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""
        self._settings = self._data / "User" / "settings.json"
        user = self._data / "User"
        user.mkdir(parents=True)
        self._settings.write_text(json.dumps(SETTINGS))
        (folder / "config.yaml").write_text("auth: none\n")
        (folder / "home").mkdir(exist_ok=True)

    @property
    def _environment(self) -> dict[str, str]:
        """No PATH of the tests' own environment: a server that is found there would hide that none was found."""
        home = self.folder / "home"
        gallery = dict.fromkeys(("serviceUrl", "itemUrl", "resourceUrlTemplate"), NOWHERE)
        return {
            "PATH": os.pathsep.join([str(self._tools.node.parent), "/usr/bin", "/bin"]),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local/share"),
            "LANG": "C.UTF-8",
            "EXTENSIONS_GALLERY": json.dumps(gallery),
        } | self._more

    @property
    def _command(self) -> list[str]:
        places = ["--user-data-dir", str(self._data), "--extensions-dir", str(self.folder / "extensions")]
        config = ["--config", str(self.folder / "config.yaml")]
        return [str(self._tools.node), str(self._tools.code_server), *config, *places]

    def trust_nobody(self) -> None:
        """Trust a folder only when its user says so."""
        self._trusts_nobody = True
        trust = {"security.workspace.trust.enabled": True, "security.workspace.trust.startupPrompt": "never"}
        self._settings.write_text(json.dumps(SETTINGS | trust))

    def add_extension(self, vsix: Path) -> None:
        """Install a packaged extension."""
        command = [*self._command, "--install-extension", str(vsix)]
        subprocess.run(command, env=self._environment, check=True, stdout=subprocess.DEVNULL)

    def add_folder(self, extension: Path) -> None:
        """Install an extension that needs no building, from its folder."""
        vsix = self.folder / f"{extension.name}.vsix"
        with ZipFile(vsix, "w") as archive:
            for file in extension.iterdir():
                archive.write(file, f"extension/{file.name}")
        self.add_extension(vsix)

    def processes(self, *words: str) -> list[psutil.Process]:
        """What it started, by words of the command line."""
        started = psutil.Process(self._process.pid).children(recursive=True) if self._process else []
        return [process for process in started if set(words) <= set(_command_of(process))]

    @contextmanager
    def running(self, *options: str) -> Iterator[CodeServer]:
        """Serve until the end of the block."""
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{chosen.getsockname()[1]}"
        quiet = ["--auth", "none", "--disable-telemetry", "--disable-update-check", "--disable-proxy"]
        quiet += ["--disable-getting-started-override", *([] if self._trusts_nobody else ["--disable-workspace-trust"])]
        command = [*self._command, "--bind-addr", self.address, *quiet, *options]
        with (self.folder / "server.log").open("ab") as log:
            process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log, start_new_session=True)
        self._process = process
        try:
            self._wait(process)
            yield self
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + WITHIN
        while time.monotonic() < until and process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://{self.address}/healthz", timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"code-server did not start:\n{(self.folder / 'server.log').read_text()[-2000:]}")

    def url(self, workspace: Path, payload: Mapping[str, str] | None = None) -> str:
        """The address of a window on a folder or a .code-workspace file."""
        kind = "workspace" if workspace.suffix == ".code-workspace" else "folder"
        more = f"&payload={quote(json.dumps(list((payload or {}).items())))}" if payload else ""
        return f"http://{self.address}/?{kind}={workspace}{more}"

    def remote(self, path: Path) -> str:
        """A path as the window names it."""
        return f"vscode-remote://{self.address}{path}"


def _command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _servers() -> list[psutil.Process]:
    """Language servers that run, each with the folder that it was started in."""
    running = psutil.process_iter(["cmdline", "cwd"])
    return [process for process in running if {"padwan_server", "lsp"} <= set(process.info["cmdline"] or ())]


def settings_of(workspace: Path, **settings: Any) -> None:
    """Set what is under ``padwan.`` in a workspace; the server is the one under test unless said otherwise."""
    folder = workspace / ".vscode"
    folder.mkdir(exist_ok=True)
    given = {"interpreter": sys.executable, "backend": "emulator"} | settings
    given = {name: value for name, value in given.items() if value is not None}
    text = json.dumps({f"padwan.{name}": value for name, value in given.items()})
    (folder / "settings.json").write_text(text)


def scenario(workspace: Path, **members: Any) -> None:
    """How the workspace's emulator behaves."""
    folder = workspace / ".padwan" / "emulator"
    folder.mkdir(parents=True)
    (folder / "scenario.json").write_text(json.dumps(members))


def advance(workspace: Path, seconds: float) -> None:
    """Let time go by at an emulator whose clock stands."""
    url = (workspace / ".padwan" / "emulator" / "url").read_text().strip()
    body = json.dumps({"advance": seconds}).encode()
    request = urllib.request.Request(f"{url}/emulator/clock", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=WITHIN).close()


class Window:
    """One window of the workbench."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(WITHIN * 1000)

    def show(self, url: str) -> None:
        """Show a workspace and wait until it is there. What the window asks of other machines is refused."""
        self.page.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
        rows = self.page.locator(".explorer-folders-view .monaco-list-row")
        for patience in (WITHIN / 3, WITHIN / 3, WITHIN):
            # A window on a .code-workspace file may be there before the file was read, and then stays empty.
            self.page.goto(url)
            try:
                return rows.first.wait_for(timeout=patience * 1000)
            except BrowserError:
                continue
        raise AssertionError(f"the window of {url} stayed empty")

    def stored(self, key: str, words: str) -> None:
        """Wait until the browser has stored something, which VS Code does some time after it was asked to."""
        self.until(lambda: self.page.evaluate(STORED, [key, words]))

    def close(self, workspace: Path) -> None:
        """Close it as its user does, and wait until all that belongs to it has ended."""
        self.stored("padwan.padwan", '"padwan.unfinished":["')
        # Leaving the page ends its extension host, as closing a window does; a page that vanishes is waited for.
        self.page.goto("about:blank")
        self.page.close()
        until = time.monotonic() + WITHIN
        while any(process.info["cwd"] == str(workspace) for process in _servers()):
            if time.monotonic() > until:
                raise AssertionError("the server of a closed window lives on")
            time.sleep(0.1)

    def open_file(self, name: str) -> None:
        """Open a file from the explorer."""
        row = self.page.locator(".explorer-folders-view .monaco-list-row").filter(
            has_text=re.compile(f"^{re.escape(name)}")
        )
        row.dblclick()
        self.page.locator(".tab.active", has_text=name).wait_for()

    def command(self, title: str) -> None:
        """Run a command of the palette."""
        # What an extension contributes comes a moment after the window, and the list is not made anew; and what opens
        # late, such as a panel, takes the focus and so closes the palette.
        for patience in (2, 2, 4, 8, WITHIN):
            self.page.keyboard.press("F1")
            try:
                self.page.locator(".quick-input-widget input").first.fill(f">{title}", timeout=patience * 1000)
                return self.row(title).first.click(timeout=patience * 1000)
            except BrowserError:
                self.page.keyboard.press("Escape")
        raise AssertionError(f"there is no command {title}")

    def row(self, text: str | re.Pattern[str]) -> Locator:
        """A row of the quick pick. The one before leaves its rows on the page, hidden."""
        return self.page.locator(".quick-input-list .monaco-list-row", has_text=text).filter(visible=True)

    def pick(self, text: str | re.Pattern[str]) -> None:
        """Pick a row of the quick pick."""
        self.row(text).first.click()

    def answer(self, prompt: str, text: str | None = None) -> None:
        """Answer an input box with what stands in it, or with ``text``."""
        self.page.locator(".quick-input-message", has_text=prompt).wait_for()
        if text is not None:
            self.page.locator(".quick-input-widget input").first.fill(text)
        self.page.keyboard.press("Enter")

    def toast(self, text: str | re.Pattern[str]) -> Locator:
        """A message."""
        return self.page.locator(".notification-toast").filter(has_text=text)

    def press(self, toast: str | re.Pattern[str], button: str) -> None:
        """Press a button of a message."""
        self.toast(toast).locator(".monaco-button", has_text=button).first.click()

    def close_toast(self, text: str | re.Pattern[str]) -> None:
        """Take a message away."""
        toast = self.toast(text).first
        toast.hover()
        toast.get_by_role("button", name="Clear Notification").click()

    def dialog(self, button: str) -> None:
        """Say yes in the dialog that asks."""
        self.page.locator(".monaco-dialog-box .monaco-button", has_text=button).click()

    def go_to(self, line: int, column: int) -> None:
        """Put the cursor of the editor somewhere."""
        self.page.keyboard.press("Control+g")
        self.page.locator(".quick-input-widget input").first.fill(f":{line}:{column}")
        self.page.keyboard.press("Enter")
        self.status_bar(f"Ln {line}, Col {column}").wait_for()

    def job(self, text: str | re.Pattern[str]) -> Locator:
        """A row of the view Batch Jobs."""
        return self.page.locator(".pane-body .monaco-list-row").filter(has_text=text)

    def show_jobs(self) -> None:
        """Show the view Batch Jobs."""
        self.status.first.click()
        self.page.locator(".composite.title", has_text="Batch Jobs").wait_for()

    def refresh_jobs(self) -> None:
        """Ask for the jobs anew."""
        self.page.locator(".composite.title").get_by_role("button", name="Refresh Batch Jobs").click()

    @property
    def status(self) -> Locator:
        """The status bar item."""
        return self.page.locator(
            ".statusbar-item[id='padwan.padwan.padwan.status'], .statusbar-item", has_text="Padwan"
        )

    def status_bar(self, text: str) -> Locator:
        """Another item of the status bar."""
        return self.page.locator(".statusbar-item", has_text=text)

    def save(self, path: Path) -> None:
        """Answer the dialog that asks for a file to write."""
        box = self.page.locator(".quick-input-widget input").first
        # The dialog fills in a path of its own and lists its folder; before that it would write over what is typed.
        self.row("..").first.wait_for()
        expect(box).to_have_value(re.compile("/"))
        box.fill(str(path))
        expect(box).to_have_value(str(path))
        self.confirm()

    def confirm(self) -> None:
        """Press OK in a list of choices or a dialog for files."""
        self.page.locator(".quick-input-widget .monaco-button", has_text=re.compile("^(OK|Choose)$")).click()

    def log_line(self, text: re.Pattern[str]) -> Locator:
        """A line of the extension's log, which is shown."""
        return self.page.locator(".output-view-container .view-line, .output-view .view-line").filter(has_text=text)

    def until(self, look: Callable[[], bool]) -> None:
        """Wait until something is so that is not to be seen on the page."""
        for _ in range(int(WITHIN * 10)):
            if look():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError("waited too long")

    def copied(self, text: str) -> None:
        """Wait until the clipboard holds a text."""
        self.until(lambda: self.page.evaluate("navigator.clipboard.readText()") == text)

    def table(self) -> FrameLocator:
        """The webview that is shown."""
        shown = self.page.locator("iframe.webview.ready >> visible=true")
        return shown.content_frame.frame_locator("iframe#active-frame")

    def themed(self, kind: str) -> Locator:
        """What is shown in the table's colours of a kind of theme, named as VS Code names it on the page."""
        kinds = {"light": "vscode-light", "contrast": "vscode-high-contrast"}
        return self.table().locator(f"body.{kinds[kind]} .grid")

    def violations(self) -> list[str]:
        """What the webview lacks for those who use it without seeing it, or cannot tell its colours apart."""
        body = self.table().locator("body").element_handle()
        frame = body.owner_frame() if body else None
        assert frame
        frame.evaluate(AXE.read_text(encoding="utf-8"))
        found = frame.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
        return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]

    def picture(self, name: str) -> None:
        """Keep what is to be seen as a picture."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")


def shown(locator: Locator) -> None:
    """Wait until something is to be seen."""
    expect(locator.first).to_be_visible(timeout=WITHIN * 1000)
