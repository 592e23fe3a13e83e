"""A JSON value and the place it was read from."""

from __future__ import annotations

from typing import Any, NamedTuple

from padwan_server.prompts.span import Span


class Value(NamedTuple):
    """``data`` as ``json.loads`` gives it, with the exact place; ``members`` are those of a scanned object."""

    span: Span
    data: Any
    members: tuple[Member, ...] = ()

    def describe(self) -> str:
        """The value's JSON type in the user's words, with an article."""
        if self.data is None:
            return "null"
        if isinstance(self.data, bool):
            return str(self.data).lower()
        if isinstance(self.data, str):
            return "a string"
        if isinstance(self.data, dict):
            return "an object"
        return "an array" if isinstance(self.data, list) else "a number"


def short(word: str) -> str:
    """A word of the user's for a message, cut if it is long."""
    return word if len(word) <= 30 else f"{word[:30]}…"


class Member(NamedTuple):
    """One ``"name": value`` of an object; ``name_span`` includes the quotes."""

    name: str
    name_span: Span
    value: Value
