"""A stretch of a document's text."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """Code point offsets into the text; ``end`` is excluded."""

    start: int
    end: int

    def shifted(self, offset: int) -> Span:
        """The same stretch in a text that begins ``offset`` earlier."""
        return Span(self.start + offset, self.end + offset)
