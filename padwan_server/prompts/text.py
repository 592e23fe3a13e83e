"""Lines of a text, and positions in them as the language server protocol counts."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from enum import StrEnum
from itertools import accumulate

from padwan_server.prompts.span import Span

# Nothing else ends a line: prompts hold U+2028, U+2029, U+0085, form feeds and vertical tabs.
LINE_END = re.compile(r"\r\n|\n|\r")

# Code points between two milestones (see LineIndex): a conversion looks at no more than this many.
_STRIDE = 512


class Encoding(StrEnum):
    """What a position's ``character`` counts: bytes, 16-bit units or code points; LSP's ``PositionEncodingKind``."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


class LineIndex:
    """Where the lines of a text start, and what lies between an offset (code points) and an LSP position.

    A line can be as long as the file, so widths are summed once per encoding, at milestones every ``_STRIDE`` code
    points; no conversion walks further than from one milestone to the next.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = _line_starts(text)
        # In ASCII a code point is one unit in every encoding.
        self._ascii = text.isascii()
        self._milestones: dict[Encoding, list[int]] = {}

    def __len__(self) -> int:
        return len(self._starts)

    def spans(self) -> Iterator[Span]:
        """Each line without its line end; the last one is empty if the text ends with a line end."""
        return (Span(self._starts[line], self._content_end(line)) for line in range(len(self)))

    def position(self, offset: int, encoding: Encoding) -> tuple[int, int]:
        """Line and character, both from 0, of an offset; one within a line end counts as the end of its line."""
        offset = min(max(offset, 0), len(self._text))
        line = bisect_right(self._starts, offset) - 1
        offset = min(offset, self._content_end(line))
        start = self._starts[line]
        return line, self._units_before(offset, encoding) - self._units_before(start, encoding)

    def offset(self, line: int, character: int, encoding: Encoding) -> int:
        """The offset of a position. What lies behind a line is its end, what lies behind the text is the text's end.

        A character in the middle of a code point (of a surrogate pair, of UTF-8 bytes) is that code point's start.
        """
        if line >= len(self):
            return len(self._text)
        start = self._starts[max(line, 0)]
        units = self._units_before(start, encoding) + max(character, 0)
        return min(self._offset_at(units, encoding), self._content_end(max(line, 0)))

    def _content_end(self, line: int) -> int:
        if line + 1 == len(self):
            return len(self._text)
        end = self._starts[line + 1]
        return end - 2 if self._text.startswith("\r\n", end - 2) else end - 1

    def _units_before(self, offset: int, encoding: Encoding) -> int:
        if self._ascii or encoding is Encoding.UTF32:
            return offset
        nearest = offset // _STRIDE
        rest = self._text[nearest * _STRIDE : offset]
        return self._milestones_of(encoding)[nearest] + width(rest, encoding)

    def _offset_at(self, units: int, encoding: Encoding) -> int:
        if self._ascii or encoding is Encoding.UTF32:
            return units
        milestones = self._milestones_of(encoding)
        nearest = bisect_right(milestones, units) - 1
        offset = nearest * _STRIDE
        left = units - milestones[nearest]
        for character in self._text[offset : offset + _STRIDE]:
            left -= width(character, encoding)
            if left < 0:
                break
            offset += 1
        return offset

    def _milestones_of(self, encoding: Encoding) -> list[int]:
        if encoding not in self._milestones:
            pieces = (self._text[at : at + _STRIDE] for at in range(0, len(self._text), _STRIDE))
            self._milestones[encoding] = list(accumulate((width(piece, encoding) for piece in pieces), initial=0))
        return self._milestones[encoding]


def count_line_ends(text: str) -> int:
    """How many line ends a text holds."""
    return text.count("\n") if "\r" not in text else sum(1 for _ in LINE_END.finditer(text))


def _line_starts(text: str) -> list[int]:
    if "\r" in text:
        return [0, *(match.end() for match in LINE_END.finditer(text))]
    *lines, _ = text.split("\n")
    return list(accumulate([len(line) + 1 for line in lines], initial=0))


def width(text: str, encoding: Encoding) -> int:
    """How many units a text takes."""
    if text.isascii() or encoding is Encoding.UTF32:
        return len(text)
    if encoding is Encoding.UTF8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
