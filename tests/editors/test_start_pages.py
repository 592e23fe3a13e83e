"""The configurations of editors that no test can start: read as these editors read them."""

from __future__ import annotations

import json
import re
import tomllib

from padwan_server.operations.settings import Settings
from padwan_server.operations.table import OPERATIONS
from tests.support.pages import blocks


def configuration(page: str, language: str) -> str:
    """The example in this language on a page that comes last."""
    return [block.text for block in blocks(f"docs/start/{page}") if block.language == language][-1]


def test_helix_knows_every_member_and_all_names_of_prompt_files() -> None:
    # helix-core/src/syntax/config.rs refuses members of a language that it does not know.
    known = {"name", "scope", "grammar", "roots", "file-types", "language-servers"}
    read = tomllib.loads(configuration("helix.md", "toml"))
    assert set(read["language-server"]["padwan"]) == {"command", "args", "config"}
    [language] = read["language"]
    assert set(language) <= known
    assert language["language-servers"] == ["padwan"]
    assert [kind["glob"] for kind in language["file-types"]] == list(Settings().files)
    assert configuration("helix.md", "scheme") == "; inherits: json\n"


def test_the_palette_of_sublime_text_has_the_operations_own_titles() -> None:
    for entry in json.loads(configuration("sublime.md", "json")):
        assert entry["command"] == "lsp_execute"
        assert entry["args"]["session_name"] == "padwan"
        operation = OPERATIONS[entry["args"]["command_name"].rpartition(".")[2]]
        assert entry["caption"] == f"Padwan: {operation.title}"


def test_kate_takes_the_server_for_its_mode_of_json() -> None:
    [(name, server)] = json.loads(configuration("kate.md", "json"))["servers"].items()
    assert name == "json"
    assert re.fullmatch(server["highlightingModeRegex"], "JSON")


def test_the_command_of_emacs_offers_operations_alone() -> None:
    [offered] = re.findall(r"completing-read \"Padwan: \" '\((.*?)\)", configuration("emacs.md", "elisp"))
    assert set(json.loads(f"[{offered.replace(' ', ',')}]")) <= set(OPERATIONS)
