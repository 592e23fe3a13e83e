"""What lies between the tokens of JSON: white space, and what people put there though JSON has no place for it."""

from __future__ import annotations

import re

from padwan_server.prompts.fault import Fault, shown
from padwan_server.prompts.problem import Edit
from padwan_server.prompts.span import Span

_WHITE_SPACE = re.compile(r"[ \t\r\n]*")
COMMENT_LIMIT = 60_000
"""Characters of a comment at most."""

# What is opened by /* and not closed soon is a comment to the end of its line: else it would be the rest of the file.
_COMMENT = re.compile(rf"//[^\r\n]*|#[^\r\n]*|/\*(?s:.){{0,{COMMENT_LIMIT - 4}}}?\*/|/\*[^\r\n]*")

# No white space to Python, and yet invisible on the screen: zero width characters and a BOM within the file.
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"


def skip_gap(text: str, offset: int, end: int, faults: list[Fault]) -> int:
    """The offset of the next token, or ``end``. Comments and characters that only look like white space are faults."""
    while True:
        offset = _end_of_white_space(text, offset, end)
        fault = _fault_at(text, offset, end)
        if fault is None:
            return offset
        faults.append(fault)
        offset = fault.span.end


def _end_of_white_space(text: str, offset: int, end: int) -> int:
    match = _WHITE_SPACE.match(text, offset, end)
    return match.end() if match else offset


def _fault_at(text: str, offset: int, end: int) -> Fault | None:
    if offset >= end:
        return None
    if comment := _COMMENT.match(text, offset, end):
        span = Span(*comment.span())
        return Fault("JSON has no comments. Remove it.", span, "Remove comments", (Edit(span, ""),))
    character = text[offset]
    if character.isspace() or character in _INVISIBLE:
        span = Span(offset, offset + 1)
        message = f"{shown(character)} is no white space in JSON. Use an ordinary space."
        return Fault(message, span, "Use ordinary spaces", (Edit(span, " "),))
    return None
