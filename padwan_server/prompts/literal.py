"""JSON strings: reading them, mending them, and what is wrong inside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import cast

from padwan_server.prompts.fault import Fault, shown
from padwan_server.prompts.fixes import apply
from padwan_server.prompts.problem import Edit
from padwan_server.prompts.span import Span

# Possessive, so that a long string without an end costs one pass.
STRING = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"')

_ODDITY = re.compile(r'["\\\x00-\x1f]')
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_UNESCAPED = re.compile(r'\\(.)|(")', re.DOTALL)

# Behind a line break within quotes: what shows that the string was to end before it, and what shows its real end.
_NEXT_ITEM = re.compile(r'[ \t\r\n]*(?:[{}\[\]",]|\Z)')
_CLOSING_QUOTE = re.compile(r'[ \t\r\n]*"[ \t\r\n]*[,}\]]')

# Quotes of Python, JavaScript and word processors. The closing one is the first that a separator follows.
_FOREIGN = re.compile(
    r"'(?P<single>(?:[^'\\\r\n]|\\[^\r\n])*+)'"
    r"|[“”„](?P<double>(?:[^“”„\\\r\n]|\\[^\r\n])*+)[“”„]"
    r"|[‘’](?P<curly>(?:[^‘’\\\r\n]|\\[^\r\n])*+)[‘’]"
)
FOREIGN_QUOTES = "'“”„‘’"

_SURROGATE_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair, which is fine
    r"|(?P<escaped>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    r"|\\(?s:.)"
    r"|(?P<raw>[\ud800-\udfff])"
)


def decode(literal: str) -> str:
    """The text of a well-formed JSON string, quotes included in ``literal``."""
    return literal[1:-1] if "\\" not in literal else cast("str", json.loads(literal))


def decode_mended(text: str, span: Span, faults: list[Fault]) -> str:
    """The text of a string whose ``faults`` are mended; ``span`` is its place, quotes included."""
    edits = [
        Edit(Span(edit.span.start - span.start, edit.span.end - span.start), edit.text)
        for fault in faults
        for edit in fault.edits
    ]
    return decode(apply(text[span.start : span.end], edits))


def read_faulty(text: str, start: int, end: int) -> tuple[int | None, list[Fault]]:
    """Where a string that is not well-formed ends (behind its quote), and its faults, all with edits.

    None if it is never closed.
    """
    faults: list[Fault] = []
    offset = start + 1
    while oddity := _ODDITY.search(text, offset, end):
        offset = oddity.start()
        if text[offset] == '"':
            return offset + 1, faults
        if escape := _ESCAPE.match(text, offset, end):
            offset = escape.end()
        elif text[offset] == "\\":
            faults.append(_bad_escape(text, offset))
            # The character behind it may be the closing quote only if it is none: \" is an escape that matched above.
            offset += 1 if text[offset + 1 : offset + 2] in _CONTROL_OR_END else 2
        elif _ends_unclosed(text, offset, end):
            return None, faults
        else:
            faults.append(_bare_control(text, offset))
            offset += 1
    return None, faults


_CONTROL_OR_END = ("", *(chr(code) for code in range(0x20)))


def _bad_escape(text: str, offset: int) -> Fault:
    span = Span(offset, offset + 2)
    if text[offset + 1 : offset + 2] == "'":
        return Fault("An apostrophe needs no backslash in JSON.", span, "Remove the backslash", (Edit(span, "'"),))
    message = f"No escape of JSON starts like this: {text[offset : offset + 2]!s}. Write \\\\ for a backslash."
    return Fault(message, Span(offset, offset + 1), "Double the backslash", (Edit(Span(offset, offset), "\\"),))


def _bare_control(text: str, offset: int) -> Fault:
    span = Span(offset, offset + 1)
    escaped = json.dumps(text[offset])[1:-1]
    message = f"A bare control character ({shown(text[offset])}) in a string. Write {escaped}."
    return Fault(message, span, "Escape control characters", (Edit(span, escaped),))


def _ends_unclosed(text: str, offset: int, end: int) -> bool:
    """Whether the line break at ``offset`` shows that the closing quote is missing before it."""
    if text[offset] not in "\r\n" or _CLOSING_QUOTE.match(text, offset, end):
        return False
    return bool(_NEXT_ITEM.match(text, offset, end))


def read_foreign(text: str, start: int, end: int) -> tuple[str, Fault] | None:
    """The text of a string in quotes that are not JSON's, and the fault; None if it does not read as one."""
    match = _FOREIGN.match(text, start, end)
    if match is None:
        return None
    content = _UNESCAPED.sub(_escape_for_json, match[match.lastgroup or 0])
    literal = f'"{content}"'
    if not STRING.fullmatch(literal):
        return None
    span = Span(*match.span())
    message = f"Strings take double quotes in JSON, not {text[start]}."
    return decode(literal), Fault(message, span, "Use double quotes", (Edit(span, literal),))


def _escape_for_json(match: re.Match[str]) -> str:
    if match[2]:
        return '\\"'
    return match[1] if match[1] in FOREIGN_QUOTES else match[0]


_CONTROL = "\x00-\x07\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069"
"""Control characters that no prompt needs (tab, line and page breaks it may), and those that turn the direction of
text, with which a prompt can read otherwise than it is (https://trojansource.codes)."""

_CONTROL_CHARACTER = re.compile(f"[{_CONTROL}]")
_CONTROL_ESCAPE = re.compile(rf"\\u(?P<code>[0-9a-fA-F]{{4}})|\\(?s:.)|(?P<raw>[{_CONTROL}])")


def control_characters(text: str, span: Span, *, escapes: bool = True) -> Iterator[Span]:
    """Every suspicious control character in a piece of text: as it stands, and in JSON also escaped."""
    for match in (_CONTROL_ESCAPE if escapes else _CONTROL_CHARACTER).finditer(text, *span):
        code = match["code"] if escapes else None
        if not escapes or match["raw"] or (code and _CONTROL_CHARACTER.match(chr(int(code, 16)))):
            yield Span(*match.span())


def has_control_character(text: str) -> bool:
    """Whether a decoded text holds any."""
    return not text.isprintable() and bool(_CONTROL_CHARACTER.search(text))


def lone_surrogates(text: str, span: Span) -> Iterator[Span]:
    """Every half of a surrogate pair in a piece of JSON, escaped or as it stands, that lacks its other half."""
    for match in _SURROGATE_ESCAPE.finditer(text, *span):
        if match.lastgroup:
            yield Span(*match.span())
