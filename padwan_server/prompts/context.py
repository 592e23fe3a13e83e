"""Where in an entry a place is, in text that may be half typed: what completion has to know."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from padwan_server.prompts.span import Span


class Expected(Enum):
    """What may be written at a place."""

    ENTRY = auto()
    NAME = auto()
    VALUE = auto()
    NOTHING = auto()


class Context(NamedTuple):
    """A place: ``path`` leads there by member names (places in arrays are left out), ``span`` is the word there.

    ``names`` are the members that the object around it has before the place. For a value, the path ends with its name.
    """

    expected: Expected
    path: tuple[str, ...]
    span: Span
    names: frozenset[str]


_TOKEN = re.compile(r'"(?:[^"\\\r\n]|\\.)*"?|[{}\[\],:]|[^\s{}\[\],:"]+')
_OPEN, _CLOSE = "{[", "}]"
_OBJECT, _COMMA, _COLON = "{,:"


@dataclass
class _Container:
    is_object: bool
    name: str = ""
    """The name of the member that is being written."""
    after_colon: bool = False
    names: set[str] = field(default_factory=set)


def context_at(text: str, offset: int) -> Context:
    """The context of an offset in ``text``, which begins where an entry may begin."""
    stack: list[_Container] = []
    word = Span(offset, offset)
    for match in _TOKEN.finditer(text):
        if match.start() >= offset:
            break
        token = match[0]
        inside = match.end() > offset or (match.end() == offset and token[0] not in "{}[],:" and not _is_closed(token))
        if inside:
            word = Span(*match.span())
            break
        _take(token, stack)
    return _context(stack, word)


def _is_closed(token: str) -> bool:
    return len(token) > 1 and token[0] == token[-1] == '"'


def _take(token: str, stack: list[_Container]) -> None:
    if token in _OPEN:
        stack.append(_Container(token == _OBJECT))
    elif token in _CLOSE:
        if stack:
            stack.pop()
    elif stack and stack[-1].is_object:
        _take_in_object(token, stack[-1])


def _take_in_object(token: str, around: _Container) -> None:
    if token == _COMMA:
        around.after_colon = False
    elif token == _COLON:
        around.after_colon = True
    elif not around.after_colon:
        around.name = token.strip('"')
        around.names.add(around.name)


def _context(stack: list[_Container], word: Span) -> Context:
    around = stack[-1] if stack else None
    outer = tuple(container.name for container in stack[:-1] if container.is_object)
    if around is None:
        return Context(Expected.ENTRY, (), word, frozenset())
    if not around.is_object:
        expected = Expected.ENTRY if not outer else Expected.VALUE
        return Context(expected, outer, word, frozenset())
    if around.after_colon:
        return Context(Expected.VALUE, (*outer, around.name), word, frozenset(around.names))
    return Context(Expected.NAME, outer, word, frozenset(around.names))
