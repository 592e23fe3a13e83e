"""Draws docs/pictures/neovim-*.svg: what a real Neovim shows with the plugin; `python -m docs.neovim_picture`."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import tempfile
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.text import Text

from tests.support.neovim import Neovim, open_neovim

PICTURES = Path(__file__).parent / "pictures"
WIDTH, HEIGHT = 132, 30

PROMPTS = """[
  {"key": "tagline", "prompt": "A tagline for a tea that helps to wait."},
  {"key": "haiku", "prompt": "A haiku about batch jobs."},
  {"key": "rude", "prompt": "What would the competition say about it?"},
  {"key": "label", "prompt": "The text on the tin, at most 20 words."},
  {"prompt": "A tagline for a tea that helps to wait."}
]
"""
ANSWERS = {
    "tagline": {"text": "Good things come to those who steep."},
    "haiku": {"text": "Queued in the evening,\nby morning the answers wait\nlonger than I did."},
    "rude": {"blocked": "SAFETY", "times": 1},
    "label": {"text": "Slow leaves, half the price of hurry. Steep up to 48 hours; most are ready\nmuch sooner."},
}


_LOOKED = "vim.iter(seen):any(function(text) return text:find('^report') end)"


class Screen:
    """The cells that Neovim draws, with their colours (see :help ui-linegrid)."""

    def __init__(self) -> None:
        self._cells = [[(" ", 0)] * WIDTH for _ in range(HEIGHT)]
        self._styles: dict[int, dict[str, Any]] = {0: {}}
        self._colours = {"foreground": 0, "background": 0}

    def take(self, events: list[Any]) -> None:
        """Follow what Neovim says has changed."""
        for name, *calls in events:
            handle = getattr(self, f"_{name}", None)
            for call in calls if handle else ():
                handle(*call)  # type: ignore[misc]

    def _default_colors_set(self, foreground: int, background: int, *_: Any) -> None:
        self._colours = {"foreground": foreground, "background": background}

    def _hl_attr_define(self, number: int, style: dict[str, Any], *_: Any) -> None:
        self._styles[number] = style

    def _grid_clear(self, _: int) -> None:
        self._cells = [[(" ", 0)] * WIDTH for _ in range(HEIGHT)]

    def _grid_line(self, _: int, row: int, column: int, cells: list[list[Any]], *__: Any) -> None:
        style = 0
        for text, *more in cells:
            style = more[0] if more else style
            for _repeat in range(more[1] if len(more) > 1 else 1):
                self._cells[row][column] = (text, style)
                column += 1

    def _grid_scroll(self, _: int, top: int, bottom: int, left: int, right: int, rows: int, __: int) -> None:
        kept = [row[left:right] for row in self._cells]
        for row in range(top, bottom):
            if top <= row + rows < bottom:
                self._cells[row][left:right] = kept[row + rows]

    def text(self) -> Text:
        """The screen as rich has it."""
        drawn = Text()
        for row in self._cells:
            for number, cells in groupby(row, itemgetter(1)):
                drawn.append("".join(text for text, _ in cells), self._style(self._styles.get(number, {})))
            drawn.append("\n")
        return drawn

    def _style(self, style: dict[str, Any]) -> str:
        colours = {**self._colours, **style}
        front, back = colours["foreground"], colours["background"]
        if style.get("reverse"):
            front, back = back, front
        words = [word for word in ("bold", "italic", "underline") if style.get(word)]
        return " ".join([*words, f"#{front:06x} on #{back:06x}"])


def shot(neovim: Neovim, name: str) -> None:
    """Draw what is on the screen now."""
    neovim.nvim.ui_attach(WIDTH, HEIGHT, rgb=True, ext_linegrid=True)
    channel = neovim.nvim.channel_id
    neovim.lua("local to = ...; vim.cmd('redraw!'); vim.schedule(function() vim.rpcnotify(to, 'drawn') end)", channel)
    screen = Screen()
    while (message := neovim.nvim.next_message()) and message[1] != "drawn":
        if message[1] == "redraw":
            screen.take(message[2])
    neovim.nvim.ui_detach()
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(screen.text(), end="")
    # Whoever looks at it loads no font from elsewhere.
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title=f"Neovim: {name}"), flags=re.DOTALL)
    (PICTURES / f"neovim-{name}.svg").write_text(drawn, encoding="utf-8")


def main() -> None:
    """Live a morning at the desk, and draw its screens."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        workspace = home / "tea"
        (workspace / ".padwan" / "emulator").mkdir(parents=True)
        clock = {"pending": 1, "running": 100, "speed": 0}
        (workspace / ".padwan" / "emulator" / "scenario.json").write_text(
            json.dumps({"answers": ANSWERS, "clock": clock})
        )
        (workspace / "tea.prompts.json").write_text(PROMPTS)
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        os.environ["HOME"] = str(home)
        for name in ("CONFIG", "DATA", "CACHE", "STATE"):
            os.environ[f"XDG_{name}_HOME"] = str(home / name.lower())
        os.chdir(workspace)
        settings = {"padwan": {"backend": "emulator", "inlayHints": True}}
        with open_neovim({"settings": settings}) as neovim:
            _morning(neovim, workspace)


def _morning(neovim: Neovim, workspace: Path) -> None:
    def advance(seconds: float) -> None:
        url = (workspace / ".padwan/emulator/url").read_text().strip()
        httpx2.post(f"{url}/emulator/clock", json={"advance": seconds}).raise_for_status()

    neovim.lua("vim.o.columns, vim.o.lines = ...", WIDTH, HEIGHT)
    neovim("set termguicolors laststatus=2 number")
    neovim.lua("vim.diagnostic.config({ virtual_text = true })")
    neovim("let &statusline = \" %t %m %= %{v:lua.require'padwan'.status()} \"")
    neovim.edit(workspace / "tea.prompts.json")
    neovim("Padwan create name=first-try range=1-2")
    neovim.hears("sent as")
    neovim.until(_LOOKED)
    advance(200)
    neovim(f"Padwan poll {_newest(neovim)} interval=1")
    neovim.hears("SUCCEEDED")
    neovim("Padwan create name=tea")
    neovim.until("#require('padwan.jobs').all() == 2")
    job = _newest(neovim)
    neovim.lua("seen = {}")
    neovim.until(_LOOKED)
    neovim(f"Padwan poll {job} interval=1")
    advance(60)
    neovim.until("(require('padwan.jobs').all()[1].succeeded or 0) > 0")
    neovim("Padwan list")
    neovim.until("vim.bo.filetype == 'padwan-jobs' and vim.fn.getline(4):find('SUCCEEDED')")
    neovim.lua("vim.api.nvim_win_set_height(0, 8)")
    neovim.nvim.current.window.cursor = (3, 0)
    shot(neovim, "jobs")

    advance(200)
    neovim.hears("tea SUCCEEDED")
    neovim("close")
    neovim.nvim.current.window.cursor = (3, 4)
    neovim.answer("Send nothing")
    neovim(f"Padwan retry {job}")
    neovim.until("#vim.fn.getqflist() == 1 and #asked == 1")
    neovim("Padwan results")
    neovim.until("vim.bo.filetype == 'padwan-results'")
    neovim.until("#vim.lsp.inlay_hint.get({ bufnr = 1 }) >= 4")
    shot(neovim, "results")


def _newest(neovim: Neovim) -> str:
    return str(neovim.lua("return require('padwan.jobs').all()[1].job"))


if __name__ == "__main__":
    main()
