"""The configurations of editors/README.md that no test can start an editor with: read as their editors read them."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest

from padwan_server.cli.main import cli
from padwan_server.lsp.commands import PREFIX
from padwan_server.operations.settings import Settings, settings_schema
from padwan_server.operations.table import OPERATIONS

README = Path(__file__).parents[2] / "editors" / "README.md"


def configurations(editor: str, language: str) -> list[str]:
    """The examples under an editor's heading."""
    page = README.read_text(encoding="utf-8")
    [section] = re.findall(rf"^## {editor}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found
    return found


def starts_the_server(words: list[str]) -> bool:
    """Whether a command line is one of ours: its subcommand is known, and so are its options."""
    program, subcommand, *options = words
    command = cli.get_command(click.Context(cli), subcommand)
    known = {option for parameter in command.params for option in parameter.opts} if command else set()
    return (
        program == "padwan-server"
        and command is not None
        and {option for option in options if option.startswith("--")} <= known
    )


def are_settings(given: dict[str, Any]) -> bool:
    return set(given) <= set(settings_schema())


def test_helix_knows_the_server_and_the_names_of_prompt_files() -> None:
    # helix-core/src/syntax/config.rs refuses members of a language that it does not know.
    known = {"name", "scope", "grammar", "roots", "file-types", "language-servers"}
    configuration = tomllib.loads(configurations("Helix", "toml")[0])
    server = configuration["language-server"]["padwan"]
    assert set(server) == {"command", "args", "config"}
    assert starts_the_server([server["command"], *server["args"]])
    assert are_settings(server["config"])
    [language] = configuration["language"]
    assert set(language) <= known
    assert language["language-servers"] == ["padwan"]
    assert [kind["glob"] for kind in language["file-types"]] == list(Settings().files)


def test_sublime_text_starts_the_server_and_lists_its_commands() -> None:
    settings, palette = map(json.loads, configurations("Sublime Text", "json"))
    client = settings["clients"]["padwan"]
    assert starts_the_server(client["command"])
    assert are_settings(client["initializationOptions"])
    for entry in palette:
        assert entry["command"] == "lsp_execute"
        assert entry["args"]["session_name"] == "padwan"
        operation = OPERATIONS[entry["args"]["command_name"].removeprefix(PREFIX)]
        assert entry["caption"] == f"Padwan: {operation.title}"


def test_zed_starts_the_tool_server() -> None:
    server = json.loads(configurations("Zed", "json")[0])["context_servers"]["padwan"]
    assert starts_the_server([server["command"], *server["args"]])


def test_kate_starts_the_server_for_json() -> None:
    servers = json.loads(configurations("Kate", "json")[0])["servers"]
    for server in servers.values():
        assert starts_the_server(server["command"])
        assert are_settings(server["initializationOptions"])
        assert re.compile(server["highlightingModeRegex"])


def test_the_command_of_emacs_offers_operations_alone() -> None:
    [offered] = re.findall(r"completing-read \"Padwan: \" '\((.*?)\)", configurations("Emacs", "elisp")[0])
    assert set(json.loads(f"[{offered.replace(' ', ',')}]")) <= set(OPERATIONS)


@pytest.mark.parametrize("name", ["Neovim", "Emacs", "Helix", "Sublime Text", "Zed", "Kate"])
def test_every_editor_that_is_named_says_what_it_was_tried_with(name: str) -> None:
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| ") and name in line]
    assert len(rows) == 1
