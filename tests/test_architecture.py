"""The invariants of docs/architecture.md that imports can break."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import padwan_server

PACKAGE = Path(padwan_server.__file__).parent

# Each room and the rooms below it that it may enter; ``errors`` and ``service`` are the ground that all stand on.
BELOW = {
    "prompts": set(),
    "gemini": set(),
    "exports": set(),
    "jobs": {"prompts", "gemini", "exports"},
    "operations": {"jobs", "prompts", "gemini", "exports"},
    "session": {"operations", "jobs", "prompts", "gemini", "exports"},
    "lsp": {"session", "operations", "jobs", "prompts", "gemini", "exports"},
    "mcp": {"session", "operations", "jobs", "prompts", "gemini", "exports"},
    "emulator": set(),
    "demo": set(),
    "cli": {"lsp", "mcp", "demo", "emulator", "session", "operations", "jobs", "prompts", "gemini", "exports"},
}

# Libraries that one room alone may import.
OWNERS = {
    "attrs": {"lsp"},
    "pygls": {"lsp", "demo"},
    "lsprotocol": {"lsp", "demo"},
    "mcp": {"mcp"},
    "mcp_types": {"mcp"},
    "click": {"cli"},
    "rich": {"cli", "demo"},
    "google": {"gemini"},
    "httpx2": {"gemini", "emulator"},
    "starlette": {"emulator", "mcp"},
    "uvicorn": {"emulator", "mcp"},
    "sqlite3": {"jobs"},
}


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module


def rooms() -> list[str]:
    return sorted(path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__")


def test_every_room_is_in_the_plan() -> None:
    assert rooms() == sorted(BELOW)


@pytest.mark.parametrize("room", rooms())
def test_arrows_point_down(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "padwan_server" and len(parts) > 1 and parts[1] not in (room, "errors", "service"):
                assert parts[1] in BELOW[room], f"{path.relative_to(PACKAGE)} imports {name}"


@pytest.mark.parametrize("room", rooms())
def test_each_library_has_its_room(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        for name in imports(path):
            owners = OWNERS.get(name.split(".")[0])
            assert owners is None or room in owners, f"{path.relative_to(PACKAGE)} imports {name}"


def test_the_core_loads_no_protocol_and_no_sdk() -> None:
    program = (
        "import sys, padwan_server.operations.table, padwan_server.session.session\n"
        "heavy = {'pygls', 'lsprotocol', 'mcp', 'click', 'google.genai', 'httpx2', 'starlette'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
