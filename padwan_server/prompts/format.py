"""The formats of prompt files."""

from __future__ import annotations

import re
from enum import StrEnum


class PromptFormat(StrEnum):
    """How a file holds its prompts: a JSON array, one JSON value per line, or one prompt per line."""

    JSON = "json"
    JSONL = "jsonl"
    TEXT = "text"


def format_of(path: str) -> PromptFormat:
    """The format that a path or URI names by its ending, in any case: everything but JSON and JSON Lines is text."""
    name = path.lower()
    if name.endswith(".json"):
        return PromptFormat.JSON
    if name.endswith((".jsonl", ".ndjson")):
        return PromptFormat.JSONL
    return PromptFormat.TEXT


def format_in(text: str) -> PromptFormat:
    """The format that a text without a name looks like: an array of strings or objects, objects, or lines."""
    start = text[:4096].lstrip("\ufeff \t\r\n")
    if re.match(r"\[\s*[\"{\]]", start):
        return PromptFormat.JSON
    return PromptFormat.JSONL if start.startswith("{") else PromptFormat.TEXT
