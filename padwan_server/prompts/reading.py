"""A prompt file read from its start to its end, a piece at a time, for files that are too large to be kept whole."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import eq

from padwan_server.prompts.block import Before, Block
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.json_array import array_blocks
from padwan_server.prompts.lines import line_blocks
from padwan_server.prompts.problem import Problem
from padwan_server.prompts.prompt import Prompt
from padwan_server.prompts.source import BYTE_ORDER_MARK
from padwan_server.prompts.whole import too_much


def prompts_in(pieces: Iterable[str], format: PromptFormat) -> Iterator[Prompt]:  # noqa: A002 the field's own word
    """The prompts of a text that comes in pieces."""
    entries = 0
    for block in _blocks(pieces, format):
        yield from block.prompts(entries)
        entries += block.count


@dataclass(frozen=True)
class Sound:
    """A text in which nothing is wrong: how many prompts it has, and what is to be said of their size."""

    count: int
    problems: list[Problem]


def read_sound(pieces: Iterable[str], format: PromptFormat) -> Sound | None:  # noqa: A002 the field's own word
    """What a text in pieces is, None if anything in it deserves a closer look: then a document tells what."""
    found = _Findings(format)
    for block in _blocks(pieces, format):
        if not found.take(block):
            return None
    return found.sound()


class _Findings:
    """What must be known of all blocks to call their text sound. Texts are kept as numbers."""

    def __init__(self, format: PromptFormat) -> None:  # noqa: A002 the field's own word
        self._format = format
        self._keys = array("q")
        self._contents = array("q")
        self._count = self._strings = self._objects = self._bytes = 0
        self._numbered = False
        self._brackets: list[str] = []
        self._closed_at_end = False

    def take(self, block: Block) -> bool:
        """Take in the next block; whether nothing is wrong with it."""
        marked = not self._bytes and block.text.startswith(BYTE_ORDER_MARK)
        if block.problems or block.missing or self._closed_at_end or marked:
            return False
        self._keys.extend(map(hash, block.written_keys))
        self._contents.extend(block.record_contents)
        self._count += block.count
        self._strings += block.strings
        self._objects += block.objects
        self._bytes += block.size_in_bytes
        self._numbered = self._numbered or bool(block.numbered)
        self._brackets += [bracket.character for bracket in block.brackets]
        self._closed_at_end = any(
            bracket.character == "]" and bracket.entries_before == block.count for bracket in block.brackets
        )
        return True

    def sound(self) -> Sound | None:
        """What the text is."""
        mixed = self._strings and self._objects
        keyless = len(self._keys) < self._count
        bracketed = self._format is not PromptFormat.JSON or (self._brackets == ["[", "]"] and self._closed_at_end)
        repeats = _repeats(self._keys) or _repeats(self._contents) or (self._numbered and keyless)
        if not self._count or mixed or repeats or not bracketed:
            return None
        return Sound(self._count, list(too_much(self._bytes, self._count)))


def _repeats(numbers: array[int]) -> bool:
    """Whether a number, by which a text goes here, is there twice. Two texts share one hardly ever."""
    ordered = sorted(numbers)
    return any(map(eq, ordered, islice(ordered, 1, None)))


def _blocks(pieces: Iterable[str], format: PromptFormat) -> Iterator[Block]:  # noqa: A002 the field's own word
    """The blocks of a text in pieces, each as soon as it is certain."""
    read = _read_json if format is PromptFormat.JSON else _read_lines
    text, first, before = "", True, Before.SEPARATOR
    for piece, last in _with_end(pieces):
        text += piece
        at = 0
        for block in read(text, before, format, first=first, complete=last):
            yield block
            first, before = False, block.behind
            at += len(block.text)
        text = text[at:]


def _with_end(pieces: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Each piece, and whether it is the last; an empty text has one."""
    before = ""
    for piece in pieces:
        if before:
            yield before, False
        before = piece
    yield before, True


def _read_json(text: str, before: Before, _: PromptFormat, *, first: bool, complete: bool) -> Iterator[Block]:
    return array_blocks(text, before, first=first, complete=complete, ends=())


def _read_lines(
    text: str,
    _: Before,
    format: PromptFormat,  # noqa: A002 the field's own word
    *,
    first: bool,
    complete: bool,
) -> Iterator[Block]:
    return line_blocks(text, format, first=first, complete=complete, ends=())
