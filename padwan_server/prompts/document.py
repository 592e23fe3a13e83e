"""A prompt file as a living document: opened once, edited in place, its records and problems always those of the text.

The text is held in blocks of whole entries. An edit reads the blocks that it touches anew, and goes on until one ends
where one ended before; all others stay as they are.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, count

from padwan_server.prompts.block import Block
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.json_array import array_blocks, bracket_problems
from padwan_server.prompts.lines import line_blocks
from padwan_server.prompts.occurrences import Occurrences
from padwan_server.prompts.problem import Edit, Fix, Problem, Severity
from padwan_server.prompts.record import Record, default_key, number_in
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.source import BYTE_ORDER_MARK
from padwan_server.prompts.span import Span
from padwan_server.prompts.text import Encoding

PROBLEMS_SHOWN = 1000
"""Problems that are described one by one; beyond that they are counted."""


class PromptDocument:
    """The prompts in a text. Never raises for what the text holds: what cannot be read is a problem."""

    def __init__(self, text: str, format: PromptFormat) -> None:  # noqa: A002 the field's own word
        self.format = format
        self._blocks: list[Block] = []
        self._keys = Occurrences[str, Block]()
        self._contents = Occurrences[int, Block]()
        self._numbered = Counter[int]()
        """The written keys that look like default keys, by their number."""
        self._replace(0, 0, list(self._read(text, first=True, complete=True, ends=())))

    # Its text

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(block.text for block in self._blocks)

    def edit(self, start: int, end: int, text: str) -> None:
        """``text`` takes the place of what is between two offsets."""
        if start == end and not text:
            return
        first, last = self._touched(start, end)
        begin = self._offsets[first]
        old = "".join(block.text for block in self._blocks[first : last + 1])
        piece = old[: start - begin] + text + old[end - begin :]
        following = self._reached_from(first, last)
        while True:
            fresh, taken = self._reread(first, last, piece, following)
            if fresh:
                self._replace(first, taken, fresh)
                return
            following = max(2 * following, 2)

    def _touched(self, start: int, end: int) -> tuple[int, int]:
        """The first and the last of the blocks whose meaning an edit can change."""
        first = self._block_at(max(start - 1, 0))
        last = max(self._block_at(end), first)
        reaching = (at for at in range(first) if self._offsets[at] + self._blocks[at].reach > start)
        return next(reaching, first), last

    def _reached_from(self, first: int, last: int) -> int:
        """How many blocks behind ``last`` had a say in the meaning of those from ``first`` on."""
        reached = max(self._offsets[at] + self._blocks[at].reach for at in range(first, last + 1))
        return max(self._block_at(reached - 1) - last, 0)

    def _reread(self, first: int, last: int, piece: str, following: int) -> tuple[list[Block], int]:
        """The blocks that take the place of those from ``first`` up to the second result, or none.

        ``following`` blocks behind the edit are looked at beside ``piece``.
        """
        after = self._blocks[last + 1 : last + 1 + following]
        complete = last + 1 + following >= len(self._blocks)
        lengths = accumulate((len(block.text) for block in after), initial=len(piece))
        ends = {end: last + 1 + number for number, end in enumerate(lengths)}
        text = piece + "".join(block.text for block in after)
        fresh, at = list[Block](), 0
        for block in self._read(text, first=first == 0, complete=complete, ends=ends):
            fresh.append(block)
            at += len(block.text)
            if at in ends and (not complete or at < len(text)):
                return fresh, ends[at]
        return (fresh, len(self._blocks)) if complete else ([], 0)

    def _read(self, text: str, *, first: bool, complete: bool, ends: Sequence[int] | dict[int, int]) -> Iterator[Block]:
        if self.format is PromptFormat.JSON:
            return array_blocks(text, first=first, complete=complete, ends=ends)
        return line_blocks(text, self.format, first=first, complete=complete, ends=ends)

    def _replace(self, first: int, last: int, blocks: list[Block]) -> None:
        for block in self._blocks[first:last]:
            self._keys.remove(block, block.written_keys)
            self._contents.remove(block, block.record_contents)
            self._numbered -= block.numbered
        for block in blocks:
            self._keys.add(block, block.written_keys)
            self._contents.add(block, block.record_contents)
            self._numbered += block.numbered
        self._blocks[first:last] = blocks
        self._offsets = list(accumulate([len(block.text) for block in self._blocks], initial=0))
        self._entries = list(accumulate([len(block.keys) for block in self._blocks], initial=0))
        self._lines = list(accumulate([block.line_ends for block in self._blocks], initial=0))

    # Positions

    def __len__(self) -> int:
        return self._offsets[-1]

    def position(self, offset: int, encoding: Encoding) -> tuple[int, int]:
        """Line and character, both from 0, of an offset; one within a line end counts as the end of its line."""
        offset = min(max(offset, 0), len(self))
        at = self._block_at(offset)
        line, character = self._blocks[at].lines.position(offset - self._offsets[at], encoding)
        return self._lines[at] + line, character + (0 if line else self._column(at, encoding))

    def offset(self, line: int, character: int, encoding: Encoding) -> int:
        """The offset of a position. What lies behind a line is its end, what lies behind the text is the text's end.

        A character in the middle of a code point (of a surrogate pair, of UTF-8 bytes) is that code point's start.
        """
        line, character = max(line, 0), max(character, 0)
        if line > self._lines[-1]:
            return len(self)
        at, column = self._last_before(line, character, encoding)
        inner = line - self._lines[at]
        return self._offsets[at] + self._blocks[at].lines.offset(inner, character - (0 if inner else column), encoding)

    def _last_before(self, line: int, character: int, encoding: Encoding) -> tuple[int, int]:
        """The last block that does not begin behind a position, and its column: a line may go over several."""
        count = len(self._blocks)
        at = max(bisect_left(self._lines, line, hi=count) - 1, 0)
        column = self._column(at, encoding)
        for following in range(at + 1, bisect_right(self._lines, line, hi=count)):
            block = self._blocks[following - 1]
            next_column = block.last_line_width(encoding) + (0 if block.line_ends else column)
            if (self._lines[following], next_column) > (line, character):
                break
            at, column = following, next_column
        return at, column

    def _column(self, at: int, encoding: Encoding) -> int:
        """In which column a block begins."""
        column = 0
        while at:
            at -= 1
            column += self._blocks[at].last_line_width(encoding)
            if self._blocks[at].line_ends:
                break
        return column

    def _block_at(self, offset: int) -> int:
        return max(min(bisect_right(self._offsets, offset), len(self._blocks)) - 1, 0)

    # Records

    @property
    def count(self) -> int:
        """The entries of the file, the broken ones too."""
        return self._entries[-1]

    @property
    def prompts(self) -> int:
        """The entries that can be read as prompts."""
        return sum(block.count - len(block.missing) for block in self._blocks)

    @property
    def records(self) -> list[Record]:
        """All records in their order; read anew at each call."""
        return [record for at in range(len(self._blocks)) for record in self._records_of(at)]

    def _records_of(self, at: int) -> Iterator[Record]:
        block = self._blocks[at]
        for position in range(block.count):
            if record := self._record(at, position):
                yield record

    def _record(self, at: int, position: int) -> Record | None:
        record = self._blocks[at].record(position)
        return record.shifted(self._offsets[at], self._entries[at]) if record else None

    def record_at(self, offset: int) -> Record | None:
        """The record that stands at an offset."""
        at = self._block_at(offset)
        return next((record for record in self._records_of(at) if record.span.start <= offset <= record.span.end), None)

    # Problems

    @property
    def problems(self) -> list[Problem]:
        """The first PROBLEMS_SHOWN problems in their order."""
        return self.find(PROBLEMS_SHOWN)

    @property
    def errors(self) -> list[Problem]:
        """The first PROBLEMS_SHOWN of the problems that stop a submission."""
        return self.find(PROBLEMS_SHOWN, Severity.ERROR)

    def touching(self, start: int, end: int) -> list[Problem]:
        """The problems at a place, its edges included."""
        first, last = self._block_at(max(start - 1, 0)), self._block_at(end + 1)
        found = self._of_the_whole() + self._of_blocks(range(first, last + 1), PROBLEMS_SHOWN, Severity.HINT)
        return [p for p in found if p.span.start <= end and start <= p.span.end]

    def find(self, limit: int, worst: Severity = Severity.HINT) -> list[Problem]:
        """The first ``limit`` problems that are at least as bad as ``worst``."""
        found = [p for p in self._of_the_whole() if p.severity <= worst]
        found += self._of_blocks(range(len(self._blocks)), limit, worst)
        found.sort(key=lambda p: p.span)
        return found[:limit]

    def _of_blocks(self, places: range, limit: int, worst: Severity) -> list[Problem]:
        """The problems of some blocks, ``limit`` of them at least if there are as many."""
        found = list[Problem]()
        repeats = _Repeats(self)
        for at in places:
            block = self._blocks[at]
            if not block.problems and block not in repeats.affected:
                continue
            here = [p.shifted(self._offsets[at]) for p in block.problems] + list(repeats.of_block(at))
            found += (p for p in here if p.severity <= worst)
            # What a block tells may begin a character before it, so one block more has a say.
            if len(found) >= limit + len(here):
                break
        return found

    def counts(self) -> Counter[Severity]:
        """How many problems there are of each severity."""
        total = Counter[Severity](p.severity for p in self._of_the_whole())
        for block in self._blocks:
            if block.problems:
                total += block.severities
        total[Severity.ERROR] += self._keys.surplus + len(self._collisions())
        return total

    def _of_the_whole(self) -> list[Problem]:
        """What no single block shows."""
        found = list(bracket_problems(self._blocks, self._offsets)) if self.format is PromptFormat.JSON else []
        if self._blocks[0].text.startswith(BYTE_ORDER_MARK):
            mark = Span(0, len(BYTE_ORDER_MARK))
            fix = Fix("Remove the byte order mark", (Edit(mark, ""),))
            message = "The file starts with a byte order mark. It is no part of any prompt; remove it."
            found.append(problem(Code.BYTE_ORDER_MARK, message, mark, fix))
        if not self.count and not self._has_errors(found):
            found.append(problem(Code.EMPTY_FILE, "There is no prompt in this file. Write one.", Span(0, len(self))))
        if (odd := self._first_of_another_kind()) is not None:
            found.append(problem(Code.MIXED_ARRAY, "From here on, prompts are strings as well as objects.", odd.span))
        return found

    def _has_errors(self, found: Sequence[Problem]) -> bool:
        return any(p.severity is Severity.ERROR for p in found) or any(
            block.severities[Severity.ERROR] for block in self._blocks
        )

    def _first_of_another_kind(self) -> Record | None:
        strings = sum(block.strings for block in self._blocks)
        if not strings or not any(block.objects for block in self._blocks):
            return None
        kind: bool | None = None
        for at, block in enumerate(self._blocks):
            if kind is not None and not (block.objects if kind else block.strings):
                continue
            for record in self._records_of(at):
                if kind is None:
                    kind = record.is_string
                if record.is_string is not kind:
                    return record
        return None

    # Keys that records share

    def _collisions(self) -> set[str]:
        """The written keys that are the default key of a record without one."""
        return {default_key(index) for index in self._numbered if self._is_generated(index)}

    def _is_generated(self, index: int) -> bool:
        if index >= self.count:
            return False
        at, position = self._entry(index)
        return self._blocks[at].is_generated(position)

    def _entry(self, index: int) -> tuple[int, int]:
        """The block of an entry, and its position there."""
        at = bisect_right(self._entries, index) - 1
        return at, index - self._entries[at]


class _Repeats:
    """The problems of keys that records share, each described when its block is asked for."""

    def __init__(self, document: PromptDocument) -> None:
        self._document = document
        self._collisions = document._collisions()  # noqa: SLF001 a part of the document
        self._keys = document._keys  # noqa: SLF001
        self._blocks = document._blocks  # noqa: SLF001
        self.affected = set(self._keys.hits)
        """The blocks that have any."""
        for key in self._collisions:
            self.affected.update(self._keys.holders(key))
        self._owners: dict[str, Record] = {}
        self._given: set[str] = set()

    def of_block(self, at: int) -> Iterator[Problem]:
        """A problem for each record whose key an earlier one has, or that is the default key of any."""
        for position, key in enumerate(self._blocks[at].keys):
            if key is None or not (key in self._keys.repeated or key in self._collisions):
                continue
            record = self._document._record(at, position)  # noqa: SLF001
            owner = self._owner(key)
            if record and record.key_span and owner.index != record.index:
                yield _duplicate(record.key_span, owner, self._suffix(key))

    def _owner(self, key: str) -> Record:
        if key not in self._owners:
            self._owners[key] = self._find_owner(key)
        return self._owners[key]

    def _find_owner(self, key: str) -> Record:
        if key in self._collisions:
            at, position = self._document._entry(number_in(key) or 0)  # noqa: SLF001
        else:
            at = min(map(self._place, self._keys.holders(key)))
            position = self._blocks[at].keys.index(key)
        owner = self._document._record(at, position)  # noqa: SLF001
        if owner is None:
            raise AssertionError("a key without a record")
        return owner

    def _place(self, block: Block) -> int:
        return self._places[block]

    @cached_property
    def _places(self) -> dict[Block, int]:
        return {block: at for at, block in enumerate(self._blocks)}

    def _suffix(self, key: str) -> str:
        """What makes a key unique, never the same twice, so that all fixes can be applied together."""
        for number in count(2):
            suffix = f"-{number}"
            if not self._is_taken(key + suffix):
                break
        self._given.add(key + suffix)
        return suffix

    def _is_taken(self, key: str) -> bool:
        index = number_in(key)
        default = index is not None and self._document._is_generated(index)  # noqa: SLF001
        return default or key in self._keys or key in self._given


def _duplicate(key_span: Span, owner: Record, suffix: str) -> Problem:
    if owner.generated:
        message = f"This is the default key of prompt {owner.index}, which has no key of its own. Choose another."
        related = (owner.span, "the prompt without a key")
    else:
        message = "Another prompt has this key already. Choose another, so that their answers can be told apart."
        related = (owner.key_span or owner.span, "the first prompt with this key")
    before_quote = Span(key_span.end - 1, key_span.end - 1)
    fix = Fix(f"Make the key unique: add {suffix}", (Edit(before_quote, suffix),))
    return problem(Code.DUPLICATE_KEY, message, key_span, fix, (related,))


def parse(text: str, format: PromptFormat) -> PromptDocument:  # noqa: A002 the field's own word
    """The document of a text."""
    return PromptDocument(text, format)


def from_strings(prompts: Sequence[str]) -> PromptDocument:
    """The document of prompts that come as a list: a JSON array of strings, one on a line."""
    return PromptDocument(json.dumps(list(prompts), indent=0), PromptFormat.JSON)
