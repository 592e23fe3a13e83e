"""What Neovim shows of prompt files: problems, fixes, lenses, hovers, the way to an answer and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.editors.conftest import Clock
from tests.support.neovim import Neovim

pytestmark = pytest.mark.slow


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_it_looks_after_prompt_files_alone_and_loads_nothing_before(
    start: Callable[..., Neovim], workspace: Path
) -> None:
    settings = {"padwan": {"backend": "emulator", "files": ["*.prompts.json", "*.ask"]}}
    neovim = start(settings=settings)
    neovim(f"edit {write(workspace / 'README', 'text')}")
    assert neovim.lua(
        "return vim.tbl_filter(function(n) return n:find('^padwan') end, vim.tbl_keys(package.loaded))"
    ) in (
        [],
        ["padwan.files"],
    )
    neovim(f"edit {write(workspace / 'other.json', '[]')}")
    neovim.edit(write(workspace / "mine.ask", "One prompt a line.\n"))
    assert neovim.lua("return vim.bo.filetype") == "text"
    neovim.edit(write(workspace / "x.prompts.json", '["a"]'))
    assert neovim.lua("return vim.bo.filetype") == "json"
    [client] = neovim.lua("return vim.tbl_map(function(c) return c.root_dir end, vim.lsp.get_clients())")
    assert client == str(workspace)
    assert neovim.lua("return #vim.lsp.get_clients({ bufnr = vim.fn.bufnr('other.json') })") == 0


def test_problems_come_and_go_with_edits_beside_wide_characters(neovim: Neovim, workspace: Path) -> None:
    text = '["👩‍🚀 one\u2028two", "", "last"]'
    neovim.edit(write(workspace / "x.prompts.json", text))
    neovim.until("#vim.diagnostic.get(0) == 1")

    def place() -> tuple[int, bytes]:
        [found] = neovim.lua("return vim.diagnostic.get(0)")
        return found["lnum"], neovim.line.encode()[found["col"] : found["end_col"]]

    assert neovim.codes() == ["blank-prompt"]
    assert place() == (0, b'""')

    neovim.lua("vim.api.nvim_buf_set_text(0, 0, 1, 0, 1, { '\"😀\u2028😀\",', '' })")
    neovim.until("(vim.diagnostic.get(0)[1] or {}).lnum == 1")
    neovim.nvim.current.window.cursor = (2, 0)
    assert place() == (1, b'""')

    neovim.keys('/""<CR>')
    neovim.keys("amended 😀<Esc>")
    neovim.until("#vim.diagnostic.get(0) == 0")
    neovim("undo")
    neovim.until("#vim.diagnostic.get(0) == 1")


def test_a_fix_is_a_code_action(neovim: Neovim, workspace: Path) -> None:
    neovim.edit(write(workspace / "x.prompts.json", '["a 😀", "b",]'))
    neovim.until("#vim.diagnostic.get(0) == 1")
    neovim.keys("$")
    neovim.answer("omma")
    neovim.lua("vim.lsp.buf.code_action()")
    neovim.until('vim.api.nvim_get_current_line() == \'["a 😀", "b"]\'')
    neovim.until("#vim.diagnostic.get(0) == 0")


def test_a_lens_runs_the_file_and_then_shows_the_job(
    neovim: Neovim, workspace: Path, scenario: Callable[..., Clock]
) -> None:
    clock = scenario()
    neovim.edit(write(workspace / "x.prompts.json", '["a", "b"]'))
    neovim.until("#vim.lsp.codelens.get(0) == 1")
    neovim.lua("vim.lsp.codelens.run()")
    neovim.hears("2 prompts were sent")
    titles = "vim.tbl_map(function(lens) return lens.command.title end, vim.lsp.codelens.get(0))"
    neovim.until(f"vim.list_contains({titles}, 'PENDING 0/2')")
    clock.advance(60)
    neovim(f"Padwan poll {job(neovim)} interval=1")
    neovim.hears("SUCCEEDED 2/2")
    neovim.until(f"vim.list_contains({titles}, 'SUCCEEDED 2/2')")
    marks = neovim.lua("return vim.api.nvim_buf_get_extmarks(0, -1, 0, -1, { details = true })")
    assert "SUCCEEDED 2/2" in json.dumps([details.get("virt_text") for *_, details in marks])


def test_hints_hovers_and_definitions_show_the_answer(
    start: Callable[..., Neovim], workspace: Path, scenario: Callable[..., Clock]
) -> None:
    scenario(clock={"pending": 0, "running": 0})
    neovim = start(settings={"padwan": {"backend": "emulator", "inlayHints": True}})
    neovim.edit(write(workspace / "x.prompts.json", '[{"key": "a", "prompt": "one"},\n {"key": "b", "prompt": "two"}]'))
    neovim("Padwan create")
    neovim.hears("sent as")
    neovim.hears("SUCCEEDED 2/2")
    neovim.until("#vim.lsp.inlay_hint.get({ bufnr = 0 }) == 2")

    neovim.nvim.current.window.cursor = (2, 20)
    neovim.lua("vim.lsp.buf.hover()")
    assert "You asked: two" in neovim.floating

    neovim.lua("vim.lsp.buf.definition()")
    neovim.until("vim.api.nvim_buf_get_name(0):find('/.padwan/results/')")
    neovim.until("#vim.lsp.get_clients({ bufnr = 0 }) == 1")
    assert "You asked: two" in neovim.line
    neovim.lua("vim.lsp.buf.definition()")
    neovim.until("vim.api.nvim_buf_get_name(0):find('x.prompts.json')")
    assert neovim.nvim.current.window.cursor[0] == 2


def job(neovim: Neovim) -> str:
    """The newest job that Neovim has heard of."""
    name: str = neovim.lua("return require('padwan.jobs').all()[1].job")
    return name
