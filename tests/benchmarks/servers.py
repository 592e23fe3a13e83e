"""The language servers that are measured: ours, and peers from npm and PyPI that are installed here."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# Fixed, so that figures of two runs can be compared.
PACKAGES = ("vscode-langservers-extracted@4.10.0", "@biomejs/biome@2.6.8")


@dataclass(frozen=True)
class Server:
    """How to start a server, whether it is asked for problems, and how to end what outlives it."""

    name: str
    command: list[str]
    pulled: bool = False
    daemon: str = ""
    """What the command line of a process holds that the server leaves behind."""
    ending: tuple[str, ...] = ()


def install(folder: Path) -> list[Server]:
    """Install the peers into ``folder``; all servers, ours first."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / "package.json"
    if not manifest.exists():
        manifest.write_text(json.dumps({"private": True}))
        subprocess.run(["npm", "install", "--no-fund", "--no-audit", *PACKAGES], cwd=folder, check=True)
    programs = folder / "node_modules" / ".bin"
    biome = str(programs / "biome")
    return [
        Server("padwan-server", [sys.executable, "-m", "padwan_server", "lsp"]),
        Server("a loop that answers nothing", [sys.executable, str(Path(__file__).parent / "floor.py")]),
        Server("plain pygls", [sys.executable, str(Path(__file__).parent / "plain_pygls.py")]),
        Server("vscode-json", [str(programs / "vscode-json-language-server"), "--stdio"], pulled=True),
        Server("biome", [biome, "lsp-proxy"], daemon="__run_server", ending=(biome, "stop")),
    ]


def configure(folder: Path) -> None:
    """What the peers need to look at files as large as ours."""
    (folder / "biome.json").write_text(json.dumps({"files": {"maxSize": 1 << 26}}))
