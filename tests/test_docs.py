"""Documents hold what is true: derived pages are fresh, links lead somewhere, examples run."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.scenario import parse
from padwan_server.emulator.testing import RunningEmulator, start_emulator
from padwan_server.operations.table import OPERATIONS
from padwan_server.prompts.document import parse as parse_prompts
from padwan_server.prompts.format import PromptFormat
from tests.support.language_client import open_editor
from tests.support.neovim import binary
from tests.support.shell import Shell

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "editors" / "README.md",
    ROOT / "editors" / "vscode" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]


def blocks(page: str, language: str) -> list[str]:
    """The fenced code of a language in a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_derived_pages_are_fresh() -> None:
    pages = runpy.run_path(str(ROOT / "docs" / "derive.py"))["pages"]()
    assert len(pages) == 13
    assert [path.name for path, text in pages.items() if path.read_text(encoding="utf-8") != text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_what_the_architecture_names_is_there() -> None:
    named = re.findall(r"`((?:[\w.]+/)*[\w.]+\.(?:py|md)|tests/[\w/]+)`", (ROOT / "docs/architecture.md").read_text())
    assert len(named) > 10
    places = (ROOT, ROOT / "padwan_server")
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    reasons = (ROOT / "docs/architecture.md").read_text().partition("## Dependencies")[2]
    names = [re.split(r"[<>=]", dependency)[0] for dependency in project["dependencies"]]
    assert [name for name in names if not re.search(rf"^\| [^|]*\b{name}\b", reasons, re.MULTILINE)] == []


def test_the_readmes_prompt_files_have_no_problem_worth_a_word() -> None:
    for language, format in (("json", PromptFormat.JSON), ("jsonl", PromptFormat.JSONL), ("text", PromptFormat.TEXT)):  # noqa: A001
        document = parse_prompts(blocks("README.md", language)[0], format)
        assert len(document.records) == 2
        assert [problem.code for problem in document.problems] in ([], ["mixed-array"])


def test_the_readmes_shell_lines_run(workspace: Path, environment: dict[str, str]) -> None:
    (workspace / "ask.prompts.json").write_text(blocks("README.md", "json")[0])
    shell = Shell(workspace, environment)
    lines = [shlex.split(line.removeprefix("$ ")) for line in blocks("README.md", "console")[1].splitlines()]
    assert {line[2] for line in lines} == {"create", "list", "poll", "retry", "export"}
    job = ""
    for program, *arguments in lines:
        assert program == "padwan-server"
        told = shell(*(job if argument == "JOB" else argument for argument in arguments)).stdout
        job = job or next(line.split()[-1] for line in told.splitlines() if line.startswith("Name:"))
    assert (workspace / "answers.csv").read_text().startswith("key,content,")
    assert "[haiku]" in (workspace / "answers.txt").read_text()


async def test_the_readmes_assistant_snippet_starts_a_server(workspace: Path, environment: dict[str, str]) -> None:
    from tests.support.assistant import assistant

    server = json.loads(blocks("README.md", "json")[1])["mcpServers"]["padwan"]
    assert server["command"] == "padwan-server"
    assert server["args"][:2] == ["mcp", "--root"]
    async with assistant(workspace, environment) as session:
        assert len((await session.list_tools()).tools) == len([o for o in OPERATIONS.values() if o.for_assistants])


async def test_the_snippets_for_assistants_start_a_server(workspace: Path, environment: dict[str, str]) -> None:
    from tests.support.assistant import call, start_as

    (workspace / "ask.txt").write_text("a prompt")
    configurations = [json.loads(block) for block in blocks("docs/assistants.md", "json")]
    configurations += [tomllib.loads(block) for block in blocks("docs/assistants.md", "toml")]
    assert len(configurations) == 7
    for configuration in configurations:
        [[server]] = [servers.values() for servers in configuration.values()]
        assert server["command"] == "padwan-server"
        places = ("${workspaceFolder}", "/path/of/your/project")
        arguments = [str(workspace) if argument in places else argument for argument in server["args"]]
        async with start_as(arguments, workspace, environment) as session:
            assert (await call(session, "validate", file="ask.txt"))["valid"]


def test_the_options_of_the_page_for_assistants_exist(workspace: Path) -> None:
    page = (ROOT / "docs/assistants.md").read_text()
    told = Shell(workspace)("mcp", "--help").stdout + Shell(workspace)("lsp", "--help").stdout
    named = set(re.findall(r'[`" ](--[a-z]+)', page)) - {"--transport", "--header"}
    assert named == set(re.findall(r"(--[a-z]+)", told)) - {"--help", "--tcp", "--stdio"}


async def test_the_readmes_editor_settings_are_known(workspace: Path, environment: dict[str, str]) -> None:
    [lua] = blocks("README.md", "lua")
    options = dict(re.findall(r'settings = { padwan = { (\w+) = "(\w+)" } }', lua))
    assert options == {"backend": "emulator"}
    async with open_editor(workspace, name="neovim", environment=environment, options=options) as editor:
        assert (await editor.command("create", prompts=["x"]))["state"] == "PENDING"


def test_the_readmes_neovim_lines_start_the_plugin(workspace: Path, environment: dict[str, str]) -> None:
    [lua] = blocks("README.md", "lua")
    (workspace / "init.lua").write_text(lua.replace("/path/of/padwan-server", str(ROOT)))
    (workspace / "x.prompts.json").write_text('[""]')
    found = "vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end, 10)"
    told = f"lua io.stdout:write(tostring({found}), ' ', vim.fn.exists(':Padwan'), ' ', vim.fn.isdirectory('.padwan'))"
    path = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    command = [binary(), "--headless", "-i", "NONE", "-u", "init.lua", "x.prompts.json", "-c", told, "-c", "qa!"]
    ran = subprocess.run(command, cwd=workspace, env={**environment, "PATH": path}, capture_output=True, check=True)
    assert ran.stdout.decode() == "true 2 0", ran.stderr.decode()


def test_the_emulators_scenario_is_one(tmp_path: Path) -> None:
    [scenario] = blocks("docs/emulator.md", "json")
    members: dict[str, Any] = json.loads(scenario)
    parse(members)
    with start_emulator(members) as emulator:
        assert emulator.requests() == []


def test_the_emulators_python_examples_run(emulate: Callable[..., RunningEmulator]) -> None:
    client, testing = blocks("docs/emulator.md", "python")
    namespace: dict[str, Any] = {}
    exec(client.replace("http://127.0.0.1:8080", emulate().url), namespace)
    assert list(namespace["client"].batches.list()) == []
    exec(testing, namespace)


def test_the_emulators_options_are_those_of_the_page(workspace: Path) -> None:
    told = Shell(workspace)("emulator", "--help").stdout
    page = (ROOT / "docs/emulator.md").read_text()
    options = set(re.findall(r"--[a-z-]+", told)) - {"--help", "--lease", "--linger"}
    assert options == set(re.findall(r"`(--[a-z-]+)`", page.partition("## Scenarios")[0]))
