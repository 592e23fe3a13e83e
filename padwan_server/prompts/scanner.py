"""Reads one record of JSON from a text, exactly and tolerantly.

What most records look like, an object whose members are strings, is read with one regular expression per member, and
nested values by the standard library. Only what neither takes is read token by token; there each fault gets its
message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple, NoReturn

from padwan_server.prompts import literal
from padwan_server.prompts.fault import Fault, shown, syntax_problem
from padwan_server.prompts.gap import skip_gap
from padwan_server.prompts.problem import Edit, Problem
from padwan_server.prompts.resync import record_inside
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.span import Span
from padwan_server.prompts.value import Member, Value, short

# The service's own JSON reader goes no deeper.
MAX_DEPTH = 100

_PLAIN_MEMBER = re.compile(
    rf'[ \t\r\n]*+("[^"\\\x00-\x1f]*+")[ \t\r\n]*+:[ \t\r\n]*+({literal.STRING.pattern})[ \t\r\n]*+([,}}])'
)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"""[^ \t\r\n,:\[\]{}"']+""")
_REST_OF_LINE = re.compile(r"[^\r\n]*")
_NAME = re.compile(r"[A-Za-z_$][A-Za-z_$0-9]*")
_CONSTANTS = {"true": True, "false": False, "null": None}
_OTHER_CONSTANTS = {"True": "true", "False": "false", "None": "null", "undefined": "null"}
_NO_NUMBERS = ("NaN", "Infinity", "-Infinity", "+Infinity", "inf", "-inf", "nan")


class Scan(NamedTuple):
    """What was read: the value, or None if it cannot be read to its end; where reading stopped; and the problems.

    ``suspect`` is the start of the last token that was read: after a failure, the next record is to be looked for from
    there, since a stray quote may have swallowed its beginning.
    """

    value: Value | None
    end: int
    problems: tuple[Problem, ...]
    suspect: int


def scan_record(text: str, offset: int, end: int | None = None) -> Scan:
    """Reads the record that starts at ``offset`` and goes no further than ``end`` (the text's end if None).

    All faults of its syntax come as one problem. Never raises.
    """
    scanner = _Scanner(text, offset, len(text) if end is None else end)
    try:
        value: Value | None = scanner.value(0)
    except _UnreadableError:
        value = None
    problems = scanner.problems
    if scanner.faults:
        problems = [syntax_problem(scanner.faults, readable=value is not None), *problems]
    return Scan(value, value.span.end if value else scanner.suspect, tuple(problems), scanner.suspect)


class _UnreadableError(Exception):
    """The record cannot be read on from here; the reason is the last of the scanner's faults."""


class _Scanner:
    """One pass over one record: ``at`` is where it has come to, ``suspect`` the start of the token it reads."""

    __slots__ = ("at", "end", "faults", "problems", "start", "suspect", "text")

    def __init__(self, text: str, offset: int, end: int) -> None:
        self.text = text
        self.start = offset
        self.at = offset
        self.end = end
        self.suspect = offset
        self.faults: list[Fault] = []
        self.problems: list[Problem] = []

    def value(self, depth: int) -> Value:
        """The value that starts here; ``depth`` counts the containers around it."""
        self.suspect = self.at
        character = self._peek()
        if character == '"':
            value = self._string()
        elif character and character in literal.FOREIGN_QUOTES:
            value = self._foreign_string()
        elif character not in ("{", "["):
            value = self._word()
        else:
            # No method between these and the next level's value(): each would cost a frame per level.
            value = self._well_formed(depth) or (self._object(depth) if character == "{" else self._array(depth))
        self.at = value.span.end
        return value

    def _peek(self) -> str:
        return self.text[self.at] if self.at < self.end else ""

    def _skip_gap(self) -> None:
        self.at = skip_gap(self.text, self.at, self.end, self.faults)

    def _fault(self, message: str, span: Span, repair: str = "", text: str = "") -> None:
        self.faults.append(Fault(message, span, repair, (Edit(span, text),) if repair else ()))

    def _lacks(self, message: str, offset: int, text: str) -> None:
        # Nothing is there to be shown, so the character before it is.
        self.faults.append(
            Fault(message, Span(offset - 1, offset), f"Insert {text}", (Edit(Span(offset, offset), text),))
        )

    def _fail(self, message: str, span: Span) -> NoReturn:
        self._fault(message, span)
        raise _UnreadableError

    def _fail_here(self, expected: str) -> NoReturn:
        found = shown(self._peek()) if self._peek() else "the end"
        self._fail(f"Expected {expected}, found {found}.", Span(self.at, min(self.at + 1, self.end)))

    # Strings

    def _string(self) -> Value:
        if match := literal.STRING.match(self.text, self.at, self.end):
            return Value(Span(self.at, match.end()), literal.decode(match[0]))
        end, faults = literal.read_faulty(self.text, self.at, self.end)
        if end is None:
            self._fail('This string is never closed. Put a " at its end.', self._rest_of_line())
        self.faults += faults
        span = Span(self.at, end)
        return Value(span, literal.decode_mended(self.text, span, faults))

    def _foreign_string(self) -> Value:
        read = literal.read_foreign(self.text, self.at, self.end)
        if read is None:
            self._fail(f"Strings take double quotes in JSON, not {self._peek()}.", self._rest_of_line())
        data, fault = read
        self.faults.append(fault)
        return Value(fault.span, data)

    def _rest_of_line(self) -> Span:
        match = _REST_OF_LINE.match(self.text, self.at, self.end)
        return Span(self.at, match.end() if match else self.end)

    # Numbers, true, false, null, and words that are none of them

    def _word(self) -> Value:
        match = _WORD.match(self.text, self.at, self.end)
        if match is None:
            self._fail_here("a value")
        word, span = match[0], Span(*match.span())
        if word in _CONSTANTS:
            return Value(span, _CONSTANTS[word])
        if _NUMBER.fullmatch(word):
            return Value(span, self._number(word, span))
        if right := _OTHER_CONSTANTS.get(word):
            self._fault(f"JSON writes {right}, not {word}.", span, f"Write {right}", right)
            return Value(span, _CONSTANTS[right])
        self._no_value(word, span)
        return Value(span, None)

    def _number(self, word: str, span: Span) -> Any:
        try:
            return _DECODER.decode(word)
        except ValueError:
            self._fault("This number is too large. Write a smaller one.", span)
            return None

    def _no_value(self, word: str, span: Span) -> None:
        if word in _NO_NUMBERS:
            self._fault(f"JSON has no {word}. Write a number, or null.", span)
        elif word[0] in "+-.0123456789":
            self._fault(f"{short(word)} is no number in JSON: no leading zero, plus sign or bare dot.", span)
        else:
            self._fail(f"Expected a value, found {short(word)}. Text takes double quotes.", span)

    # Objects and arrays

    def _well_formed(self, depth: int) -> Value | None:
        """A nested value as the standard library reads it; None if there is anything to say about it."""
        if depth == 0:
            return None  # A record's own members need their places.
        if depth >= MAX_DEPTH:
            self._fail(f"Nested deeper than {MAX_DEPTH} levels, and the service reads no deeper.", self._rest_of_line())
        try:
            data, length = _DECODER.raw_decode(self.text[self.at : self.end])
        except (ValueError, RecursionError):
            return None
        end = self.at + length
        brackets = self.text.count("{", self.at, end) + self.text.count("[", self.at, end)
        nested = brackets if depth + brackets <= MAX_DEPTH else _nesting(data, MAX_DEPTH)
        return Value(Span(self.at, end), data) if depth + nested <= MAX_DEPTH else None

    def _object(self, depth: int) -> Value:
        start, members, more = self.at, list[Member](), True
        self.at += 1
        while more:
            if match := _PLAIN_MEMBER.match(self.text, self.at, self.end):
                members.append(_plain_member(match))
                self.suspect, self.at, more = match.start(2), match.end(), match[3] == ","
            elif more := self._item_follows("}", after_comma=bool(members)):
                name = self._name_and_colon()
                members.append(Member(name.data, name.span, self.value(depth + 1)))
                more = self._another_follows("}")
        self._find_repeated(members)
        data = {member.name: member.value.data for member in members}
        return Value(Span(start, self.at), data, tuple(members))

    def _array(self, depth: int) -> Value:
        start, data, more = self.at, list[Any](), True
        self.at += 1
        while more:
            if more := self._item_follows("]", after_comma=bool(data)):
                data.append(self.value(depth + 1).data)
                more = self._another_follows("]")
        return Value(Span(start, self.at), data)

    def _item_follows(self, closer: str, *, after_comma: bool) -> bool:
        """Goes to the next item, or behind what closes the container."""
        before = self.at
        self._skip_gap()
        while self._peek() == ",":
            self._fault("Nothing stands before this comma. Remove it.", self._here(), "Remove the comma")
            self.at += 1
            self._skip_gap()
        if not self._peek():
            self._close_at_end(before, closer)
            return False
        if self._peek() != closer:
            return True
        if after_comma:
            comma = Span(before - 1, before)
            self._fault("No comma may follow the last item. Remove it.", comma, "Remove the trailing comma")
        self.at += 1
        return False

    def _another_follows(self, closer: str) -> bool:
        """Goes behind the comma, or behind what closes the container."""
        before = self.at
        self._skip_gap()
        character = self._peek()
        if not character:
            self._close_at_end(before, closer)
            return False
        if character in {",", closer}:
            self.at += 1
            return character == ","
        if character == '"' or (closer == "]" and character in "{["):
            self._lacks("A comma is missing here.", before, ",")
            return True
        if character in "{[":
            self.suspect = self.at  # The next record, in all likelihood.
        return self._fail_here(f'"," or "{closer}" (a quote within a string is written \\")')

    def _here(self) -> Span:
        return Span(self.at, self.at + 1)

    def _close_at_end(self, offset: int, closer: str) -> None:
        opener = "{" if closer == "}" else "["
        following = record_inside(self.text, self.start, self.end)
        if following is not None:
            # What was taken for a part of this record is the next one.
            self.suspect = following
            before = len(self.text[self.start : following].rstrip(", \t\r\n")) + self.start
            self._fail(f'A "{opener}" is never closed. Put a "{closer}" here.', Span(before - 1, before))
        self._lacks(f'A "{opener}" is never closed. Put a "{closer}" here.', offset, closer)
        self.at = offset

    # Members

    def _name_and_colon(self) -> Value:
        name = self._name()
        self.at = name.span.end
        self._skip_gap()
        if self._peek() == ":":
            self.at += 1
            self._skip_gap()
        elif self._peek() in ('"', "{", "["):
            self._lacks("A colon is missing behind this name.", name.span.end, ":")
        else:
            self._fail_here('":" behind the name')
        return name

    def _name(self) -> Value:
        self.suspect = self.at
        character = self._peek()
        if character == '"':
            return self._string()
        if character in literal.FOREIGN_QUOTES:
            return self._foreign_string()
        match = _NAME.match(self.text, self.at, self.end)
        if match is None:
            self._fail_here('a name in double quotes or "}"')
        span = Span(*match.span())
        self._fault("Names take double quotes in JSON.", span, "Use double quotes", f'"{match[0]}"')
        return Value(span, match[0])

    def _find_repeated(self, members: list[Member]) -> None:
        if len({member.name for member in members}) == len(members):
            return
        first: dict[str, Span] = {}
        for member in members:
            if member.name in first:
                self.problems.append(_duplicate_member(member, first[member.name]))
            first.setdefault(member.name, member.name_span)


def _nesting(data: Any, limit: int) -> int:
    """How deep containers are nested in a value, or more than ``limit``."""
    level, containers = 0, [data]
    while level <= limit:
        items = [item for container in containers for item in _items(container)]
        level += 1
        containers = [item for item in items if isinstance(item, dict | list)]
        if not containers:
            break
    return level


def _items(container: Any) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container


def _plain_member(match: re.Match[str]) -> Member:
    name, raw, _ = match.groups()
    return Member(name[1:-1], Span(*match.span(1)), Value(Span(*match.span(2)), literal.decode(raw)))


def _duplicate_member(member: Member, first: Span) -> Problem:
    message = f'"{short(member.name)}" is in this object twice, and one of the values would be lost. Remove one.'
    return problem(Code.DUPLICATE_MEMBER, message, member.name_span, related=((first, "first here"),))


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a repeated member")
    return members


def _finite(word: str) -> float:
    number = float(word)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number out of range")
    return number


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)


_DECODER = json.JSONDecoder(object_pairs_hook=_unique_members, parse_float=_finite, parse_constant=_no_constant)
