"""From bytes to text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padwan_server.prompts.source import NotUtf8Error, decoded

DATA = Path(__file__).parent.parent / "data"


def decode(data: bytes, size: int = 1000) -> str:
    return "".join(decoded(data[at : at + size] for at in range(0, len(data), size)))


def test_a_byte_order_mark_stays_so_that_places_are_right() -> None:
    assert decode(b"\xef\xbb\xbfa") == "\ufeffa"


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("data", "at"),
    [
        ("é".encode("latin-1"), 0),
        ("ab".encode("utf-16"), 0),
        (b"\xed\xa0\x80", 0),
        (b"abcde\xff", 5),
        ("aé".encode()[:-1], 1),
    ],
)
def test_what_is_not_utf_8_is_told_with_the_byte(data: bytes, at: int, size: int) -> None:
    with pytest.raises(NotUtf8Error, match=f"byte {at} ") as refused:
        decode(data, size)
    assert refused.value.problem.code == "not-utf8"


@pytest.mark.parametrize("data", [(DATA / "emoji_riddles_utf16le.txt").read_bytes(), "ab".encode("utf-16-le")])
def test_utf_16_is_recognised(data: bytes) -> None:
    with pytest.raises(NotUtf8Error, match="looks like UTF-16"):
        decode(data)


@given(st.text(), st.integers(1, 9))
def test_pieces_may_end_within_a_character(text: str, size: int) -> None:
    if "\0" not in text:
        assert decode(text.encode(), size) == text
