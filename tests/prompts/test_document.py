"""Prompt files of all formats: records, exact places, and problems that cost no more than they must."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padwan_server.prompts.document import PromptDocument, parse, text_of
from padwan_server.prompts.fixes import apply
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.problem import Severity

JSON, JSONL, TEXT = PromptFormat.JSON, PromptFormat.JSONL, PromptFormat.TEXT


def codes(document: PromptDocument) -> list[str]:
    return [problem.code for problem in document.problems]


def shown(document: PromptDocument) -> list[tuple[str, str]]:
    """Each problem's code and the text that it underlines."""
    return [(problem.code, document.text[slice(*problem.span)]) for problem in document.problems]


def sent(document: PromptDocument) -> list[tuple[str, str]]:
    return [(record.key, record.text) for record in document.records]


# Formats


def test_an_array_of_strings_has_default_keys() -> None:
    assert sent(parse('["a", "b"]', JSON)) == [("prompt-0", "a"), ("prompt-1", "b")]


def test_an_array_may_mix_strings_and_objects_with_a_hint() -> None:
    document = parse('["a", {"prompt": "b", "key": "k"}, {"prompt": "c"}]', JSON)
    assert sent(document) == [("prompt-0", "a"), ("k", "b"), ("prompt-2", "c")]
    assert shown(document) == [("mixed-array", '{"prompt": "b", "key": "k"}')]
    assert document.errors == []


def test_json_lines_hold_prompts_strings_and_requests() -> None:
    text = '{"prompt": "a", "key": "k"}\n"b"\n{"key": "r", "request": {"contents": [{"parts": [{"text": "c"}]}]}}\n'
    document = parse(text, JSONL)
    assert sent(document) == [("k", "a"), ("prompt-1", "b"), ("r", "c")]
    assert document.records[2].request == {"contents": [{"parts": [{"text": "c"}]}]}
    assert document.errors == []


@pytest.mark.parametrize("name", ["generationConfig", "generation_config"])
def test_a_request_is_kept_as_written_in_either_spelling(name: str) -> None:
    request = {"contents": [{"parts": [{"text": "c"}]}], name: {"temperature": 0.5}}
    document = parse(json.dumps({"key": "r", "request": request}), JSONL)
    assert document.records[0].request == request
    assert document.problems == []


def test_text_is_one_stripped_prompt_a_line_and_blank_lines_do_not_count() -> None:
    document = parse("  one \r\n\r\n\ttwo\rthree\u2028more\n", TEXT)
    assert sent(document) == [("prompt-0", "one"), ("prompt-1", "two"), ("prompt-2", "three\u2028more")]
    assert document.problems == []


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0c", "\x0b", "\x1c"])
def test_nothing_else_ends_a_line(end: str) -> None:
    assert len(parse(f"a{end}b", TEXT).records) == 1


@pytest.mark.parametrize("format_", [JSON, JSONL, TEXT])
def test_a_byte_order_mark_is_a_warning_and_no_part_of_a_prompt(format_: PromptFormat) -> None:
    text = "\ufeff" + {JSON: '["a"]', JSONL: '"a"', TEXT: "a"}[format_]
    document = parse(text, format_)
    assert sent(document) == [("prompt-0", "a")]
    assert codes(document) == ["byte-order-mark"]
    assert document.errors == []


def test_a_list_of_prompts_is_checked_like_a_file() -> None:
    document = parse(text_of(["a", " ", "\ud800"]), JSON)
    assert codes(document) == ["blank-prompt", "lone-surrogate"]


# Problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("empty-file", "")]),
        ("[]", [("empty-file", "[]")]),
        ('{"prompt": "a"}', [("top-level-object", '{"prompt": "a"}')]),
        ('"abc"', [("top-level-string", '"abc"')]),
        ("5", [("top-level-value", "5")]),
        ("null", [("top-level-value", "null")]),
        ("[5]", [("wrong-type", "5")]),
        ("[null]", [("wrong-type", "null")]),
        ('[{"prompt": 5}]', [("wrong-type", "5")]),
        ('[{"prompt": "a", "key": 5}]', [("wrong-type", "5")]),
        ('[{"key": "k"}]', [("missing-prompt", '{"key": "k"}')]),
        ('["  "]', [("blank-prompt", '"  "')]),
        ('[{"prompt": ""}]', [("blank-prompt", '""')]),
        ('[{"prompt": "a", "key": ""}]', [("empty-key", '""')]),
        ('["\\ud83d"]', [("lone-surrogate", "\\ud83d")]),
        ('[{"prompt": "a", "prompt": "b"}]', [("duplicate-member", '"prompt"')]),
        ('[{"key": "k", "prompt": "a"}, {"key": "k", "prompt": "b"}]', [("duplicate-key", '"k"')]),
        ('["a", {"key": "prompt-0", "prompt": "b"}]', [("mixed-array", "{"), ("duplicate-key", '"prompt-0"')]),
        ('[{"prompt": "a", "request": {"contents": []}}]', [("prompt-and-request", '"request"')]),
        ('[{"request": {}}]', [("missing-prompt", "{}")]),
    ],
)
def test_what_stops_a_submission(text: str, expected: list[tuple[str, str]]) -> None:
    document = parse(text, JSON)
    found = [(code, under[:1] if code == "mixed-array" else under) for code, under in shown(document)]
    assert found == expected
    assert document.errors


@pytest.mark.parametrize(
    ("name", "meant"), [("custom_id", "key"), ("id", "key"), ("keys", "key"), ("text", "prompt"), ("promt", "prompt")]
)
def test_an_unknown_field_asks_what_was_meant_and_mends_it(name: str, meant: str) -> None:
    other = "prompt" if meant == "key" else "key"
    text = json.dumps([{other: "a", name: "b"}])
    document = parse(text, JSON)
    [warning] = [problem for problem in document.problems if problem.code == "unknown-field"]
    assert warning.severity is Severity.WARNING
    assert f'"{meant}"' in warning.message
    assert warning.fix
    assert parse(apply(text, warning.fix.edits), JSON).problems == []


@pytest.mark.parametrize(
    ("text", "word", "mended"),
    [
        ('["a" "b"]', "comma is missing", '["a", "b"]'),
        ('["a",]', "comma may follow", '["a"]'),
        ('["a",,"b"]', "before this comma", '["a","b"]'),
        ('["a"', "never closed", '["a"]'),
        ("['a']", "double quotes", '["a"]'),
        ('["a" /* why */]', "comments", '["a" ]'),
        ('["a\tb"]', "control character", '["a\\tb"]'),
        ('[{"prompt": "a"', "never closed", None),
        ('["a]', "never closed", None),
        ('["a"] x', "more follows", None),
        ('["a"], "b"]', "more follows", '["a", "b"]'),
        ('[{"prompt" "a"}]', "colon", '[{"prompt": "a"}]'),
        ('[{prompt: "a"}]', "double quotes", '[{"prompt": "a"}]'),
    ],
)
def test_broken_json_says_what_is_wrong_and_mends_it_where_it_can(text: str, word: str, mended: str | None) -> None:
    document = parse(text, JSON)
    assert set(codes(document)) == {"json-syntax"}
    [broken] = document.errors[:1]
    assert word in broken.message
    if mended is not None:
        assert broken.fix
        repaired = parse(apply(text, broken.fix.edits), JSON)
        assert repaired.errors == []
        assert [r.text for r in repaired.records] == [r.text for r in parse(mended, JSON).records]


def test_a_broken_record_costs_one_error_and_findings_around_it_stay() -> None:
    text = '[\n  {"prompt": ""},\n  {"prompt": "a" "key": "k},\n  {"prompt": "b", "key": "k"},\n  {"prompt": " "}\n]'
    document = parse(text, JSON)
    assert codes(document) == ["blank-prompt", "json-syntax", "blank-prompt"]
    assert [record.text for record in document.records][-2:] == ["b", " "]


def test_two_values_on_a_line_are_never_taken_for_two_lines() -> None:
    for text in ('\n"a" "b"', '"a" "b"\n\n', '{\n}\n"a" "b"'):
        found = parse(text, JSONL)
        assert "json-syntax" in {problem.code for problem in found.errors}


def test_a_broken_line_is_no_matter_to_the_next() -> None:
    document = parse('{"prompt": "a"\n{"prompt": "b"}\n\n{"prompt": "c"} "d"\n', JSONL)
    assert codes(document) == ["json-syntax", "blank-line", "json-syntax"]
    assert "b" in [record.text for record in document.records]


@pytest.mark.parametrize("text", ["[" * 10_000, '[{"a":' * 10_000, "[" + "[" * 50_000 + "]" * 50_000 + "]"])
def test_deep_nesting_is_an_error_and_no_crash(text: str) -> None:
    assert parse(text, JSON).errors


# Whatever is written

PROMPTS = st.lists(
    st.one_of(
        st.text(min_size=1).filter(str.strip),
        st.fixed_dictionaries({"prompt": st.text(min_size=1).filter(str.strip), "key": st.uuids().map(str)}),
    ),
    min_size=1,
)


@given(
    entries=PROMPTS,
    indent=st.sampled_from([None, 0, 1, "\t"]),
    ascii_only=st.booleans(),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n", "\t:  ")]),
)
def test_what_json_writes_is_read_back_with_its_places(
    entries: list[Any], indent: int | str | None, ascii_only: bool, separators: tuple[str, str]
) -> None:
    text = json.dumps(entries, indent=indent, ensure_ascii=ascii_only, separators=separators)
    document = parse(text, JSON)
    assert document.errors == []
    for position, (entry, record) in enumerate(zip(entries, document.records, strict=True)):
        prompt = entry if isinstance(entry, str) else entry["prompt"]
        assert (record.index, record.text) == (position, prompt)
        assert record.key == (f"prompt-{position}" if isinstance(entry, str) else entry["key"])
        assert json.loads(text[slice(*record.prompt_span)]) == prompt
        assert json.loads(text[slice(*record.span)]) == entry
        if record.key_span:
            assert json.loads(text[slice(*record.key_span)]) == record.key


@given(
    st.sampled_from([JSON, JSONL, TEXT]),
    st.one_of(
        st.text(),
        st.lists(st.sampled_from([*"[]{},:\"\\ \n\r\t/'*#", "prompt", "key", '"a"', "\ufeff", "\ud800"])).map("".join),
    ),
)
def test_no_text_ever_raises_and_problems_are_in_order_and_in_bounds(format_: PromptFormat, text: str) -> None:
    document = parse(text, format_)
    assert [p.span for p in document.problems] == sorted(p.span for p in document.problems)
    for problem in document.problems:
        assert 0 <= problem.span.start <= problem.span.end <= len(text)
    for record in document.records:
        assert 0 <= record.span.start <= record.span.end <= len(text)
    assert document.records or document.errors


@given(st.lists(st.sampled_from([*"[]{},:\"\\ \n'/", '"prompt"', '"key"', '"a"', "true", "\t"])).map("".join))
def test_json_that_pythons_reader_takes_is_no_syntax_error_and_the_other_way_round(text: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        sound = False
    else:
        sound = True
    faulty = "json-syntax" in codes(parse(text, JSON))
    assert faulty != sound or (not text.strip() and not faulty)


@given(st.lists(st.text(), min_size=1))
def test_text_lines_are_those_that_the_protocol_knows(lines: list[str]) -> None:
    text = "\n".join(lines)
    expected = [part.strip() for part in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if part.strip()]
    document = parse(text, TEXT)
    if not text.startswith("\ufeff"):
        assert [record.text for record in document.records] == expected
    for record in document.records:
        assert text[slice(*record.span)] == record.text
