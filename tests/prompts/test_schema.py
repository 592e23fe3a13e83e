"""The JSON Schema of prompt files takes what the rules take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from padwan_server.prompts.document import parse
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.schema import prompt_file_schema

DATA = Path(__file__).parent.parent / "data"
CHECK = jsonschema.Draft202012Validator(prompt_file_schema())


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(prompt_file_schema())


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.name)
def test_it_takes_real_prompt_files(path: Path) -> None:
    CHECK.validate(json.loads(path.read_text("utf-8")))


def test_it_takes_real_requests() -> None:
    lines = (DATA / "humaneval_gemini.jsonl").read_text("utf-8").splitlines()
    CHECK.validate([json.loads(line) for line in lines if line])


@pytest.mark.parametrize(
    "entries",
    [
        {},
        "x",
        [],
        [5],
        [""],
        [{}],
        [{"prompt": " "}],
        [{"prompt": "x", "key": ""}],
        [{"prompt": "x", "request": {"contents": []}}],
        [{"request": {"contents": [{"parts": [{"text": "x"}]}], "generation_config": {"top_k": []}}}],
    ],
)
def test_it_refuses_what_the_rules_find(entries: Any) -> None:
    assert parse(json.dumps(entries), PromptFormat.JSON).problems
    assert not CHECK.is_valid(entries)
