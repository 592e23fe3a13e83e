"""A file read in pieces is the file that a document shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from padwan_server.prompts import json_array, lines
from padwan_server.prompts.document import parse
from padwan_server.prompts.format import PromptFormat, format_of
from padwan_server.prompts.reading import prompts_in, read_sound
from padwan_server.prompts.rules import Code

DATA = Path(__file__).parent.parent / "data"
OF_SIZE = {Code.LARGE_FILE, Code.SEVERAL_JOBS}

ENTRIES = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.builds(lambda key, prompt: {"key": key, "prompt": prompt}, st.text(max_size=4), st.text(max_size=12)),
        st.builds(
            lambda key, text: {"key": key, "request": {"contents": [{"parts": [{"text": text}]}]}},
            st.text(max_size=4),
            st.text(max_size=12),
        ),
        st.sampled_from(["prompt-1", {"key": "prompt-2", "prompt": "x"}, 5, {}, {"prompt": "a", "prmopt": "b"}]),
    ),
    max_size=30,
)


@pytest.fixture(autouse=True, params=[(32_768, 32_768), (8, 16)], ids=["blocks", "small_blocks"])
def _block_sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_array, "TARGET", request.param[0])
    monkeypatch.setattr(lines, "TARGET", request.param[1])


def pieces(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def compare(text: str, format_: PromptFormat, size: int) -> None:
    document = parse(text, format_)
    sent = [(record.key, record.request or record.text, record.digest) for record in document.records]
    assert [(p.key, p.request or p.text, p.digest) for p in document.to_send()] == sent
    sound = read_sound(pieces(text, size), format_)
    if sound is None:
        return
    assert {problem.code for problem in document.problems} <= OF_SIZE
    assert sound.count == document.prompts
    assert [(p.key, p.request or p.text, p.digest) for p in prompts_in(pieces(text, size), format_)] == sent


@given(ENTRIES, st.sampled_from(["json", "indented", "jsonl", "text"]), st.integers(1, 400))
@example(["a", "a"], "json", 3)
@example(["a\r", "b"], "text", 2)
def test_pieces_are_read_as_the_whole(entries: list[object], layout: str, size: int) -> None:
    if layout == "text":
        compare("\n".join(map(str, entries)), PromptFormat.TEXT, size)
    elif layout == "jsonl":
        compare("\n".join(map(json.dumps, entries)), PromptFormat.JSONL, size)
    else:
        compare(json.dumps(entries, indent=1 if layout == "indented" else None), PromptFormat.JSON, size)


@given(st.text(alphabet='[]{}",:ab1\\\r\n \ufeff', max_size=40), st.sampled_from(list(PromptFormat)), st.integers(1, 9))
def test_whatever_is_wrong_is_left_to_a_document(text: str, format_: PromptFormat, size: int) -> None:
    compare(text, format_, size)


@pytest.mark.parametrize(
    "name", ["hebrew_strings.json", "humaneval_gemini.jsonl", "rtl_objects.json", "spanish_58k.txt"]
)
@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_real_files_are_sound_in_pieces(name: str, size: int) -> None:
    text = (DATA / name).read_text(encoding="utf-8")
    format_ = format_of(name)
    compare(text, format_, size)
    wrong = {problem.code for problem in parse(text, format_).problems} - OF_SIZE
    assert (read_sound(pieces(text, size), format_) is None) == bool(wrong)
