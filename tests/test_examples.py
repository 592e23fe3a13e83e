"""Every fenced block of the documents is run, or held against what it is for; a new one of an unknown kind fails.

A page is followed from top to bottom in one empty folder: its files are there, its commands print what it says.
"""

from __future__ import annotations

import filecmp
import json
import re
import socket
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from padwan_server.cli.examples import EXAMPLES
from padwan_server.emulator import scenario
from padwan_server.emulator.testing import RunningEmulator
from padwan_server.operations.table import OPERATIONS
from padwan_server.prompts.document import parse as parse_prompts
from padwan_server.prompts.format import format_of
from tests.support.assistant import call, start_as
from tests.support.language_client import open_editor
from tests.support.neovim import binary
from tests.support.pages import ROOT, Block, blocks, pages
from tests.support.reader import Reader
from tests.support.service import service_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

BLOCKS = [block for page in pages() for block in blocks(page)]
COMMANDS = "docs/reference/commands.md"

UNRUN = {
    "python3 -m venv ~/.local/padwan-server": "it takes packages from a registry; the Makefile does the same",
    "~/.local/padwan-server/bin/pip install --quiet .": "it takes packages from a registry; the Makefile does the same",
    "make demo": "tests/demo runs what it runs",
    "make test": "it is what runs this",
    "make check": "CI runs it",
    "make vsix": "tests/editors/vscode builds the extension by it",
    "code --install-extension build/padwan.vsix": "tests/editors/vscode installs it, by another name of the program",
    "claude mcp add padwan -- padwan-server mcp --backend emulator": "tests/mcp/test_clients.py has that program do it",
    'claude mcp add --transport http padwan "$(jq -r .url .padwan/mcp.json)" --header "Authorization: Bearer '
    '$(jq -r .token .padwan/mcp.json)"': "tests/mcp/test_clients.py has that program do it",
}
"""Lines that are not run, and why."""

DRAWINGS = {"docs/architecture.md": 1, "docs/explanation/job.md": 1}
"""Pages with blocks that are neither commands nor files, and how many."""

ELSEWHERE = {
    "transcript": "tests/e2e/test_protocol_page.py",
    "elisp": "tests/editors/emacs/test_eglot.py",
    "scheme": "tests/editors/test_start_pages.py",
}
"""Languages whose blocks another test runs."""


def prompts(block: Block) -> None:
    """A prompt file without a problem worth a word."""
    document = parse_prompts(block.text, format_of(block.title or "prompts.json"))
    assert document.records
    assert {problem.code for problem in document.problems} <= {"mixed-array", "duplicate-prompt"}


def emulator_scenario(block: Block) -> None:
    scenario.parse(json.loads(block.text))


def run_by_the_page(block: Block) -> None:
    """A program: a later command of the page starts it."""
    later = [other.text for other in blocks(block.page) if other.line > block.line and other.language == "console"]
    assert any(block.title in text for text in later)


def palette(block: Block) -> None:
    """Sublime Text's commands are the server's."""
    names = [entry["args"]["command_name"] for entry in json.loads(block.text)]
    assert names
    assert set(names) <= {f"padwan.batch.{name}" for name in OPERATIONS}


def lua(block: Block) -> None:
    """Lua that Neovim can read. Plugin managers take a table, which is an expression."""
    text = f"return {block.text}" if block.text.startswith("{") else block.text
    command = [binary(), "--clean", "--headless", "-l", "/dev/stdin"]
    subprocess.run(command, input=f"assert(loadstring({json.dumps(text)}))", text=True, check=True, timeout=30)


FILES: dict[str, Callable[[Block], None]] = {
    r"[\w.]*\.prompts\.(json|jsonl|txt)": prompts,
    r"(\.padwan/emulator/)?scenario\.json": emulator_scenario,
    r"\w+\.py": run_by_the_page,
    r"Padwan\.sublime-commands": palette,
    r"init\.lua": lua,
}
"""What files are held against, by their names; language and tool servers below."""

LANGUAGE_SERVERS = ("languages.toml", "LSP.sublime-settings", "settings.json (Kate)")
TOOL_SERVERS = (
    ".mcp.json",
    "mcp.json",
    ".gemini/settings.json",
    ".vscode/mcp.json",
    ".cursor/mcp.json",
    "config.toml",
    "settings.json (Zed)",
)


def kind(block: Block) -> str:
    """How a block is checked."""
    if block.title in LANGUAGE_SERVERS:
        return "language server"
    if block.title in TOOL_SERVERS:
        return "tool server"
    if block.language in ELSEWHERE:
        return "elsewhere"
    if block.language in ("console", "sh") or (block.language == "python" and not block.title):
        return "page"
    if checker(block):
        return "file"
    return "drawing" if block.language in ("", "text") and not block.title else "unknown"


def checker(block: Block) -> Callable[[Block], None] | None:
    if not block.title:
        return {"json": prompts, "lua": lua}.get(block.language)
    return next((check for name, check in FILES.items() if re.fullmatch(name, block.title)), None)


def of_kind(*kinds: str) -> list[Block]:
    return [block for block in BLOCKS if kind(block) in kinds]


def logical_lines(text: str) -> list[str]:
    return re.sub(r"\\\n\s*", "", text).splitlines()


def test_every_block_is_checked_somehow() -> None:
    assert len(BLOCKS) > 60
    assert [str(block) for block in of_kind("unknown")] == []
    drawn = [block.page for block in of_kind("drawing")]
    assert {page: drawn.count(page) for page in drawn} == DRAWINGS


def test_blocks_that_run_elsewhere_are_read_there() -> None:
    for block in of_kind("elsewhere"):
        assert Path(block.page).name in (ROOT / ELSEWHERE[block.language]).read_text(encoding="utf-8")


def test_what_is_not_run_is_still_in_the_pages() -> None:
    lines = {line.removeprefix("$ ") for block in of_kind("page") for line in logical_lines(block.text)}
    assert set(UNRUN) - lines == set()


@pytest.mark.parametrize("block", of_kind("file"), ids=str)
def test_a_file_is_what_it_is_for(block: Block) -> None:
    check = checker(block)
    assert check
    check(block)


@pytest.mark.parametrize("block", of_kind("language server"), ids=str)
async def test_a_language_server_starts_as_the_page_says(
    block: Block, workspace: Path, environment: dict[str, str]
) -> None:
    read = tomllib.loads(block.text) if block.title.endswith(".toml") else json.loads(block.text)
    servers = next(iter(read.values()))
    [server] = servers.values()
    command = server["command"]
    assert (command if isinstance(command, list) else [command, *server["args"]]) == ["padwan-server", "lsp"]
    options = server.get("initializationOptions") or server["config"]
    async with open_editor(workspace, environment=environment, options=options) as editor:
        assert (await editor.command("create", prompts=["x"]))["state"] == "PENDING"


@pytest.mark.parametrize("block", {block.text: block for block in of_kind("tool server")}.values(), ids=str)
async def test_a_tool_server_starts_as_the_page_says(
    block: Block, workspace: Path, environment: dict[str, str]
) -> None:
    (workspace / "ask.txt").write_text("a prompt")
    read = tomllib.loads(block.text) if block.title.endswith(".toml") else json.loads(block.text)
    [[server]] = [servers.values() for servers in read.values()]
    assert server["command"] == "padwan-server"
    places = ("${workspaceFolder}", "/path/of/your/project")
    arguments = [str(workspace) if argument in places else argument for argument in server["args"]]
    async with start_as(arguments, workspace, environment) as session:
        assert (await call(session, "create", file="ask.txt"))["state"] == "PENDING"


@pytest.fixture
def reader(environment: dict[str, str], emulate: Callable[..., RunningEmulator]) -> Iterator[Reader]:
    """Without ``--backend emulator`` an emulator stands for the Gemini API."""
    reader = Reader(service_environment(environment, emulate()))
    yield reader
    reader.close()


@pytest.mark.parametrize("page", sorted({block.page for block in of_kind("page")} - {COMMANDS}))
def test_a_page_can_be_followed(page: str, reader: Reader) -> None:
    ports: dict[str, str] = {}
    for block in blocks(page):
        if checker(block) and block.title:
            path = reader.folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    for block in (with_free_ports(block, ports) for block in blocks(page)):
        if kind(block) != "page":
            continue
        if block.language == "console":
            reader.console(block, UNRUN)
        elif block.language == "python":
            reader.script(block, f"python - <<'PROGRAM'\n{block.text}PROGRAM")
        else:
            reader.script(block, "\n".join(line for line in logical_lines(block.text) if line not in UNRUN))


def with_free_ports(block: Block, ports: dict[str, str]) -> Block:
    """Other tests run beside this one, so the port that a page names may be taken."""
    for port in re.findall(r"(?:--port |127\.0\.0\.1:)(\d+)", block.text):
        if port not in ports:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                ports[port] = str(probe.getsockname()[1])
    text = re.sub("|".join(ports) or "(?!)", lambda found: ports[found[0]], block.text)
    return Block(block.page, block.line, block.language, block.title, text)


def test_the_examples_of_commands_are_those_of_their_help(reader: Reader) -> None:
    """tests/cli/test_terminal.py runs those of ``batch``."""
    (reader.folder / "parameters.json").write_text('{"prompts": ["x"]}')
    known = {f"padwan-server batch {line}" for lines in EXAMPLES.values() for line in lines}
    for block in blocks(COMMANDS):
        lines = block.text.splitlines()
        if not known.issuperset(lines):
            assert all(line.startswith("padwan-server run ") for line in lines)
            reader.script(block, "set -e\n" + block.text)


def test_commands_of_vs_code_are_called_as_the_pages_say() -> None:
    manifest: dict[str, Any] = json.loads((ROOT / "editors/vscode/package.json").read_text(encoding="utf-8"))
    titles = {f"{command['category']}: {command['title']}" for command in manifest["contributes"]["commands"]}
    named = {
        name
        for page in ("docs/start/vscode.md", "editors/vscode/README.md")
        for name in re.findall(r"\*\*(Padwan: [^*]+)\*\*", (ROOT / page).read_text(encoding="utf-8"))
    }
    assert len(named) > 4
    # What stands in brackets is an explanation, which a sentence may leave out.
    assert {name.partition(" (")[0] for name in named} <= {title.partition(" (")[0] for title in titles}


def test_pictures_are_those_of_the_extension() -> None:
    for name in ("run", "results"):
        taken = ROOT / f"editors/vscode/media/walkthrough/{name}.png"
        assert filecmp.cmp(ROOT / f"docs/pictures/vscode-{name}.png", taken, shallow=False), f"make pictures: {name}"
