"""What an operation has at hand. ``session`` builds it; no operation knows which front end it serves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from padwan_server.jobs.history import History
from padwan_server.jobs.jobs import Jobs
from padwan_server.jobs.progress import JobProgress
from padwan_server.operations.settings import Settings
from padwan_server.prompts.format import PromptFormat

if TYPE_CHECKING:
    from padwan_server.prompts.document import PromptDocument

RESULTS_SHOWN = 1000
"""Results that one answer holds at most; an export holds all."""

JOBS_SHOWN = 1000
"""Jobs of one page at most."""


@dataclass(frozen=True)
class PromptFile:
    """A prompt file as it stands now: on disk, or in the editor with changes not yet saved."""

    name: str
    format: PromptFormat
    unsaved: bool
    pieces: Callable[[], Iterator[str]]
    """Its text from the start, a piece at a time, at each call. Blocks; raises PadwanError as ``prompt_file`` does."""

    async def document(self) -> PromptDocument:
        """The whole of it, parsed."""
        from padwan_server.prompts.document import parse  # noqa: PLC0415 most commands of a shell read no prompts

        return await asyncio.to_thread(lambda: parse("".join(self.pieces()), self.format))


class Workspace(Protocol):
    """The folder that a person works in."""

    async def prompt_file(self, file: str) -> PromptFile:
        """The prompt file at this path; relative ones start at the workspace root.

        Raises PadwanError ``file-not-found``, ``file-not-readable``, ``not-utf8`` or ``outside-workspace``.
        """

    def output_path(self, output: str) -> Path:
        """Where to write ``output``. Raises PadwanError ``outside-workspace`` or ``invalid-path``."""

    def display_path(self, path: Path) -> str:
        """``path`` as its user would write it: relative to the root if it lies under it."""


Progress = Callable[[JobProgress], Awaitable[None]]

Confirm = Callable[[str], Awaitable[bool | None]]
"""Ask the person a question that yes or no answers; None where nobody can be asked."""


Approve = Callable[[str], Awaitable[None]]
"""Tell what is about to be spent, as a question; raises PadwanError ``not-confirmed`` or ``nobody-to-ask`` to stop it.

A person who types a command means it; a front end whose caller is no person may ask one first.
"""


async def means_it(_: str) -> None:
    """For callers who are people."""


@dataclass(frozen=True)
class Shown:
    """How much of the results one answer of a front end can show."""

    results: int = RESULTS_SHOWN
    chars: int | None = None
    """Characters of each result's text; all of them if None."""
    jobs: int = JOBS_SHOWN


@dataclass(frozen=True)
class Context:
    """Everything that operations reach the world through."""

    workspace: Workspace
    settings: Settings
    progress: Progress
    confirm: Confirm
    history: History
    """What the workspace remembers, for what needs no service."""
    open_jobs: Callable[[], Awaitable[Jobs]]
    """The workspace's jobs at the chosen backend, connected when first asked for; raises ``no-api-key``."""
    approve: Approve = means_it
    """To be awaited before anything that costs money is sent."""
    shown: Shown = Shown()
