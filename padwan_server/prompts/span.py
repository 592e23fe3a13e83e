"""A stretch of a document's text."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """Code point offsets into the text; ``end`` is excluded."""

    start: int
    end: int
