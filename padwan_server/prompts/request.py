"""Finds what the Gemini API would not understand in the request of an entry."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

from padwan_server.prompts.problem import Edit, Fix, Problem
from padwan_server.prompts.request_shape import (
    FieldType,
    Message,
    fits,
    fits_message,
    fits_scalar,
    request_message,
    snake_case,
)
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.scanner import scan_record
from padwan_server.prompts.value import Member, Value, short
from padwan_server.service import RETIREMENTS, model_name, model_warning

# What other services and the SDKs call it. Both spellings of the right names are known anyway.
_MEANT = {
    "system": "systemInstruction",
    "systeminstructions": "systemInstruction",
    "config": "generationConfig",
    "messages": "contents",
    "content": "parts",
    "maxtokens": "maxOutputTokens",
    "maxcompletiontokens": "maxOutputTokens",
    "stop": "stopSequences",
    "n": "candidateCount",
    "responseformat": "responseSchema",
    "responsemodality": "responseModalities",
}

_JSON_SCHEMA = "responseJsonSchema"


def is_plain(request: dict[str, Any]) -> bool:
    """Whether there is nothing to say about a request, as ``json.loads`` gives it."""
    return fits_message(request, request_message()) and not _has_traps(request)


def _has_traps(request: dict[str, Any]) -> bool:
    config = request.get("generationConfig") or request.get("generation_config") or {}
    return _JSON_SCHEMA in config or "response_json_schema" in config or _is_retired(request.get("model"))


def _is_retired(model: Any) -> bool:
    return isinstance(model, str) and model_name(model) in RETIREMENTS


def request_problems(text: str, request: Value) -> Iterator[Problem]:
    """The problems of a request, which ``text`` holds as sound JSON."""
    if not is_plain(request.data):
        yield from _of_message(text, request, request_message())


def _of_message(text: str, value: Value, message: Message) -> Iterator[Problem]:
    for member in _members(text, value):
        known = message.spelled.get(member.name)
        if known is None:
            yield _unknown(member, message, {m.name for m in _members(text, value)})
            continue
        if known.name == _JSON_SCHEMA and message.name == "GenerationConfig":
            advice = "Batch jobs refuse or ignore this field now and then: responseSchema works."
            yield problem(Code.BAD_REQUEST_FIELD, advice, member.name_span)
        elif known.name == "model" and _is_retired(member.value.data):
            yield from _retired(member.value)
        elif not fits(member.value.data, known.type) or message.name == "GenerateContentRequest":
            yield from _of_field(text, member, known.type)


def _of_field(text: str, member: Member, kind: FieldType) -> Iterator[Problem]:
    for value in _values(text, member.value, kind):
        if value.data is None:
            continue
        if kind.message and isinstance(value.data, dict):
            yield from _of_message(text, value, kind.message)
        elif kind.choices and isinstance(value.data, str) and value.data not in kind.choices:
            yield _unknown_choice(value, kind)
        elif kind.message or not fits_scalar(value.data, kind):
            expected = kind.description if value is member.value else kind.name
            message = f'"{short(member.name)}" takes {_with_article(expected)}, this is {value.describe()}.'
            yield problem(Code.BAD_REQUEST_FIELD, message, value.span)


def _unknown_choice(value: Value, kind: FieldType) -> Problem:
    close = difflib.get_close_matches(value.data.upper()[:60], kind.choices, n=1, cutoff=0.8)
    if not close:
        advice = f"The Gemini API knows {', '.join(kind.choices[:12])}. Use one of these."
        return problem(Code.BAD_REQUEST_FIELD, advice, value.span)
    fix = Fix(f"Use {close[0]}", (Edit(value.span, json.dumps(close[0])),))
    return problem(Code.BAD_REQUEST_FIELD, f"Did you mean {close[0]}?", value.span, fix)


def _values(text: str, value: Value, kind: FieldType) -> Iterator[Value]:
    """What a field holds: the items if it is repeated, the members' values if it is a map, else the value itself."""
    if kind.repeated and isinstance(value.data, list):
        yield from _items(text, value)
    elif kind.mapped and isinstance(value.data, dict):
        yield from (member.value for member in _members(text, value))
    else:
        yield value


def _with_article(description: str) -> str:
    article = "an" if description[0] in "aeioAEIO" else "a"
    return f"{article} {description}" if description != "any" else "any value"


def _unknown(member: Member, message: Message, there: set[str]) -> Problem:
    meant = _meant(member.name, message.name)
    if meant and meant not in there and snake_case(meant) not in there:
        fits_there = fits(member.value.data, message.fields[meant].type)
        name = snake_case(meant) if "_" in member.name else meant
        fix = Fix(f'Rename it to "{name}"', (Edit(member.name_span, json.dumps(name)),)) if fits_there else None
        advice = f'The Gemini API has no such field here. Did you mean "{name}"?'
        return problem(Code.BAD_REQUEST_FIELD, advice, member.name_span, fix)
    config = request_message().fields["generationConfig"].type.message
    if config and message.name == "GenerateContentRequest" and member.name in config.spelled:
        advice = "The Gemini API has no such field here. Put it in generationConfig."
    else:
        advice = f"The Gemini API has no such field in {_with_article(message.name)}. Remove it."
    return problem(Code.BAD_REQUEST_FIELD, advice, member.name_span)


@cache
def _message_names() -> dict[str, dict[str, str]]:
    """Of each message, its fields' names by what is left of them without case and underscores."""
    found: dict[str, dict[str, str]] = {}

    def collect(message: Message) -> None:
        if message.name not in found:
            found[message.name] = {name.lower().replace("_", ""): name for name in message.fields}
            for field in message:
                if field.type.message:
                    collect(field.type.message)

    collect(request_message())
    return found


def _meant(name: str, message: str) -> str | None:
    """The field of a message that an unknown name stands for."""
    fields = _message_names()[message]
    plain = name.lower().replace("_", "").replace("-", "")[:40]
    if (meant := _MEANT.get(plain)) in fields.values():
        return meant
    close = difflib.get_close_matches(plain, fields, n=1, cutoff=0.8)
    return fields[close[0]] if close else None


def _retired(model: Value) -> Iterator[Problem]:
    warning = model_warning(model.data, datetime.now(UTC).date())
    if warning:
        prefix = "models/" if model.data.startswith("models/") else ""
        successor = RETIREMENTS[model_name(model.data)].successor
        fix = Fix(f"Use {successor}", (Edit(model.span, json.dumps(prefix + successor)),))
        yield problem(Code.RETIRED_MODEL, warning, model.span, fix)


# The places of what is inside a value


def _members(text: str, value: Value) -> tuple[Member, ...]:
    scan = scan_record(text, value.span.start, value.span.end)
    return scan.value.members if scan.value else ()


def _items(text: str, value: Value) -> Iterator[Value]:
    at = value.span.start + 1
    for _ in value.data:
        while at < value.span.end and text[at] in " \t\r\n,":
            at += 1
        item = scan_record(text, at, value.span.end).value
        if item is None:
            return
        yield item
        at = item.span.end
