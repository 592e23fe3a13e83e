"""A run of whole entries of a document: the piece that an edit reads anew, and no other."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from typing import Any, NamedTuple

from padwan_server.prompts.entry import read_entry
from padwan_server.prompts.glance import Glance, content_number
from padwan_server.prompts.problem import Problem
from padwan_server.prompts.prompt import Prompt
from padwan_server.prompts.record import DEFAULT_PREFIX, Record, default_key, number_in
from padwan_server.prompts.scanner import scan_record
from padwan_server.prompts.text import Encoding, LineIndex, count_line_ends, width


class Before(Enum):
    """What stands before a block: how its text is read depends on that and on nothing else before it."""

    SEPARATOR = auto()
    """The comma of an array, a line end, or nothing at all."""
    ENTRY = auto()
    """An entry of an array, without a comma."""
    BROKEN = auto()
    """What could not be read."""


class Bracket(NamedTuple):
    """A square bracket between entries, or a comma behind one, and how many entries of its block stand before it."""

    character: str
    offset: int
    entries_before: int


@dataclass(eq=False)
class Block:
    """Entries with all that stands between them. Spans and indices in it count from its own start.

    ``keys`` has the written key of each entry; ``missing`` are those entries that no record could be read from;
    ``contents`` numbers the prompts, 0 for one that is blank or cannot be read. ``reach`` is how far behind its start
    text has a say in what the block means, which is its length at least.
    """

    text: str
    keys: list[str | None]
    contents: list[int]
    strings: int
    problems: list[Problem]
    missing: frozenset[int] = frozenset()
    brackets: list[Bracket] = field(default_factory=list)
    reach: int = 0
    before: Before = Before.SEPARATOR
    behind: Before = Before.SEPARATOR
    """What stands before the next block."""
    bare: bool = False
    """Whether it begins a JSON document that does not begin with a bracket."""
    alone: bool = False
    """Whether such a document holds one value and nothing else."""
    records_read: dict[int, Record] = field(default_factory=dict)
    find_starts: Callable[[str], Iterable[int]] = field(default=lambda _: ())
    """Finds the entries of a block that was only glanced at."""
    read: Callable[[str, int, int], tuple[Record | None, list[Problem]]] | None = None
    """Reads such an entry: from the text, its start and its position."""
    values: Callable[[], Sequence[Any]] | None = None
    """Decodes all entries of such a block at once, if none of them is odd: strings, or objects as they are written."""

    @property
    def count(self) -> int:
        """Its entries, the broken ones too."""
        return len(self.keys)

    @cached_property
    def written_keys(self) -> list[str]:
        """The keys of its records that have one."""
        return [key for key in self.keys if key is not None]

    @property
    def numbered(self) -> Counter[int]:
        """The numbers of its written keys that look like default keys."""
        if DEFAULT_PREFIX not in "\n".join(self.written_keys):
            return Counter()
        return Counter(
            number
            for key in self.written_keys
            if key.startswith(DEFAULT_PREFIX) and (number := number_in(key)) is not None
        )

    @property
    def record_contents(self) -> list[int]:
        """A number for each of its records that is not blank, equal for equal prompts."""
        return [number for number in self.contents if number] if 0 in self.contents else self.contents

    @property
    def objects(self) -> int:
        """How many of its records are objects."""
        return self.count - len(self.missing) - self.strings

    def is_generated(self, position: int) -> bool:
        """Whether this entry is a record with a key of its position."""
        return self.keys[position] is None and position not in self.missing

    def record(self, position: int) -> Record | None:
        """The record of an entry, None if it is broken."""
        if position in self.missing:
            return None
        if position not in self.records_read:
            self.records_read[position] = self._read(position)
        return self.records_read[position]

    def _read(self, position: int) -> Record:
        if position in self.records_read:
            return self.records_read[position]
        record, _ = (self.read or read_at)(self.text, self.starts[position], position)
        if record is None:
            raise AssertionError("a sound entry could not be read again")
        return record

    def prompts(self, entries: int) -> Iterator[Prompt]:
        """What there is to send of its records; so many ``entries`` of the document stand before it."""
        if self.values is None or self.records_read:
            for position in range(self.count):
                if position not in self.missing:
                    record = self._read(position).shifted(0, entries)
                    yield Prompt(record.key, record.text, record.request)
            return
        for position, (written, value) in enumerate(zip(self.keys, self.values(), strict=True), entries):
            key = written or default_key(position)
            if type(value) is dict:
                yield Prompt(key, value.get("prompt", ""), value.get("request"))
            else:
                yield Prompt(key, value)

    @cached_property
    def starts(self) -> Sequence[int]:
        """Where its entries start, if it was only glanced at."""
        return array("L", self.find_starts(self.text))

    @cached_property
    def digests(self) -> dict[str, int]:
        """The position of the first of its records with each digest."""
        found: dict[str, int] = {}
        for position in range(self.count):
            record = None if position in self.missing else self._read(position)
            if record:
                found.setdefault(record.digest, position)
        return found

    @cached_property
    def folds(self) -> list[tuple[int, int]]:
        """First and last line, counted from its own first, of each record that goes over several."""
        sound = (position for position in range(self.count) if position not in self.missing)
        ends = ([self.lines.position(at, Encoding.UTF32)[0] for at in self._read(position).span] for position in sound)
        return [(first, last) for first, last in ends if last > first]

    # Its size

    @cached_property
    def size_in_bytes(self) -> int:
        """Bytes of its text as UTF-8."""
        return width(self.text, Encoding.UTF8)

    @cached_property
    def line_ends(self) -> int:
        """How many line ends it holds."""
        return count_line_ends(self.text)

    @cached_property
    def lines(self) -> LineIndex:
        """Its lines, the first of which may begin before it."""
        return LineIndex(self.text)

    def last_line_width(self, encoding: Encoding) -> int:
        """Units behind its last line end."""
        if encoding not in self._widths:
            last = max(self.text.rfind("\n"), self.text.rfind("\r")) + 1
            self._widths[encoding] = width(self.text[last:], encoding)
        return self._widths[encoding]

    @cached_property
    def _widths(self) -> dict[Encoding, int]:
        return {}

    @cached_property
    def codes(self) -> Counter[str]:
        """How many problems of each rule it has by itself."""
        return Counter(problem.code for problem in self.problems)


def glanced_block(
    text: str, glance: Glance, find_starts: Callable[[str], Iterable[int]], values: Callable[[], Sequence[Any]]
) -> Block:
    """A block of sound entries, of which only the odd ones are read exactly."""
    block = Block(text, glance.keys, glance.contents, glance.strings, [], reach=len(text), find_starts=find_starts)
    block.values = None if glance.odd else values
    missing = []
    for position in glance.odd:
        start = block.starts[position]
        record, problems = read_at(text, start, position)
        block.problems += problems
        block.keys[position] = record.written_key if record else None
        if record is None:
            missing.append(position)
            continue
        block.records_read[position] = record
        block.contents[position] = content_number(record.text, record.request)
        block.strings += record.is_string
    block.missing = frozenset(missing)
    return block


def read_block(text: str, records: Sequence[Record | None], problems: list[Problem], reach: int) -> Block:
    """A block whose entries were all read exactly."""
    return Block(
        text,
        keys=[record.written_key if record else None for record in records],
        contents=[content_number(record.text, record.request) if record else 0 for record in records],
        strings=sum(record.is_string for record in records if record),
        problems=problems,
        missing=frozenset(position for position, record in enumerate(records) if record is None),
        reach=max(reach, len(text)),
        records_read={position: record for position, record in enumerate(records) if record},
    )


def read_at(text: str, start: int, position: int) -> tuple[Record | None, list[Problem]]:
    """The record of the sound entry at ``start``, and its problems."""
    scan = scan_record(text, start)
    if scan.value is None:
        return None, list(scan.problems)
    record, problems = read_entry(text, scan.value, position)
    return record, [*scan.problems, *problems]
