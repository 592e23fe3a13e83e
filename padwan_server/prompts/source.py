"""From the bytes of a file to its text."""

from __future__ import annotations

from padwan_server.prompts.problem import Problem
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.span import Span

BYTE_ORDER_MARK = "\ufeff"

_OTHER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def decode(data: bytes) -> tuple[str, Problem | None]:
    """The text, a byte order mark included so that places stay right; or no text and the problem ``not-utf8``."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return "", _not_utf8(data, error.start)
    # UTF-16 of Latin letters is UTF-8 too, by chance: every other byte is NUL.
    if data[:4].count(b"\0") == 2:
        return "", _not_utf8(data, data.index(b"\0"))
    return text, None


def _not_utf8(data: bytes, at: int) -> Problem:
    guess = _OTHER_MARKS.get(data[:2]) or ("UTF-16" if data[:4].count(b"\0") == 2 else "")
    looks = f" It looks like {guess}." if guess else ""
    message = f"This file is not UTF-8: byte {at} does not fit.{looks} Save it as UTF-8."
    return problem(Code.NOT_UTF8, message, Span(0, 0))
