"""What the rules find beyond syntax and keys: requests, repeated prompts, invisible characters, and too much."""

from __future__ import annotations

import json
from typing import Any

import pytest

from padwan_server.prompts import whole
from padwan_server.prompts.document import PromptDocument, parse
from padwan_server.prompts.fixes import apply
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.problem import Severity
from padwan_server.prompts.rules import ERRORS, RULES, Code, Grades
from padwan_server.service import RETIREMENTS

JSON, JSONL, TEXT = PromptFormat.JSON, PromptFormat.JSONL, PromptFormat.TEXT
CONTENTS = [{"role": "user", "parts": [{"text": "Why?"}]}]


def findings(document: PromptDocument, code: Code) -> list[str]:
    return [document.between(found.span) for found in document.problems if found.code == code]


def of_request(**members: Any) -> PromptDocument:
    return parse(json.dumps({"key": "a", "request": {"contents": CONTENTS, **members}}), JSONL)


def fixed(document: PromptDocument) -> str:
    [found] = document.problems
    assert found.fix
    return apply(document.text, found.fix.edits)


@pytest.mark.parametrize(
    "members",
    [
        {"generationConfig": {"temperature": 0.5, "maxOutputTokens": 10, "stopSequences": ["x"]}},
        {"generation_config": {"top_p": 1, "response_mime_type": "application/json", "seed": None}},
        {"systemInstruction": {"parts": {"text": "Be short."}}},
        {"system_instruction": {"parts": [{"text": "Be short."}]}, "tools": [{"google_search": {}}]},
        {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}]},
        {"generationConfig": {"responseSchema": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}}},
        {"model": "models/gemini-none-has-heard-of"},
    ],
)
def test_what_the_api_takes_is_no_finding(members: dict[str, Any]) -> None:
    assert of_request(**members).problems == []


@pytest.mark.parametrize(
    ("members", "place", "meant"),
    [
        ({"system_instructions": {"parts": [{"text": "x"}]}}, '"system_instructions"', "system_instruction"),
        ({"systemInstructions": {"parts": [{"text": "x"}]}}, '"systemInstructions"', "systemInstruction"),
        ({"generationConfig": {"max_tokens": 5}}, '"max_tokens"', "max_output_tokens"),
        ({"generationConfig": {"tempature": 0}}, '"tempature"', "temperature"),
        ({"safetySettings": [{"treshold": "OFF"}]}, '"treshold"', "threshold"),
        ({"config": {"temperature": 0}}, '"config"', "generationConfig"),
    ],
)
def test_a_field_by_another_name_is_renamed(members: dict[str, Any], place: str, meant: str) -> None:
    document = of_request(**members)
    assert findings(document, Code.BAD_REQUEST_FIELD) == [place]
    assert f'Did you mean "{meant}"' in document.problems[0].message
    mended = parse(fixed(document), JSONL)
    assert mended.problems == []
    assert f'"{meant}"' in mended.text


@pytest.mark.parametrize(
    ("members", "place", "words"),
    [
        ({"temperature": 0}, '"temperature"', "Put it in generationConfig"),
        ({"nonsense": 0}, '"nonsense"', "no such field"),
        ({"generationConfig": {"temperature": "hot"}}, '"hot"', "takes a number, this is a string"),
        ({"generationConfig": {"topK": True}}, "true", "takes an integer, this is true"),
        ({"generationConfig": {"stopSequences": ["a", 7]}}, "7", "takes a string, this is a number"),
        ({"generationConfig": []}, "[]", "takes a GenerationConfig, this is an array"),
        ({"tools": [{"functionDeclarations": {"name": 1}}]}, "1", "takes a string"),
        ({"generationConfig": {"responseJsonSchema": {}}}, '"responseJsonSchema"', "responseSchema works"),
        (
            {"generationConfig": {"responseSchema": {"properties": {"a": {"typ": "STRING"}}}}},
            '"typ"',
            'Did you mean "type"',
        ),
    ],
)
def test_a_bad_field_is_shown_where_it_stands(members: dict[str, Any], place: str, words: str) -> None:
    document = of_request(**members)
    assert findings(document, Code.BAD_REQUEST_FIELD) == [place]
    assert words in document.problems[0].message
    assert document.errors == []


def test_a_value_that_the_api_does_not_know_is_shown() -> None:
    document = of_request(safetySettings=[{"category": "HARM_CATEGORY_HARASMENT", "threshold": "NEVER"}])
    assert findings(document, Code.BAD_REQUEST_FIELD) == ['"HARM_CATEGORY_HARASMENT"', '"NEVER"']
    assert "Did you mean HARM_CATEGORY_HARASSMENT?" in document.problems[0].message


def test_only_one_of_two_names_for_a_field_is_renamed() -> None:
    document = parse('[{"id": "a", "custom_id": "b", "prompt": "x"}]', JSON)
    fixes = [p.fix for p in document.problems if p.code == Code.UNKNOWN_FIELD]
    assert [fix is not None for fix in fixes] == [True, False]


def test_a_retired_model_names_its_successor() -> None:
    document = of_request(model="models/gemini-2.0-flash")
    assert findings(document, Code.RETIRED_MODEL) == ['"models/gemini-2.0-flash"']
    successor = RETIREMENTS["gemini-2.0-flash"].successor
    assert f'"model": "models/{successor}"' in fixed(document)


def test_the_same_prompt_twice_is_a_hint_beside_the_second() -> None:
    document = parse('["a", "b", {"prompt": "a", "key": "k"}, "b", "a"]', JSON)
    found = [p for p in document.problems if p.code == Code.DUPLICATE_PROMPT]
    assert [document.between(p.span) for p in found] == ['"a"', '"b"', '"a"']
    assert [document.between(p.related[0][0]) for p in found] == ['"a"', '"b"', '"a"']
    assert {p.severity for p in found} == {Severity.HINT}
    assert document.counts()[Code.DUPLICATE_PROMPT] == 3


def test_requests_are_the_same_whatever_their_spelling() -> None:
    text = '{"request": {"contents": [{"parts": [{"text": "a"}]}]}}'
    again = '{"request":{"contents":[{"parts":[{"text":"\\u0061"}]}]}}'
    assert len(findings(parse(f"{text}\n{again}\n", JSONL), Code.DUPLICATE_PROMPT)) == 1


@pytest.mark.parametrize(
    ("text", "format_", "places", "clean"),
    [
        ('["a\\u0000b"]', JSON, ["\\u0000"], '["ab"]'),
        ('["a\\u202Eb\u2066"]', JSON, ["\\u202E"], '["ab"]'),
        ('[{"key": "k\\u0000", "prompt": "x"}]', JSON, ["\\u0000"], '[{"key": "k", "prompt": "x"}]'),
        ("a\x00b\nc", TEXT, ["\x00"], "ab\nc"),
        ("x\x1b[1m\n", TEXT, ["\x1b"], "x[1m\n"),
        ('{"request": {"contents": [{"parts": [{"text": "\x7f"}]}]}}', JSONL, ["\x7f"], None),
    ],
)
def test_invisible_control_characters_are_shown_and_removed(
    text: str, format_: PromptFormat, places: list[str], clean: str | None
) -> None:
    document = parse(text, format_)
    assert findings(document, Code.CONTROL_CHARACTER) == places
    if clean:
        assert fixed(document) == clean


@pytest.mark.parametrize("text", ['["x\\t\\n\\f\\u0085\\u2028"]', '["👩\u200d💻 \u200fשלום"]', '["\\\\u0000"]'])
def test_what_real_prompts_hold_is_not_suspicious(text: str) -> None:
    assert parse(text, JSON).problems == []


def test_too_much_is_told_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "INLINE_LIMIT_BYTES", 500)
    monkeypatch.setattr(whole, "MAX_PROMPTS", 5)
    assert parse('["a", "b"]', JSON).problems == []
    assert [p.code for p in parse("\n".join("abcde"), TEXT).problems] == [Code.LARGE_FILE]
    assert [p.code for p in parse("\n".join("abcdef"), TEXT).problems] == [Code.SEVERAL_JOBS]
    monkeypatch.setattr(whole, "MAX_INPUT_FILE_BYTES", 400)
    assert [p.code for p in parse("\n".join("abcd"), TEXT).problems] == [Code.SEVERAL_JOBS]


def test_grades_change_what_is_shown_and_what_stops() -> None:
    grades = Grades({"duplicate-prompt": "off", "unknown-field": "error", "json-syntax": "hint"})
    assert Code.DUPLICATE_PROMPT not in grades.shown
    assert grades.stopping == ERRORS | {Code.UNKNOWN_FIELD}
    [found] = parse('["a",]', JSON).problems
    assert grades.graded(found).severity is Severity.HINT


def test_every_code_has_one_rule() -> None:
    assert sorted(rule.code for rule in RULES) == sorted(Code)
