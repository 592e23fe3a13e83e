"""From bytes to text."""

from __future__ import annotations

from pathlib import Path

import pytest

from padwan_server.prompts.source import decode

DATA = Path(__file__).parent.parent / "data"


def test_a_byte_order_mark_stays_so_that_places_are_right() -> None:
    assert decode(b"\xef\xbb\xbfa") == ("\ufeffa", None)


@pytest.mark.parametrize(
    "data", ["é".encode("latin-1"), "ab".encode("utf-16"), "ab".encode("utf-16-le"), b"\xed\xa0\x80", b"\xff"]
)
def test_what_is_not_utf_8_is_told_with_the_byte(data: bytes) -> None:
    text, problem = decode(data)
    assert text == ""
    assert problem
    assert problem.code == "not-utf8"
    assert "byte" in problem.message


def test_utf_16_is_recognised() -> None:
    _, problem = decode((DATA / "emoji_riddles_utf16le.txt").read_bytes())
    assert problem
    assert "UTF-16" in problem.message
