"""How a job moves, on standard error: a live bar for a person, plain lines for a log."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

import click

from padwan_server.jobs.progress import JobProgress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


class Progress:
    """Shows looks at a job from the first to the last."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._last = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    async def show(self, look: JobProgress) -> None:
        """Show one look."""
        if self._live:
            self._move(look)
        else:
            self._print(look)

    def _print(self, look: JobProgress) -> None:
        line = f"{look.state} {look.done}/{look.total}" + (f", {look.failed} failed" if look.failed else "")
        line += f" ({look.note})" if look.note else ""
        if line != self._last:
            click.echo(line, err=True)
            self._last = line

    def _move(self, look: JobProgress) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        if self._bar is None:
            text = TextColumn("{task.description}", markup=False)
            columns = (text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(look.state)
            self._bar.start()
        if self._task is not None:
            eta = f", about {look.eta:.0f} s left" if look.eta is not None else ""
            words = f"{look.state}{eta}" + (f" ({look.note})" if look.note else "")
            self._bar.update(self._task, description=words, completed=look.done, total=look.total or None)
