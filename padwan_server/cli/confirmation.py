"""Asking the person at the terminal before something costs twice."""

from __future__ import annotations

import signal
import sys

import click


async def confirm(question: str) -> bool | None:
    """Whether the person says yes; None where input or errors go elsewhere than to a terminal.

    Raises click's Abort on Ctrl-C and at the end of input.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    # Not in a thread: nothing could end its wait for a line, and the program would wait for it after Ctrl-C. For the
    # same reason the handler is not asyncio's, which lets the reading go on.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return click.confirm(question, err=True)
    finally:
        signal.signal(signal.SIGINT, before)
