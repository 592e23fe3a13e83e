"""JSON files: an array whose entries are the records, cut into blocks.

Nearly all of a file is sound, and is taken block by block with one decoding and a glance. Only from an entry that is
not JSON on, the text is read token by token until a sound entry has been read again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from enum import Enum, auto
from functools import partial
from typing import Any

from padwan_server.prompts.block import Before, Block, Bracket, glanced_block, read_block
from padwan_server.prompts.entry import read_entry
from padwan_server.prompts.fault import Fault, shown
from padwan_server.prompts.gap import COMMENT_LIMIT, skip_gap
from padwan_server.prompts.glance import glance_at_array
from padwan_server.prompts.problem import Edit, Fix, Problem
from padwan_server.prompts.record import Record
from padwan_server.prompts.resync import end_of_array, next_entry, next_record, resume
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.scanner import Scan, scan_record
from padwan_server.prompts.source import BYTE_ORDER_MARK
from padwan_server.prompts.span import Span
from padwan_server.prompts.value import Value

TARGET = 32_768
"""Characters of a block, about."""

LOOKAHEAD = 65_536
"""Characters behind the start of a broken entry that have a say in how it is read, at least. A larger one is read with
more, as long as nothing in it looks like the next entry."""

_WHITE_SPACE = " \t\r\n"
_OPENING = re.compile(rf"{BYTE_ORDER_MARK}?[ \t\r\n]*\[")
_NEXT_ENTRY = re.compile(r"[ \t\r\n,]*")
_LIKELY_ENDS = (re.compile(r"}[ \t\r\n]*,"), re.compile(r'"[ \t\r\n]*,'))
_DECODER = json.JSONDecoder()


def array_blocks(text: str, before: Before, *, first: bool, complete: bool, ends: Collection[int]) -> Iterator[Block]:
    """The blocks of a text, which begins the document (``first``) or goes on behind what is ``before`` it.

    Blocks end behind the comma of a sound entry, where ``ends`` says so if that can be, or where they have become
    large. If the text is not ``complete`` they stop where more of the document must be known.
    """
    at = 0
    while at < len(text) or (first and at == 0):
        opens = first and at == 0
        block = None
        if before is Before.SEPARATOR:
            block = _sound_block(text, at, opens=opens, complete=complete, ends=ends)
        block = block or _ArrayReader(text, at, before, opens=opens, complete=complete).read()
        if block is None:
            return
        yield block
        before = block.behind
        at += len(block.text) or 1


# Sound blocks


def _sound_block(text: str, at: int, *, opens: bool, complete: bool, ends: Collection[int]) -> Block | None:
    """The next block if it is sound JSON, or what of it is."""
    for end in _likely_ends(text, at, ends):
        block = _glance(text[at:end], opens=opens, closes=complete and end == len(text))
        if block:
            return block
    end = _end_of_sound_entries(text, at, opens=opens)
    return _glance(text[at:end], opens=opens, closes=False) if end > at else None


def _likely_ends(text: str, at: int, ends: Collection[int]) -> Iterator[int]:
    if len(text) - at <= TARGET * 3 // 2:
        yield len(text)
        return
    end = min((end for end in ends if at < end < at + 2 * TARGET), default=None)
    if end:
        yield end
        return
    for pattern in _LIKELY_ENDS:
        if match := pattern.search(text, at + TARGET, at + 2 * TARGET):
            yield match.end()


def _glance(text: str, *, opens: bool, closes: bool) -> Block | None:
    """A block of this text if it is sound."""
    opening = _OPENING.match(text) if opens else None
    if opens and not opening:
        return None
    start = opening.end() if opening else 0
    closing = len(text.rstrip(_WHITE_SPACE)) - 1 if closes else len(text) - 1
    if closing < start or text[closing] != ("]" if closes else ","):
        return None
    glance = glance_at_array(text[start:closing])
    if glance is None or not (glance.keys or (opens and closes)):
        return None
    values = partial(_values, text, start, closing)
    block = glanced_block(text, glance, partial(_starts, start=start, end=closing), values)
    if opens:
        block.brackets.append(Bracket("[", start - 1, 0))
    if closes:
        block.brackets.append(Bracket("]", closing, block.count))
    return block


def _values(text: str, start: int, end: int) -> list[Any]:
    """All entries of sound JSON."""
    values: list[Any] = json.loads(f"[{text[start:end]}]")
    return values


def _starts(text: str, start: int, end: int) -> Iterator[int]:
    """Where the entries of sound JSON start."""
    while (start := _behind(_NEXT_ENTRY, text, start)) < end:
        yield start
        _, start = _DECODER.raw_decode(text, start)


def _end_of_sound_entries(text: str, at: int, *, opens: bool) -> int:
    """The end of the last comma behind nothing but sound entries; ``at`` if the first is none."""
    end = at
    start = _behind(_WHITE, text, _behind(_OPENING, text, at) if opens else at)
    while end - at < TARGET:
        try:
            _, behind = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            break
        behind = _behind(_WHITE, text, behind)
        if text[behind : behind + 1] != ",":
            break
        end = behind + 1
        start = _behind(_WHITE, text, end)
    return end


_WHITE = re.compile(r"[ \t\r\n]*")


def _behind(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


# The rest


class _Token(Enum):
    """What was read last."""

    NOTHING = auto()
    OPENING = auto()
    CLOSING = auto()
    COMMA = auto()
    ENTRY = auto()
    BROKEN = auto()


_TOKENS = {Before.SEPARATOR: _Token.COMMA, Before.ENTRY: _Token.ENTRY, Before.BROKEN: _Token.BROKEN}
_BEFORE = {token: before for before, token in _TOKENS.items()}


class _MoreNeededError(Exception):
    """What the text means depends on what follows it."""


class _ArrayReader:
    """Reads from one sound place to the next: ``at`` is where it has come to."""

    def __init__(self, text: str, start: int, before: Before, *, opens: bool, complete: bool) -> None:
        self._before = before
        self._text = text
        self._start = start
        self._complete = complete
        self._at = start
        self._last = _Token.NOTHING if opens else _TOKENS[before]
        self._comma = start - 1
        self._entry_end = start
        self._reach = start
        self._sound = False
        self._bare: Value | None = None
        self._records: list[Record | None] = []
        self._problems: list[Problem] = []
        self._brackets: list[Bracket] = []

    def read(self) -> Block | None:
        """The block; None if more of the document must be known."""
        if self._last is _Token.NOTHING and self._text.startswith(BYTE_ORDER_MARK):
            self._at += len(BYTE_ORDER_MARK)
        try:
            while not self._ended():
                self._token()
        except _MoreNeededError:
            return None
        block = read_block(self._text[self._start : self._at], self._records, self._problems, self._reach - self._start)
        block.brackets = self._brackets
        block.before, block.behind = self._before, _BEFORE.get(self._last, Before.SEPARATOR)
        if self._bare:
            block.bare = True
            everything = self._complete and self._at == len(self._text)
            block.alone = self._last is _Token.ENTRY and block.count == 1 and not self._brackets and everything
            if block.alone:
                told = [p for p in block.problems if p.code == Code.JSON_SYNTAX or not block.missing]
                faulty = any(p.code == Code.JSON_SYNTAX for p in told)
                block.problems = [_no_array(self._bare, mendable=not faulty), *told]
        return block

    def _ended(self) -> bool:
        """Whether a block can end here: behind the comma of a sound entry, at a size, or at the document's end."""
        size = self._at - self._start
        if self._last is _Token.COMMA and self._sound and size >= TARGET // 8:
            return True
        if self._last in _BEFORE and size >= TARGET:
            return True
        sound = self._skip_gap()
        self._sound = self._sound and sound
        if self._peek():
            return False
        if not self._complete:
            raise _MoreNeededError
        return True

    def _token(self) -> None:
        character = self._peek()
        if character == ",":
            self._read_comma()
        elif character in "[]":
            self._read_bracket(character)
        elif self._last is _Token.ENTRY and character not in "\"'{“”„":
            self._read_rest_of_entry()
        else:
            self._read_entry()

    def _read_comma(self) -> None:
        if self._last in (_Token.NOTHING, _Token.OPENING, _Token.COMMA):
            self._fault("Nothing stands before this comma. Remove it.", self._at, "Remove the comma")
            self._sound = False
        elif self._last is _Token.CLOSING:
            self._bracket(",")
        self._comma = self._at
        self._at += 1
        self._last = _Token.COMMA

    def _read_bracket(self, character: str) -> None:
        if character == "]" and self._last is _Token.COMMA:
            self._fault("No comma may follow the last entry. Remove it.", self._comma, "Remove the trailing comma")
        self._bracket(character)
        self._at += 1
        self._sound = False
        self._last = _Token.OPENING if character == "[" else _Token.CLOSING

    def _read_entry(self) -> None:
        start = self._at
        if self._last is _Token.ENTRY:
            self._lacks("A comma is missing here.", self._entry_end, ",")
        scan = self._scan(start)
        self._sound = scan.value is not None and not scan.problems
        if scan.value is None and self._last is _Token.CLOSING:
            self._bracket("?")
        else:
            self._take(scan)
        if scan.value is None:
            self._go_on_at(max(resume(self._text, start, scan.suspect, self._reach), start + 1))
            return
        if self._last is _Token.NOTHING:
            self._bare = self._shifted_value(scan.value)
        self._at = self._entry_end = scan.end
        self._last = _Token.ENTRY

    def _go_on_at(self, following: int) -> None:
        """Read on at what looks like the next entry, with the line end before it: how it is indented matters."""
        self._last = _Token.BROKEN
        self._sound = False
        line = max(self._text.rfind("\n", self._at, following), self._text.rfind("\r", self._at, following))
        if line > self._at and not self._text[line:following].strip(_WHITE_SPACE):
            line -= self._text.startswith("\r\n", line - 1)
            following = max(line, self._at + 1)
        self._at = following

    def _take(self, scan: Scan) -> None:
        problems = list(scan.problems)
        record = None
        if scan.value is not None:
            record, more = read_entry(self._text, scan.value, len(self._records))
            problems += more
        self._records.append(_moved(record, -self._start))
        self._problems += [found.shifted(-self._start) for found in problems]

    def _read_rest_of_entry(self) -> None:
        start = self._at
        found = shown(self._peek())
        self._report(Fault(f'Expected "," or "]" behind this entry, found {found}.', Span(start, start + 1)))
        size = LOOKAHEAD
        self._reach_to(start + size)
        while (following := next_entry(self._text, start, start + size)) is None and start + size < len(self._text):
            size *= 16
            self._reach_to(start + size)
        if following is None:
            following = end_of_array(self._text, start)
        self._go_on_at(max(following, start + 1))

    def _scan(self, start: int) -> Scan:
        """Read the entry at ``start``; with more and more of what follows if it is not sound and no other begins."""
        size = LOOKAHEAD
        while True:
            end = min(start + size, len(self._text))
            if size > LOOKAHEAD and end < len(self._text) and _is_cut(self._text[start:end]):
                self._reach_to(start + size)
                size *= 16
                continue
            scan = scan_record(self._text, start, end)
            sound = scan.value is not None and not scan.problems
            if sound and (scan.end < end or (end == len(self._text) and self._complete)):
                return scan
            self._reach_to(start + size)
            if end == len(self._text) and self._complete:
                return scan
            if next_record(self._text, start, scan.suspect, end) is not None:
                # A value that ends where we stopped looking was not read to its end.
                return scan if scan.end < end else scan._replace(value=None)
            size *= 16

    def _reach_to(self, end: int) -> None:
        """What stands before ``end`` has a say in what was read."""
        if end > len(self._text) and not self._complete:
            raise _MoreNeededError
        self._reach = max(self._reach, end)

    def _skip_gap(self) -> bool:
        """Pass over what stands between tokens; whether that was white space alone."""
        faults: list[Fault] = []
        self._at = skip_gap(self._text, self._at, len(self._text), faults)
        for fault in faults:
            start, end = fault.span
            unclosed = self._text.startswith("/*", start) and not self._text.endswith("*/", start + 2, end)
            self._reach_to(start + COMMENT_LIMIT if unclosed else end + 1)
            self._report(fault)
        return not faults

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _bracket(self, character: str) -> None:
        self._brackets.append(Bracket(character, self._at - self._start, len(self._records)))

    def _fault(self, message: str, at: int, repair: str) -> None:
        span = Span(at, at + 1)
        self._report(Fault(message, span, repair, (Edit(span, ""),)))

    def _lacks(self, message: str, offset: int, text: str) -> None:
        # Nothing is there to be shown, so the character before it is.
        shown_at = Span(offset - 1, offset)
        self._report(Fault(message, shown_at, f"Insert {text}", (Edit(Span(offset, offset), text),)))

    def _report(self, fault: Fault) -> None:
        self._problems.append(fault.problem().shifted(-self._start))

    def _shifted_value(self, value: Value) -> Value:
        return value._replace(span=value.span.shifted(-self._start))


def _is_cut(text: str) -> bool:
    """Whether a piece of text is JSON but for its end, which is not in it."""
    try:
        _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text) - LOOKAHEAD // 4
    except RecursionError:
        return False
    return False


def _moved(record: Record | None, offset: int) -> Record | None:
    return record.shifted(offset) if record and offset else record


def _no_array(value: Value, *, mendable: bool) -> Problem:
    start, end = value.span
    around: Fix | None = Fix("Put it in an array", (Edit(Span(start, start), "["), Edit(Span(end, end), "]")))
    if len(value.members) == 1 and isinstance(value.members[0].value.data, list):
        inner = value.members[0].value.span
        outside = (Edit(Span(start, inner.start), ""), Edit(Span(inner.end, end), ""))
        around = Fix("Keep the array in it alone", outside)
    if not mendable:
        around = None
    if isinstance(value.data, dict):
        message = 'A prompt file is an array. Put "[" and "]" around its objects, and commas between them.'
        return problem(Code.TOP_LEVEL_OBJECT, message, value.span, around)
    if isinstance(value.data, str):
        message = 'A prompt file is an array. Put "[" and "]" around the prompts.'
        return problem(Code.TOP_LEVEL_STRING, message, value.span, around)
    message = f"A prompt file is an array of prompts, this is {value.describe()}."
    return problem(Code.TOP_LEVEL_VALUE, message, value.span)


# What only the whole document shows


def bracket_problems(blocks: Sequence[Block], offsets: Sequence[int]) -> Iterator[Problem]:
    """What is wrong with the brackets around the entries."""
    found = [
        (offset + bracket.offset, bracket.character)
        for block, offset in zip(blocks, offsets, strict=False)
        for bracket in block.brackets
    ]
    last = _last_token(blocks)
    bare, early = blocks[0].bare, False
    depth = int(bare)
    for number, (at, character) in enumerate(found):
        span = Span(at, at + 1)
        if character == "[":
            if depth:
                message = "An entry is a string or an object, and this bracket opens an array. Remove it."
                yield problem(Code.WRONG_TYPE, message, span, Fix("Remove the bracket", (Edit(span, ""),)))
            depth += 1
        elif character == "]" and not depth:
            yield Fault("Nothing is open that this bracket closes. Remove it.", span).problem()
        elif character == "]" and depth == 1 and (number + 1 < len(found) or last != "]"):
            early = True
            message = "The array ends here, but more follows. Remove this bracket, or what follows it."
            another = any(character == "]" for _, character in found[number + 1 :])
            yield Fault(message, span, "Remove the bracket", (Edit(span, ""),) if another else ()).problem()
        elif character == "]":
            depth -= 1
    end = _end_of_text(blocks, offsets)
    if bare and not (blocks[0].alone and len(blocks) == 1):
        yield _never_opened(blocks[0], end if depth else None)
    elif depth and not bare and not early:
        repair = (Edit(Span(end, end), "]" * depth),)
        message = 'The array is never closed. Put a "]" at its end.'
        unclosed = Fault(message, Span(max(end - 1, 0), end), "Insert ]", repair).problem()
        opened = Span(found[0][0], found[0][0] + 1)
        yield replace(unclosed, related=((opened, "opened here"),))


def _last_token(blocks: Sequence[Block]) -> str:
    """The last bracket if no entry follows it, else nothing."""
    for block in reversed(blocks):
        if block.brackets and block.brackets[-1].entries_before == block.count:
            return block.brackets[-1].character
        if block.count:
            return ""
    return ""


def _end_of_text(blocks: Sequence[Block], offsets: Sequence[int]) -> int:
    for block, offset in zip(reversed(blocks), reversed(offsets[: len(blocks)]), strict=False):
        if stripped := block.text.rstrip():
            return offset + len(stripped)
    return 0


def _never_opened(block: Block, end: int | None) -> Problem:
    first = len(block.text) - len(block.text.lstrip(BYTE_ORDER_MARK + _WHITE_SPACE))
    edits = [Edit(Span(first, first), "[")]
    if end is not None:
        edits.append(Edit(Span(end, end), "]"))
    message = 'A prompt file is an array. Put a "[" before its first prompt.'
    return Fault(message, Span(first, first + 1), "Put it in an array", tuple(edits)).problem()
