"""From the bytes of a file to its text."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from padwan_server.prompts.problem import Problem
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.span import Span

BYTE_ORDER_MARK = "\ufeff"

_OTHER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class NotUtf8Error(Exception):
    """The bytes are no UTF-8."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    """The text of bytes that come in pieces, a byte order mark included so that places stay right.

    Raises NotUtf8Error with the problem ``not-utf8``.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    start, position = b"", 0
    for piece in pieces:
        start = start or piece[:4]
        # UTF-16 of Latin letters is UTF-8 too, by chance: every other byte is NUL.
        if position == 0 and start.count(b"\0") == 2:
            raise NotUtf8Error(_not_utf8(start, start.index(b"\0")))
        held = len(decoder.getstate()[0])
        try:
            text = decoder.decode(piece)
        except UnicodeDecodeError as error:
            raise NotUtf8Error(_not_utf8(start, position - held + error.start)) from None
        position += len(piece)
        yield text
    held = len(decoder.getstate()[0])
    if held:
        raise NotUtf8Error(_not_utf8(start, position - held))


def _not_utf8(start: bytes, at: int) -> Problem:
    guess = _OTHER_MARKS.get(start[:2]) or ("UTF-16" if start.count(b"\0") == 2 else "")
    looks = f" It looks like {guess}." if guess else ""
    message = f"This file is not UTF-8: byte {at} does not fit.{looks} Save it as UTF-8."
    return problem(Code.NOT_UTF8, message, Span(0, 0))
