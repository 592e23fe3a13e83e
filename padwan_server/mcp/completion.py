"""Completion of jobs and files, from what the workspace remembers and holds: no service is asked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

import mcp_types as types

from padwan_server.errors import PadwanError
from padwan_server.mcp.untrusted import clean
from padwan_server.mcp.workspaces import Workspaces
from padwan_server.session.session import Session

_SHOWN = 100
"""Values of one completion at most (the protocol's limit)."""

_LOOKED_AT = 20_000
"""Files of a workspace that are looked at."""

_PASSED_BY = {"node_modules", "__pycache__", "venv"}


async def complete(argument: types.CompletionArgument, workspaces: Workspaces) -> types.Completion:
    """Values for an argument of a prompt or a template that begin with what was typed."""
    values: list[str] = []
    for session in workspaces.sessions():
        if argument.name in ("job", "id"):
            # A ledger that cannot be read now is told of by the tools; here nothing is offered.
            with suppress(PadwanError):
                values += await _jobs(session, argument.name, argument.value)
        elif argument.name == "file":
            found = await asyncio.to_thread(_files, session.workspace.root, session.settings.files)
            values += [file for file in found if file.startswith(argument.value)]
    return types.Completion(values=values[:_SHOWN], total=len(values), has_more=len(values) > _SHOWN)


async def _jobs(session: Session, argument: str, typed: str) -> list[str]:
    """The names of remembered jobs, newest first; in an address without their prefix."""
    jobs = await session.history.recent(session.backend_label, _SHOWN)
    names = [job.name if argument == "job" else job.name.removeprefix("batches/") for job in jobs if job.name]
    return [name for name in names if name.startswith(typed) or name.removeprefix("batches/").startswith(typed)]


def _files(root: Path, globs: Sequence[str]) -> list[str]:
    """The prompt files under ``root``, by the names that the settings list."""
    return sorted(
        file
        for file in _all_files(root)
        if any(fnmatch(os.path.basename(file), glob) for glob in globs)  # noqa: PTH119
    )


def _all_files(root: Path) -> Iterator[str]:
    looked_at = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _PASSED_BY)
        for name in files:
            file = (Path(folder) / name).relative_to(root).as_posix()
            if clean(file) == file:
                # A name that is no UTF-8 cannot be told, and nobody chooses by what they do not see.
                yield file
        looked_at += len(files)
        if looked_at > _LOOKED_AT:
            return
