"""JSON that arrives, with the complaints of the service's parser about its syntax.

Recorded of it is ``Unexpected token.`` with twenty characters on each side of the place and an arrow under it; its
other words are those of the parser that Google published with Protocol Buffers.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple, NoReturn

import msgspec

from padwan_server.emulator.envelope import invalid

_AROUND = 20
_REASONS = {
    "Expecting property name": "Expected an object key or }.",
    "Expecting ':'": "Expected : between key:value pair.",
    "Expecting ','": "Expected , or } after key:value pair.",
    "Extra data": "Parsing terminated before end of input.",
    "Unterminated string": "Closing quote expected in string.",
}


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
    fault = syntax_fault(text)
    start = max(fault.at - _AROUND, 0)
    arrow = " " * (fault.at - start) + "^"
    description = f"Invalid JSON payload received. {fault.reason}\n{text[start : fault.at + _AROUND]}\n{arrow}"
    raise invalid("", description)


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
