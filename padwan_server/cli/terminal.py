"""Text on its way to a person."""

from __future__ import annotations

import json
import sys
import unicodedata
from typing import Any

import click

from padwan_server.errors import PadwanError


def say(text: str = "", *, err: bool = False) -> None:
    """Print a text, to standard error with ``err``. Data is never markup, and a terminal gets no control characters:
    an answer of a model, or a name that somebody gave a job, could steer it with them."""
    stream = sys.stderr if err else sys.stdout
    _write(harmless(text) if stream.isatty() else text, err=err)


def print_json(value: Any) -> None:
    """Print the one JSON value of a command, in characters that the receiver can have."""
    _write(json.dumps(value, ensure_ascii=sys.stdout.encoding.lower() != "utf-8"))


def _write(text: str, *, err: bool = False) -> None:
    """Raises PadwanError ``output-not-writable``, and BrokenPipeError where the reader has gone."""
    try:
        click.echo(text, err=err)
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f"Standard {'error' if err else 'output'}"
        raise PadwanError(
            "output-not-writable", f"{where} cannot be written: {error.strerror}.", "Send it elsewhere."
        ) from None


def harmless(text: str) -> str:
    """``text`` without what a terminal obeys in place of showing it."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf") or c == "\u200d")


def duration(seconds: float) -> str:
    """A time as people say it: ``45 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
