"""Lines and positions in the three units of the protocol."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from padwan_server.prompts.text import Encoding, LineIndex

TEXTS = st.text(st.sampled_from("ab\n\r\u2028\x85é🐍\ud800\x0c"), max_size=2000)
ENCODINGS = st.sampled_from(list(Encoding))
CODECS = {Encoding.UTF8: ("utf-8", 1), Encoding.UTF16: ("utf-16-le", 2), Encoding.UTF32: ("utf-32-le", 4)}


def width(text: str, encoding: Encoding) -> int:
    codec, unit = CODECS[encoding]
    return len(text.encode(codec, "surrogatepass")) // unit


def naive_lines(text: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", text)


@given(TEXTS, ENCODINGS, st.data())
def test_an_offset_within_a_line_goes_to_its_position_and_back(
    text: str, encoding: Encoding, data: st.DataObject
) -> None:
    index, lines = LineIndex(text), naive_lines(text)
    line = data.draw(st.integers(0, len(lines) - 1))
    column = data.draw(st.integers(0, len(lines[line])))
    position = (line, width(lines[line][:column], encoding))
    offset = index.offset(*position, encoding)
    assert text[:offset].endswith(lines[line][:column])
    assert index.position(offset, encoding) == position
    assert len(naive_lines(text[:offset])) - 1 == line


@given(TEXTS, ENCODINGS, st.integers(0, 50), st.integers(0, 3000))
def test_a_position_anywhere_is_clamped_into_the_text(text: str, encoding: Encoding, line: int, character: int) -> None:
    lines = naive_lines(text)
    found_line, found_character = LineIndex(text).position(LineIndex(text).offset(line, character, encoding), encoding)
    if line >= len(lines):
        assert (found_line, found_character) == (len(lines) - 1, width(lines[-1], encoding))
    else:
        assert found_line == line
        assert found_character <= character
        assert found_character <= width(lines[line], encoding)


def test_a_position_inside_a_surrogate_pair_is_the_pairs_start() -> None:
    assert LineIndex("a🐍b").offset(0, 2, Encoding.UTF16) == 1
    assert LineIndex("a🐍b").offset(0, 3, Encoding.UTF16) == 2


def test_lines_are_as_many_as_the_protocol_counts() -> None:
    assert len(LineIndex("")) == 1
    assert len(LineIndex("a\r\nb\rc\nd\u2028e\n")) == 5
