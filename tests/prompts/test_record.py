"""Digests tell whether a prompt is still the one that was sent."""

from __future__ import annotations

from padwan_server.prompts.document import parse
from padwan_server.prompts.format import PromptFormat


def digest(text: str) -> str:
    return parse(text, PromptFormat.JSONL).records[0].digest


def test_a_digest_is_of_the_text_alone() -> None:
    assert digest('{"prompt": "a", "key": "k"}') == digest('"\\u0061"')
    assert digest('"a"') != digest('"b"')


def test_the_digest_of_a_request_is_of_its_content_and_not_its_spelling() -> None:
    one = '{"request": {"contents": [{"parts": [{"text": "a"}]}], "labels": {}}}'
    other = '{"request": {"labels": {},  "contents": [{"parts": [{"text": "\\u0061"}]}]}}'
    assert digest(one) == digest(other) != digest('"a"')
