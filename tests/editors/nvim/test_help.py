"""What helps a person at Neovim: completion, help, health, and errors that name the next step."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from padwan_server.operations.table import OPERATIONS
from tests.editors.nvim.test_prompt_files import job, write
from tests.support.neovim import PLUGIN, Neovim, open_bare_neovim

pytestmark = pytest.mark.slow


def completed(neovim: Neovim, line: str) -> list[str]:
    found: list[str] = neovim.lua("return vim.fn.getcompletion(..., 'cmdline')", line)
    return found


def test_everything_on_the_command_line_completes(neovim: Neovim, workspace: Path) -> None:
    subcommands = completed(neovim, "Padwan ")
    assert subcommands == [
        *OPERATIONS,
        *(name for name in ("log", "restart", "results", "stop") if name not in OPERATIONS),
    ]
    assert completed(neovim, "Padwan c") == ["create", "cancel"]
    neovim.edit(write(workspace / "ask.prompts.json", '["a"]'))
    assert completed(neovim, "Padwan create ask") == ["ask.prompts.json"]
    assert completed(neovim, "Padwan create ask.prompts.json mo") == ["model="]
    assert completed(neovim, "Padwan validate file=ask") == ["file=ask.prompts.json"]
    neovim("Padwan create")
    neovim.hears("sent as")
    assert completed(neovim, "Padwan status ") == [job(neovim), "job=", "results="]
    assert completed(neovim, "Padwan export x.json format=") == [
        "format=json",
        "format=csv",
        "format=txt",
        "format=jsonl",
    ]
    assert completed(neovim, f"Padwan retry {job(neovim)} submit=t") == ["submit=true"]


def test_completion_reads_the_command_line_as_vim_does(neovim: Neovim, workspace: Path) -> None:
    neovim.edit(write(workspace / "two words.prompts.txt", "a\n"))
    assert completed(neovim, "Padwan create two") == [r"two\ words.prompts.txt"]
    assert completed(neovim, r"Padwan create file=two\ w") == [r"file=two\ words.prompts.txt"]
    assert completed(neovim, r"Padwan create two\ words.prompts.txt mo") == ["model="]
    neovim(r"Padwan validate two\ words.prompts.txt")
    neovim.hears("two words.prompts.txt: 1 prompt, 0 errors, 0 warnings")
    # Shortened, behind a range, and with more behind the cursor.
    assert completed(neovim, "silent 1,1Pad can") == ["cancel"]
    assert neovim.lua("return require('padwan.command').complete('c', 'Padwan c model=x', 8)") == ["create", "cancel"]
    assert completed(neovim, "Padwan retry x which=failed,b") == ["which=failed,blocked"]
    assert "model=gemini-3.8-flash" in completed(neovim, "Padwan create model=")


def test_what_was_typed_wrong_is_said(neovim: Neovim) -> None:
    neovim("Padwan crate")
    assert "there is no :Padwan crate" in neovim.hears("There are: validate, create")
    neovim("Padwan list limit=few")
    neovim.hears("limit=few must be a whole number")
    neovim("Padwan status a b")
    neovim.hears("status does not take b. It takes: job=")
    # A misspelt name is not taken for a file, and no number is what JSON cannot say.
    neovim("Padwan create modle=x")
    neovim.hears("create does not take modle=x. It takes: file= prompts= model=")
    neovim("Padwan create max_requests=inf")
    neovim.hears("max_requests=inf must be a whole number")
    neovim("Padwan status")
    neovim.hears("there are no jobs yet: :Padwan create sends a prompt file.")


def test_validate_lists_the_problems_at_their_places(neovim: Neovim, workspace: Path) -> None:
    path = write(workspace / "bad.prompts.json", '["😀", "",\n "b", ""]')
    neovim(f"Padwan validate {path}")
    neovim.hears("bad.prompts.json: 4 prompts, 2 errors")
    found = neovim.lua("return vim.fn.getqflist()")
    assert [(item["lnum"], item["col"]) for item in found] == [(1, 10), (2, 7)]


def test_every_subcommand_has_its_help(start: Callable[..., Neovim], tmp_path: Path) -> None:
    doc = tmp_path / "copy" / "doc"
    shutil.copytree(PLUGIN / "doc", doc)
    neovim = start()
    # Without any plugin manager that would make the index.
    for subject in ["padwan", "padwan-views", "padwan-config", "padwan-key", *completed(neovim, "Padwan ")]:
        neovim(f"help {subject if subject.startswith('padwan') else f'padwan-{subject}'}")
        assert "padwan" in neovim.lua("return vim.fn.expand('%:t')")
    index = (doc / "tags").read_text()
    neovim(f"helptags {doc}")
    assert (doc / "tags").read_text() == index
    # Every |tag| of the pages leads somewhere.
    tags = {line.split("\t")[0] for line in (doc / "tags").read_text().splitlines()}
    pages = "".join(page.read_text() for page in doc.glob("*.txt"))
    links = {word for word in pages.split("|")[1::2] if word.startswith("padwan")}
    assert links <= tags


_MANAGERS = """
local snippet, clone = ...
local found = {}
-- lazy.nvim and packer.nvim take the folder and run config; vim.pack calls load with the path of its clone.
local environment = setmetatable({
  use = function(spec) found = { spec[1], spec.config } end,
  vim = setmetatable({ pack = { add = function(specs, options)
    found = { specs[1].src .. '/editors/nvim' }
    options.load({ spec = specs[1], path = clone })
  end } }, { __index = vim }),
}, { __index = _G })
local code = vim.startswith(snippet, "{") and "return " .. snippet or snippet
local returned = setfenv(assert(loadstring(code)), environment)()
if returned then
  found = { returned.dir, returned.config }
end
if found[2] then
  vim.opt.runtimepath:append(clone .. "/editors/nvim")
  found[2]()
end
return found[1] or ""
"""


@pytest.mark.parametrize("place", range(3))
def test_the_lines_for_plugin_managers_load_the_plugin(
    monkeypatch: pytest.MonkeyPatch, workspace: Path, tmp_path: Path, place: int
) -> None:
    page = (PLUGIN.parents[1] / "docs" / "start" / "neovim.md").read_text(encoding="utf-8")
    snippet = re.findall(r"```lua\n(.*?)```", page.split("## With a plugin manager")[1], re.DOTALL)[place]
    clone = tmp_path / "home" / "src" / "padwan-server"
    clone.parent.mkdir(parents=True)
    clone.symlink_to(PLUGIN.parents[1])
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with open_bare_neovim() as neovim:
        folder = neovim.lua(_MANAGERS, snippet, str(clone))
        assert folder == "" or folder.endswith("/src/padwan-server/editors/nvim")
        # As at the end of start-up.
        neovim("runtime! plugin/padwan.lua")
        neovim("help padwan-views")
        assert neovim.lua("return vim.fn.exists(':Padwan')") == 2
        neovim.edit(write(workspace / "x.prompts.json", '["a"]'))


def test_a_missing_server_says_what_to_do(start: Callable[..., Neovim], workspace: Path) -> None:
    neovim = start(cmd=["no-such-server", "lsp"])
    neovim(f"edit {write(workspace / 'x.prompts.json', '[]')}")
    assert "vim.lsp.config('padwan', { cmd" in neovim.hears("padwan-server was not found")
    neovim("Padwan list")
    neovim.until("#told == 2")
    neovim("checkhealth padwan")
    assert "❌ ERROR no-such-server was not found" in "\n".join(neovim.lines)


def test_a_missing_key_says_what_to_do(start: Callable[..., Neovim], workspace: Path) -> None:
    neovim = start(settings={"padwan": {}})
    neovim.edit(write(workspace / "x.prompts.json", '["a"]'))
    neovim("Padwan create")
    assert "GEMINI_API_KEY" in neovim.hears("No API key is set")
    neovim("checkhealth padwan")
    report = "\n".join(neovim.lines)
    assert "❌ ERROR backend: gemini, but no API key is set" in report
    assert "backend = 'emulator'" in report


def test_health_tells_all_there_is(neovim: Neovim, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    neovim.lua("vim.env.GEMINI_API_KEY = 'AIza-secret'")
    neovim.edit(write(workspace / "x.prompts.json", '["a"]'))
    neovim("Padwan create")
    neovim.hears("sent as")
    neovim("checkhealth padwan")
    report = "\n".join(neovim.lines)
    for words in (
        "OK padwan-server, version ",
        "OK backend: emulator (free, needs no key), running at http://127.0.0.1:",
        "GEMINI_API_KEY is set, and not used",
        f"OK workspace: {workspace}",
        "OK ledger: ",
        "OK running: client 1",
    ):
        assert words in report
    assert "AIza" not in report


def test_health_tells_of_a_damaged_ledger(neovim: Neovim, workspace: Path) -> None:
    neovim.edit(write(workspace / "x.prompts.json", '["a"]'))
    neovim("Padwan create")
    neovim.hears("SUCCEEDED")
    # A living server would mend it at once.
    neovim.lua("vim.lsp.stop_client(vim.lsp.get_clients(), true)")
    assert neovim.lua("return vim.wait(5000, function() return #vim.lsp.get_clients() == 0 end)")
    for file in (workspace / ".padwan").glob("ledger.sqlite3-*"):
        file.unlink()
    damaged = b"no database, but something of another program"
    (workspace / ".padwan" / "ledger.sqlite3").write_bytes(damaged)
    neovim("checkhealth padwan")
    assert f"WARNING ledger: {workspace}/.padwan/ledger.sqlite3 is damaged" in "\n".join(neovim.lines)
    assert (workspace / ".padwan" / "ledger.sqlite3").read_bytes() == damaged
    (workspace / ".padwan" / "ledger.sqlite3.damaged-20261124T000000-1").write_bytes(damaged)
    neovim("checkhealth padwan")
    assert "a damaged one was set aside and made again: ledger.sqlite3.damaged-" in "\n".join(neovim.lines)


def test_health_leaves_nothing_in_a_folder_that_is_no_workspace(neovim: Neovim, workspace: Path) -> None:
    neovim("checkhealth padwan")
    report = "\n".join(neovim.lines)
    assert f"workspace: {workspace}, as no folder above has .padwan or .git" in report
    assert "running: no server; opening a prompt file or :Padwan starts one" in report
    assert list(workspace.iterdir()) == []


def test_an_on_attach_of_ones_own_takes_nothing_away(start: Callable[..., Neovim], workspace: Path) -> None:
    neovim = start()
    neovim.lua("vim.lsp.config('padwan', { on_attach = function() _G.attached = true end })")
    neovim.edit(write(workspace / "x.prompts.json", '["a"]'))
    assert neovim.lua("return attached")
    neovim.until("#vim.lsp.codelens.get(0) == 1")


def test_a_question_of_the_server_is_asked_by_neovims_own_picker(start: Callable[..., Neovim], workspace: Path) -> None:
    neovim = start()
    neovim.edit(write(workspace / "x.prompts.json", '["a"]'))
    neovim.edit(write(workspace / "y.prompts.json", '["a", "b"]'))
    neovim.answer("y.prompts.json")
    neovim.lua(
        "vim.lsp.get_clients()[1]:request('workspace/executeCommand', { command = 'padwan.batch.validate' },"
        " function(_, result) _G.checked = result end)"
    )
    assert neovim.until("checked")["file"] == "y.prompts.json"
    assert neovim.asked == [["Validate Prompts: which file?: ", ["x.prompts.json", "y.prompts.json"]]]


def test_the_log_opens(neovim: Neovim) -> None:
    neovim("Padwan log")
    assert neovim.nvim.current.buffer.name.endswith("lsp.log")
