"""A prompt file as a living document: opened once, edited in place, its records and problems always those of the text.

The text is held in blocks of whole entries. An edit reads the blocks that it touches anew, and goes on until one ends
where one ended before; all others stay as they are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Container, Iterator, Sequence
from itertools import accumulate

from padwan_server.prompts.block import Before, Block
from padwan_server.prompts.blocks import Blocks
from padwan_server.prompts.context import Context, context_at
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.json_array import array_blocks
from padwan_server.prompts.lines import line_blocks
from padwan_server.prompts.problem import Problem
from padwan_server.prompts.prompt import Prompt
from padwan_server.prompts.record import Record, number_in
from padwan_server.prompts.repeats import Repeats
from padwan_server.prompts.rules import ALL, ERRORS, Code
from padwan_server.prompts.source import BYTE_ORDER_MARK
from padwan_server.prompts.span import Span
from padwan_server.prompts.text import Encoding
from padwan_server.prompts.whole import problems_of_the_whole

PROBLEMS_SHOWN = 1000
"""Problems that are described one by one; beyond that they are counted."""


class PromptDocument:
    """The prompts in a text. Never raises for what the text holds: what cannot be read is a problem."""

    def __init__(self, text: str, format: PromptFormat) -> None:  # noqa: A002 the field's own word
        self.format = format
        self._blocks = Blocks()
        self._repeats = Repeats(self._blocks)
        self._replace(0, 0, list(self._read(text, Before.SEPARATOR, first=True, complete=True, ends=())))

    # Its text

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(block.text for block in self._blocks)

    def between(self, span: Span) -> str:
        """The text of a stretch."""
        blocks = self._blocks
        first, last = blocks.at_offset(span.start), blocks.at_offset(max(span.end - 1, span.start))
        text = "".join(block.text for block in blocks[first : last + 1])
        return text[span.start - blocks.offsets[first] : span.end - blocks.offsets[first]]

    def edit(self, start: int, end: int, text: str) -> None:
        """``text`` takes the place of what is between two offsets."""
        if start == end and not text:
            return
        first, last = self._touched(start, end)
        begin = self._blocks.offsets[first]
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
        first = self._blocks.at_offset(max(start - 1, 0))
        last = max(self._blocks.at_offset(end), first)
        reaching = map(self._blocks.index, self._blocks.reaching)
        return min((at for at in reaching if self._reach(at) > start and at < first), default=first), last

    def _reached_from(self, first: int, last: int) -> int:
        """How many blocks behind ``last`` had a say in the meaning of those from ``first`` on."""
        reached = max(self._reach(at) for at in range(first, last + 1))
        return max(self._blocks.at_offset(reached - 1) - last, 0)

    def _reach(self, at: int) -> int:
        """Up to which offset text has a say in a block."""
        return self._blocks.offsets[at] + self._blocks[at].reach

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
        for block in self._read(text, self._blocks[first].before, first=first == 0, complete=complete, ends=ends):
            fresh.append(block)
            at += len(block.text)
            if at in ends and (not complete or at < len(text)) and self._blocks[ends[at]].before is block.behind:
                return fresh, ends[at]
        return (fresh, len(self._blocks)) if complete else ([], 0)

    def _read(
        self, text: str, before: Before, *, first: bool, complete: bool, ends: Collection[int]
    ) -> Iterator[Block]:
        if self.format is PromptFormat.JSON:
            return array_blocks(text, before, first=first, complete=complete, ends=ends)
        return line_blocks(text, self.format, first=first, complete=complete, ends=ends)

    def _replace(self, first: int, last: int, blocks: list[Block]) -> None:
        for block in self._blocks[first:last]:
            self._repeats.remove(block)
        for block in blocks:
            self._repeats.add(block)
        self._blocks.replace(first, last, blocks)

    # Positions

    def __len__(self) -> int:
        return self._blocks.size

    def position(self, offset: int, encoding: Encoding) -> tuple[int, int]:
        """Line and character, both from 0, of an offset; one within a line end counts as the end of its line."""
        return self._blocks.position(offset, encoding)

    def offset(self, line: int, character: int, encoding: Encoding) -> int:
        """The offset of a position. What lies behind a line is its end, what lies behind the text is the text's end.

        A character in the middle of a code point (of a surrogate pair, of UTF-8 bytes) is that code point's start.
        """
        return self._blocks.offset(line, character, encoding)

    # Records

    @property
    def count(self) -> int:
        """The entries of the file, the broken ones too."""
        return self._blocks.entry_count

    @property
    def prompts(self) -> int:
        """The entries that can be read as prompts."""
        return sum(block.count - len(block.missing) for block in self._blocks)

    @property
    def strings(self) -> int:
        """How many prompts are strings, lines of text too."""
        return self._blocks.strings

    @property
    def keyed(self) -> int:
        """How many prompts have a key that is written in the file."""
        return self._blocks.keyed

    @property
    def records(self) -> list[Record]:
        """All records in their order; read anew at each call."""
        return list(self.records_from(0))

    def records_from(self, offset: int) -> Iterator[Record]:
        """The records from the one at an offset on, or from the one behind it."""
        for at in range(self._blocks.at_offset(offset), len(self._blocks)):
            for record in self._blocks.records(at):
                if record.span.end >= offset:
                    yield record

    def to_send(self) -> Iterator[Prompt]:
        """What there is to send, in order."""
        for entries, block in zip(self._blocks.entries, self._blocks, strict=False):
            yield from block.prompts(entries)

    def record_at(self, offset: int) -> Record | None:
        """The record that stands at an offset."""
        at = self._blocks.at_offset(max(offset - 1, 0))
        for block in {at, self._blocks.at_offset(offset)}:
            for record in self._blocks.records(block):
                if record.span.start <= offset <= record.span.end:
                    return record
        return None

    def records_of(self, key: str) -> list[Record]:
        """The records of this key: one, unless the file has it twice."""
        blocks = self._blocks
        holders = set(self._repeats.keys.holders(key))
        places = [at for at, block in enumerate(blocks) if block in holders] if holders else []
        found = [blocks.record(at, n) for at in places for n, name in enumerate(blocks[at].keys) if name == key]
        index = number_in(key)
        if index is not None and blocks.is_generated(index):
            found.append(blocks.record(*blocks.entry(index)))
        return [record for record in found if record]

    def context(self, offset: int) -> Context:
        """What may be written at an offset."""
        blocks = self._blocks
        at = blocks.at_offset(max(offset - 1, 0))
        start = blocks.offsets[at]
        if self.format is PromptFormat.JSONL:
            before = blocks[at].text[: offset - start]
            start += max(before.rfind("\n"), before.rfind("\r")) + 1
        text = blocks[at].text[start - blocks.offsets[at] :]
        if at == 0 and self.format is PromptFormat.JSON and text.lstrip(f"{BYTE_ORDER_MARK} \t\r\n").startswith("["):
            # The array's own bracket is no part of an entry.
            text = text.replace("[", " ", 1)
        found = context_at(text, offset - start)
        return found._replace(span=found.span.shifted(start))

    def snapshot(self) -> list[tuple[int, Block]]:
        """The blocks as they are, each with the line that it begins in: they stay so whatever is typed meanwhile."""
        return list(zip(self._blocks.lines, self._blocks, strict=False))

    def record_with(self, digest: str) -> Record | None:
        """The first record of this digest. Reads every block at the first call (see ``snapshot``)."""
        for at, block in enumerate(self._blocks):
            if (position := block.digests.get(digest)) is not None:
                return self._blocks.record(at, position)
        return None

    # Problems

    @property
    def problems(self) -> list[Problem]:
        """The first PROBLEMS_SHOWN problems in their order."""
        return self.find(PROBLEMS_SHOWN)

    @property
    def errors(self) -> list[Problem]:
        """The first PROBLEMS_SHOWN of the problems that stop a submission."""
        return self.find(PROBLEMS_SHOWN, ERRORS)

    def touching(self, start: int, end: int, codes: Container[str] = ALL) -> list[Problem]:
        """The problems at a place, its edges included."""
        first, last = self._blocks.at_offset(max(start - 1, 0)), self._blocks.at_offset(end + 1)
        found = self._of_the_whole(codes) + self._of_blocks(range(first, last + 1), PROBLEMS_SHOWN, codes)
        return [p for p in found if p.span.start <= end and start <= p.span.end]

    def find(self, limit: int, codes: Container[str] = ALL) -> list[Problem]:
        """The first ``limit`` problems that rules of these codes find."""
        found = self._of_the_whole(codes) + self._of_blocks(range(len(self._blocks)), limit, codes)
        found.sort(key=lambda p: p.span)
        return found[:limit]

    def _of_the_whole(self, codes: Container[str]) -> list[Problem]:
        return [p for p in problems_of_the_whole(self._blocks, self.format) if p.code in codes]

    def _of_blocks(self, places: range, limit: int, codes: Container[str]) -> list[Problem]:
        """The problems of some blocks, ``limit`` of them at least if there are as many."""
        found = list[Problem]()
        repeats = self._repeats.described()
        keys = repeats.with_keys if Code.DUPLICATE_KEY in codes else ()
        prompts = repeats.with_prompts if Code.DUPLICATE_PROMPT in codes else ()
        if not (keys or prompts or self._blocks.codes.total()):
            return found
        for at in places:
            block, before = self._blocks[at], len(found)
            if block.problems:
                found += [p.shifted(self._blocks.offsets[at]) for p in block.problems if p.code in codes]
            if block in keys:
                found += repeats.keys_of(at)
            if block in prompts:
                found += repeats.prompts_of(at)
            # What a block tells may begin a character before it, so one block more has a say.
            if before >= limit:
                break
        return found

    def counts(self) -> Counter[str]:
        """How many problems there are of each rule."""
        total = self._repeats.counts()
        total.update(p.code for p in self._of_the_whole(ALL))
        total.update(self._blocks.codes)
        return total


def parse(text: str, format: PromptFormat) -> PromptDocument:  # noqa: A002 the field's own word
    """The document of a text."""
    return PromptDocument(text, format)


def text_of(prompts: Sequence[str]) -> str:
    """A prompt file of prompts that come as a list: a JSON array of strings, one on a line."""
    return json.dumps(list(prompts), indent=0)
