"""After any edits a document is what a fresh reading of its text is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from padwan_server.prompts import json_array, lines
from padwan_server.prompts.document import PromptDocument
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.text import Encoding, LineIndex

JSON, JSONL, TEXT = PromptFormat.JSON, PromptFormat.JSONL, PromptFormat.TEXT
FORMATS = st.sampled_from([JSON, JSONL, TEXT])

PIECES = [
    *"[]{},:\"\\ \n\r\t/'*#-1",
    "\r\n",
    '"a"',
    '"a",',
    '"prompt": "x"',
    '{"prompt": "x"}',
    '{"prompt": "x"},\n',
    '{"key": "k", "prompt": "y"},',
    '{"key": "prompt-1", "prompt": "y"}, ',
    '{"key": "prompt-0", "prompt": "z", "prompt": "z"},\r\n',
    '{"id": "k", "text": ""},',
    '{"key": "r", "request": {"contents": [{"parts": [{"text": "q"}]}]}},\n  ',
    '{"request": {"contents": [',
    '{"request": {"contents": [{"parts": [{"text": "q"}]}], "top_k": {}, "temperature": 1}},\n',
    '{"key": "m", "request": {"contents": [{"parts": [{"text": "q"}]}], "model": "gemini-2.0-flash"}}\n',
    "\\u202e",
    "\x7f",
    "/* why",
    "*/",
    "// so\n",
    "true,",
    "\ufeff",
    "\ud800",
    "\\ud800",
    "\u2028",
    "😀",
    "é",
    "\x00",
    "word ",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), TEXTS), min_size=1, max_size=6)


@pytest.fixture(autouse=True, params=[(8, 16), (64, 100), (20, 1000)])
def _small_blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks so small that a short text has many, with little lookahead."""
    target, lookahead = request.param
    for module in (json_array, lines):
        monkeypatch.setattr(module, "TARGET", target)
    monkeypatch.setattr(json_array, "LOOKAHEAD", lookahead)


def told(document: PromptDocument) -> dict[str, Any]:
    return {
        "text": document.text,
        "records": document.records,
        "problems": document.problems,
        "errors": document.errors,
        "counts": {severity: number for severity, number in document.counts().items() if number},
        "count": document.count,
    }


def edited(document: PromptDocument, edits: list[tuple[float, int, str]]) -> None:
    for where, length, text in edits:
        start = round(where * len(document))
        before = document.text
        document.edit(start, min(start + length, len(document)), text)
        assert document.text == before[:start] + text + before[start + length :]


SLOWLY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)


@SLOWLY
@given(FORMATS, TEXTS, EDITS)
def test_edits_end_where_a_fresh_reading_ends(
    format_: PromptFormat, text: str, edits: list[tuple[float, int, str]]
) -> None:
    document = PromptDocument(text, format_)
    edited(document, edits)
    assert told(document) == told(PromptDocument(document.text, format_))


@pytest.mark.parametrize(
    "text",
    [
        "\n".join('{"prompt": "x"}' for _ in range(200)),
        "[" + "\n".join("'x'" for _ in range(200)) + "]",
        "[" + ",\n".join('{"prompt": "x",}' for _ in range(200)) + "]",
        "[" + ",\n".join('{"prompt": "x"' for _ in range(200)) + "]",
        "[" + ",\n".join('// so\n"x"' for _ in range(200)) + "]",
    ],
    ids=["lines in an array", "foreign quotes", "trailing commas", "no closing braces", "comments"],
)
def test_a_file_full_of_faults_has_small_blocks_too(text: str) -> None:
    document = PromptDocument(text, JSON)
    assert document.counts()
    longest = max(len(block.text) for _, block in document.snapshot())
    assert longest < json_array.TARGET + json_array.LOOKAHEAD + 100


ENTRIES = st.lists(
    st.one_of(
        st.text(max_size=4),
        st.fixed_dictionaries({"prompt": st.text(max_size=4), "key": st.sampled_from(["a", "b", "prompt-1", "c-2"])}),
        st.fixed_dictionaries({"prompt": st.text(max_size=4)}),
        st.fixed_dictionaries({"request": st.just({"contents": [{"parts": [{"text": "t"}]}]})}),
    ),
    max_size=20,
)


@SLOWLY
@given(ENTRIES, st.sampled_from([None, 1]), EDITS)
def test_edits_of_sound_files_end_where_a_fresh_reading_ends(
    entries: list[Any], indent: int | None, edits: list[tuple[float, int, str]]
) -> None:
    document = PromptDocument(json.dumps(entries, indent=indent, ensure_ascii=False), JSON)
    edited(document, edits)
    assert told(document) == told(PromptDocument(document.text, JSON))


@SLOWLY
@given(FORMATS, TEXTS, st.sampled_from(list(Encoding)))
def test_positions_are_those_of_the_whole_text(format_: PromptFormat, text: str, encoding: Encoding) -> None:
    document, index = PromptDocument(text, format_), LineIndex(text)
    for offset in range(len(text) + 2):
        assert document.position(offset, encoding) == index.position(offset, encoding)
    for line in range(len(index) + 2):
        for character in range(12):
            place = (line, character, encoding)
            assert document.offset(*place) == index.offset(*place)


@pytest.mark.parametrize("format_", [JSON, JSONL, TEXT])
def test_an_edit_reads_no_more_than_its_surroundings(format_: PromptFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (json_array, lines):
        monkeypatch.setattr(module, "TARGET", 1000)
    entries = [json.dumps({"prompt": f"prompt {number}"}) for number in range(2000)]
    text = {JSON: "[" + ",\n".join(entries) + "]", JSONL: "\n".join(entries), TEXT: "\n".join(entries)}[format_]
    document = PromptDocument(text, format_)
    before = list(document._blocks)
    document.edit(len(text) // 2, len(text) // 2, "x")
    assert len(set(before) - set(document._blocks)) <= 2
