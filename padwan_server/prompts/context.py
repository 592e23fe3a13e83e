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
    colon: bool = False
    """Whether a colon stands behind the word already."""


_TOKEN = re.compile(r'"(?:[^"\\\r\n]|\\.)*"?|[{}\[\],:]|[^\s{}\[\],:"]+')
_OPEN, _CLOSE = "{[", "}]"
_OBJECT, _COMMA, _COLON = "{,:"
_COLON_BEHIND = re.compile(r"[ \t\r\n]*:")


@dataclass
class _Container:
    is_object: bool
    name: str = ""
    """The name of the member that is being written."""
    after_colon: bool = False
    names: set[str] = field(default_factory=set)
    unclosed: bool = False
    """Whether a string in it lacks its closing quote."""


def context_at(text: str, offset: int) -> Context:
    """The context of an offset in ``text``, which begins where an entry may begin."""
    stack: list[_Container] = []
    word = Span(offset, offset)
    behind = ""
    for match in _TOKEN.finditer(text):
        if match.start() >= offset:
            break
        token = match[0]
        if token == _OBJECT and _begins_line(text, match.start()) and stack and stack[-1].unclosed:
            # A quote is missing in the entry before, which ends here all the same.
            stack.clear()
        inside = match.end() > offset or (match.end() == offset and token[0] not in "{}[],:" and not _is_closed(token))
        if inside:
            word = Span(*match.span())
            break
        behind = token
        _take(token, stack)
    return _context(stack, word, behind)._replace(
        names=frozenset((stack[-1].names if stack else set()) | _names_behind(text, word.end)),
        colon=bool(_COLON_BEHIND.match(text, word.end)),
    )


def _begins_line(text: str, at: int) -> bool:
    line = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    return line > 0 and not text[line:at].strip()


def _names_behind(text: str, at: int) -> set[str]:
    """The names of the members that follow in the same object."""
    names: set[str] = set()
    depth, last = 0, ""
    for match in _TOKEN.finditer(text, at):
        token = match[0]
        if token in _OPEN:
            depth += 1
        elif token in _CLOSE:
            depth -= 1
        elif token == _COLON and not depth:
            names.add(last.strip('"'))
        if depth < 0:
            break
        last = token
    return names


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
    elif token.startswith('"') and not _is_closed(token):
        around.unclosed = True
    elif not around.after_colon:
        around.name = token.strip('"')
        around.names.add(around.name)


def _context(stack: list[_Container], word: Span, behind: str) -> Context:
    """``behind`` is the token that the word stands behind."""
    around = stack[-1] if stack else None
    outer = tuple(container.name for container in stack[:-1] if container.is_object)
    # Without a comma nothing can follow a value.
    if behind and behind not in (*_OPEN, _COMMA, _COLON) and (around is None or word.start == word.end):
        return Context(Expected.NOTHING, outer, word, frozenset())
    if around is None:
        return Context(Expected.ENTRY, (), word, frozenset())
    if not around.is_object:
        expected = Expected.ENTRY if not outer else Expected.VALUE
        return Context(expected, outer, word, frozenset())
    if around.after_colon:
        return Context(Expected.VALUE, (*outer, around.name), word, frozenset(around.names))
    return Context(Expected.NAME, outer, word, frozenset(around.names))
