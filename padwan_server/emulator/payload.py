"""JSON that arrives, with the complaints of the service's parser about its syntax.

It reads more than the standard allows, and Google's examples for curl make use of it: strings in single quotes, names
without any, a comma after the last value. Recorded of it is ``Unexpected token.`` with twenty characters on each side
of the place and an arrow under it; its other words are those of the parser that Google published with Protocol Buffers.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple, NoReturn

import msgspec

from padwan_server.emulator.envelope import RpcError, invalid

_AROUND = 20
_REASONS = {
    "Expecting property name": "Expected an object key or }.",
    "Expecting ':'": "Expected : between key:value pair.",
    "Expecting ','": "Expected , or } after key:value pair.",
    "Extra data": "Parsing terminated before end of input.",
    "Unterminated string": "Closing quote expected in string.",
}


_LENIENT = re.compile(
    r"""
    "[^"\\]*(?:\\.[^"\\]*)*"?  # a string, which stays as it is
    | '(?P<inside>[^'\\]*(?:\\.[^'\\]*)*)(?P<end>'?)
    | ,(?=\s*[}\]])
    | (?P<name>[A-Za-z_$][\w$]*)(?=\s*:)
    """,
    re.DOTALL | re.VERBOSE,
)
_IN_QUOTES = re.compile(r"\\(.)|\"", re.DOTALL)


class SyntaxFault(NamedTuple):
    """What is wrong with a JSON text, and at which character."""

    reason: str
    at: int


def decoded(body: bytes) -> Any:
    """The JSON value of a body, an empty message for an empty one. Raises RpcError."""
    if not body.strip():
        return {}
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = body.decode("utf-8", "replace")
    strict = _LENIENT.sub(_strictly, text)
    try:
        body.decode()
        return msgspec.json.decode(strict)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        fault = syntax_fault(strict)
    raise _unreadable(text, fault._replace(at=_origin(text, fault.at)))


def _unreadable(text: str, fault: SyntaxFault) -> RpcError:
    start = max(fault.at - _AROUND, 0)
    arrow = " " * (fault.at - start) + "^"
    description = f"Invalid JSON payload received. {fault.reason}\n{text[start : fault.at + _AROUND]}\n{arrow}"
    return invalid("", description)


def _strictly(lenient: re.Match[str]) -> str:
    """A piece of JSON as the standard has it."""
    if lenient["name"]:
        return f'"{lenient["name"]}"'
    if lenient["inside"] is not None:
        inside = _IN_QUOTES.sub(
            lambda found: "'" if found[1] == "'" else f"\\{found[1] or found[0]}", lenient["inside"]
        )
        return f'"{inside}{lenient["end"] and chr(34)}'
    return "" if lenient[0] == "," else lenient[0]


def _origin(text: str, at: int) -> int:
    """Where in ``text`` the character is that is at ``at`` of its strict form."""
    moved = 0
    for piece in _LENIENT.finditer(text):
        if piece.start() + moved >= at:
            break
        moved += len(_strictly(piece)) - len(piece[0])
    return at - moved


def syntax_fault(text: str) -> SyntaxFault:
    """The first fault of a text that is no JSON."""
    try:
        json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        return SyntaxFault(_reason(error, text), error.pos)
    except (ValueError, RecursionError):
        pass
    return SyntaxFault("Unexpected token.", 0)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _reason(error: json.JSONDecodeError, text: str) -> str:
    for beginning, reason in _REASONS.items():
        if error.msg.startswith(beginning):
            return reason if error.pos < len(text) else f"Unexpected end of string. {reason}"
    if error.pos >= len(text):
        return "Unexpected end of string. Expected a value."
    return "Unexpected token." if text[error.pos].isalnum() or text[error.pos] in ",]}" else "Expected a value."
