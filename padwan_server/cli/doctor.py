"""``padwan-server doctor``: what works here, and what to do about the rest."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click

from padwan_server import __version__
from padwan_server.cli.terminal import print_json, say
from padwan_server.errors import PadwanError
from padwan_server.jobs.folder import NAME
from padwan_server.operations.settings import parse_settings
from padwan_server.session.backend import gemini_backend
from padwan_server.session.roots import find_root, working_folder
from padwan_server.session.session import Session

_EDITORS = {
    "code": "VS Code",
    "nvim": "Neovim",
    "emacs": "Emacs",
    "hx": "Helix",
    "subl": "Sublime Text",
    "zed": "Zed",
    "kate": "Kate",
}
"""Programs by which editors are known."""

_LIBRARIES = ("google-genai", "pygls", "mcp")
_SKEW = 300
"""Seconds by which a clock may be wrong before times of jobs mislead."""


@dataclass(frozen=True)
class Finding:
    """What was looked at; ``ok`` is false where the backend cannot be used as things are."""

    name: str
    ok: bool
    says: str
    hint: str = ""


@click.command()
@click.option(
    "--backend",
    type=click.Choice(["gemini", "emulator"]),
    default="gemini",
    show_default=True,
    help="Which service to look at.",
)
@click.option("as_json", "--json", is_flag=True, help="Print one JSON value and nothing else.")
def doctor(backend: str, as_json: bool) -> int:
    """Look at key, service, clock, workspace, ledger, editors and versions. Sends no prompt and costs nothing."""
    findings = asyncio.run(_findings(backend))
    if as_json:
        print_json({"ok": all(found.ok for found in findings), "findings": [asdict(found) for found in findings]})
    else:
        for found in findings:
            say(f"{'ok' if found.ok else 'NOT OK':<7} {found.name + ':':<11} {found.says}")
            if found.hint:
                say(f"{'':<20}{found.hint}")
    return 0 if all(found.ok for found in findings) else 1


async def _findings(backend: str) -> list[Finding]:
    root = find_root(working_folder())
    session = Session(root, parse_settings({"backend": backend}))
    try:
        key = _key(backend)
        service = await _service(session) if key.ok else []
        return [_versions(), key, *service, _workspace(root), await _ledger(session), _editors()]
    finally:
        await session.aclose()


def _versions() -> Finding:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return Finding("versions", True, f"padwan-server {__version__}, Python {platform.python_version()}, {libraries}")


def _key(backend: str) -> Finding:
    if backend == "emulator":
        return Finding("key", True, "the emulator needs none")
    try:
        gemini_backend("v1beta")
    except PadwanError as error:
        return Finding("key", False, error.message, error.hint)
    name = "GOOGLE_API_KEY" if os.environ.get("GOOGLE_API_KEY") else "GEMINI_API_KEY"
    return Finding("key", True, f"from {name}")


async def _service(session: Session) -> list[Finding]:
    try:
        theirs = await session.service_clock()
    except PadwanError as error:
        return [Finding("service", False, error.message, error.hint)]
    found = [Finding("service", True, f"{session.backend_label} answers and takes the key")]
    if theirs:
        skew = abs((datetime.now(UTC) - theirs).total_seconds())
        hint = "" if skew < _SKEW else "Set this machine's clock: times of jobs are wrong."
        found.append(Finding("clock", not hint, f"{skew:.0f} s from the service's", hint))
    return found


def _workspace(root: Path) -> Finding:
    memory = root / NAME
    folder = memory if os.path.lexists(memory) else root
    try:
        # Permissions do not tell of a disk that is full or read-only.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        says = f"{folder} cannot be written: {error.strerror or type(error).__name__}"
        return Finding("workspace", False, says, "Work in a folder that you may write to.")
    return Finding("workspace", True, str(root))


async def _ledger(session: Session) -> Finding:
    try:
        # Opening it would set a damaged one aside, and nobody would hear of it.
        if not await session.history.examine():
            return Finding("ledger", True, "none before the first job")
        jobs = await session.history.recent(session.backend_label, 1000)
    except PadwanError as error:
        return Finding("ledger", False, error.message, error.hint)
    waiting = sum(not job.terminal for job in jobs)
    return Finding("ledger", True, f"{len(jobs)} recent jobs at this backend, {waiting} of them not ended")


def _editors() -> Finding:
    found = [name for program, name in _EDITORS.items() if shutil.which(program)]
    return Finding("editors", True, ", ".join(found) or "none of those that are known here")
