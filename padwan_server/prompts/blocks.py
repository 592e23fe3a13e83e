"""The blocks of a document in their order: which text, which line and which entry is in which of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, overload

from padwan_server.prompts.block import Block
from padwan_server.prompts.record import Record
from padwan_server.prompts.text import Encoding


class Blocks(Sequence[Block]):
    """All blocks of a document. ``offsets``, ``entries`` and ``lines`` count what stands before each, then all."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self.offsets = [0]
        self.entries = [0]
        self.lines = [0]
        self._known_columns: dict[Encoding, list[int]] = {}
        self.codes = Counter[str]()
        """How many problems of each rule the blocks have by themselves."""
        self.strings = 0
        """How many prompts are strings."""
        self.keyed = 0
        """How many prompts have a written key."""
        self.objects = 0
        """How many are objects."""
        self.size_in_bytes = 0
        """Bytes of the text as UTF-8."""
        self.reaching = set[Block]()
        """The blocks that text behind them has a say in."""

    def replace(self, first: int, last: int, blocks: Sequence[Block]) -> None:
        """Put others in the place of those from ``first`` up to ``last``."""
        for block in self._blocks[first:last]:
            self._count(block, -1)
        for block in blocks:
            self._count(block, 1)
        self.reaching.difference_update(self._blocks[first:last])
        self.reaching.update(block for block in blocks if block.reach > len(block.text))
        self._blocks[first:last] = blocks
        for columns in self._known_columns.values():
            del columns[first + 1 :]
        behind = self._blocks[first:]
        self.offsets[first:] = accumulate([len(block.text) for block in behind], initial=self.offsets[first])
        self.entries[first:] = accumulate([len(block.keys) for block in behind], initial=self.entries[first])
        self.lines[first:] = accumulate([block.line_ends for block in behind], initial=self.lines[first])

    def _count(self, block: Block, sign: int) -> None:
        self.strings += sign * block.strings
        self.keyed += sign * len(block.written_keys)
        self.objects += sign * block.objects
        self.size_in_bytes += sign * block.size_in_bytes
        for code, number in block.codes.items():
            self.codes[code] += sign * number

    def __len__(self) -> int:
        return len(self._blocks)

    @overload
    def __getitem__(self, at: int) -> Block: ...

    @overload
    def __getitem__(self, at: slice) -> list[Block]: ...

    def __getitem__(self, at: int | slice) -> Block | list[Block]:
        return self._blocks[at]

    def __iter__(self) -> Iterator[Block]:
        return iter(self._blocks)

    def index(self, block: Any, *bounds: int) -> int:
        """Where a block is, as a list tells it."""
        return self._blocks.index(block, *bounds)

    # Positions

    @property
    def size(self) -> int:
        """Code points of all blocks."""
        return self.offsets[-1]

    def at_offset(self, offset: int) -> int:
        """The block that holds an offset."""
        return max(min(bisect_right(self.offsets, offset), len(self._blocks)) - 1, 0)

    def position(self, offset: int, encoding: Encoding) -> tuple[int, int]:
        """Line and character of an offset; see PromptDocument."""
        offset = min(max(offset, 0), self.size)
        at = self.at_offset(offset)
        line, character = self._blocks[at].lines.position(offset - self.offsets[at], encoding)
        return self.lines[at] + line, character + (0 if line else self._columns(encoding)[at])

    def offset(self, line: int, character: int, encoding: Encoding) -> int:
        """The offset of a position; see PromptDocument."""
        line, character = max(line, 0), max(character, 0)
        if line > self.lines[-1]:
            return self.size
        at, column = self._last_before(line, character, encoding)
        inner = line - self.lines[at]
        return self.offsets[at] + self._blocks[at].lines.offset(inner, character - (0 if inner else column), encoding)

    def _last_before(self, line: int, character: int, encoding: Encoding) -> tuple[int, int]:
        """The last block that does not begin behind a position, and its column: a line may go over several."""
        count = len(self._blocks)
        first = max(bisect_left(self.lines, line, hi=count) - 1, 0)
        last = bisect_right(self.lines, line, hi=count)
        columns = self._columns(encoding)
        # The first of them may begin in the line before.
        begun = first + (self.lines[first] < line)
        at = max(bisect_right(columns, character, lo=begun, hi=last) - 1, first)
        return at, columns[at]

    def _columns(self, encoding: Encoding) -> list[int]:
        """In which column each block begins; found as far as it is not known since the last change."""
        columns = self._known_columns.setdefault(encoding, [0])
        for block in self._blocks[len(columns) - 1 : -1]:
            width = block.last_line_width(encoding)
            columns.append(width if block.line_ends else columns[-1] + width)
        return columns

    # Entries

    @property
    def entry_count(self) -> int:
        """The entries of all blocks, the broken ones too."""
        return self.entries[-1]

    def entry(self, index: int) -> tuple[int, int]:
        """The block of an entry, and its position there."""
        at = bisect_right(self.entries, index) - 1
        return at, index - self.entries[at]

    def is_generated(self, index: int) -> bool:
        """Whether this entry is a record with a key of its position."""
        if index >= self.entry_count:
            return False
        at, position = self.entry(index)
        return self._blocks[at].is_generated(position)

    def record(self, at: int, position: int) -> Record | None:
        """The record of an entry, None if it is broken."""
        record = self._blocks[at].record(position)
        return record.shifted(self.offsets[at], self.entries[at]) if record else None

    def records(self, at: int) -> Iterator[Record]:
        """The records of a block."""
        for position in range(self._blocks[at].count):
            if record := self.record(at, position):
                yield record
