"""How a job moves, on standard error: a live bar for a person, plain lines for a log."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from padwan_server.cli.terminal import duration, harmless, say
from padwan_server.jobs.progress import JobProgress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_NARROW = 60
"""Columns below which a line has room for the counts and some of the words, and for no bar."""


class Progress:
    """Shows looks at a job from the first to the last."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._bar: Bar | None = None
        self._last: tuple[object, ...] = ()
        self._state = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()

    def pause(self) -> None:
        """Take the bar away until the next look, so that something else can be said or asked."""
        if self._bar:
            self._bar.stop()

    async def show(self, look: JobProgress) -> None:
        """Show one look."""
        if self._live:
            self._move(look)
        else:
            self._print(look)

    def _print(self, look: JobProgress) -> None:
        """A line for what is new; a rate that wavers is not."""
        seen = (look.state, look.done, look.failed, look.note)
        if seen != self._last:
            say(f"{look.state} {look.done}/{look.total}{_details(look)}", err=True)
            self._last = seen

    def _move(self, look: JobProgress) -> None:
        """The bar, and above it a line for each state that the job has come to."""
        bar = self._bar = self._bar or _bar()
        narrow = bar.console.width < _NARROW
        counts = f"{look.done}/{look.total} " if narrow else ""
        description = harmless(f"{counts}{look.state}{_details(look)}")
        # Before anything is drawn, so that no frame shows what was before this look.
        bar.update(bar.task_ids[0], description=description, completed=look.done, total=look.total or None)
        bar.start()
        if look.state != self._state:
            elapsed = f"{duration(look.elapsed):>{0 if narrow else 12}}"
            bar.console.print(f"{elapsed}  {look.state}", markup=False, highlight=False)
            self._state = look.state


def _details(look: JobProgress) -> str:
    parts = [
        f", {look.failed} failed" if look.failed else "",
        f", {look.rate:.3g}/s" if look.rate else "",
        f", about {duration(look.eta)} left" if look.eta is not None else "",
        f" ({look.note})" if look.note else "",
    ]
    return "".join(parts)


def _bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    text = TextColumn("{task.description}", markup=False)
    # What others print is not to go through rich, which would read markup in it.
    console = Console(stderr=True)
    others = () if console.width < _NARROW else (BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Bar(text, *others, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    bar.add_task("", total=None)
    bar.console.print("Ctrl-C stops watching; a job that was sent goes on.", markup=False, highlight=False)
    return bar
