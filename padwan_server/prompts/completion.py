"""What can be written at a place of a prompt file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from padwan_server.prompts.context import Context, Expected
from padwan_server.prompts.request_shape import Field, FieldType, Message, request_message, snake_case
from padwan_server.prompts.schema import ENTRY_FIELDS
from padwan_server.service import DEFAULT_MODEL, MODELS


class Suggestion(NamedTuple):
    """``text`` takes the place of the word; ``snippet`` says that it has places to fill in (``$1``)."""

    label: str
    text: str
    detail: str = ""
    description: str = ""
    snippet: bool = False


_ENTRIES = (
    Suggestion("prompt", '{"key": "$1", "prompt": "$2"}', "a prompt with a key", snippet=True),
    Suggestion(
        "request",
        '{"key": "$1", "request": {"contents": [{"role": "user", "parts": [{"text": "$2"}]}], '
        '"generationConfig": {"temperature": ${3:0}}}}',
        "a request of the Gemini API",
        snippet=True,
    ),
)

_ENTRY_FIELDS = (
    Suggestion("key", '"key": "$1"', "string", ENTRY_FIELDS["key"], snippet=True),
    Suggestion("prompt", '"prompt": "$1"', "string", ENTRY_FIELDS["prompt"], snippet=True),
    Suggestion(
        "request",
        '"request": {"contents": [{"parts": [{"text": "$1"}]}]}',
        "GenerateContentRequest",
        ENTRY_FIELDS["request"],
        snippet=True,
    ),
)


def suggestions(context: Context) -> Iterator[Suggestion]:
    """What fits there."""
    if context.colon:
        # The value is there already.
        yield from (s._replace(text=f'"{s.label}"', snippet=False) for s in _fitting(context))
    else:
        yield from _fitting(context)


def _fitting(context: Context) -> Iterator[Suggestion]:
    if context.expected is Expected.ENTRY:
        yield from _ENTRIES
    elif context.expected is Expected.NAME and not context.path:
        yield from (field for field in _ENTRY_FIELDS if field.label not in context.names)
    elif context.path and context.path[0] == "request":
        yield from _in_request(context)


def _in_request(context: Context) -> Iterator[Suggestion]:
    field = _field(context.path[1:])
    message = field.type.message if field else request_message()
    if context.expected is Expected.NAME:
        if message:
            yield from _names(message, context.names)
    elif field:
        yield from _values(field)


def _field(path: tuple[str, ...]) -> Field | None:
    """The field of a request that a path leads to, through objects of any names where the API has maps."""
    message: Message | None = request_message()
    field: Field | None = None
    within_map = False
    for name in path:
        if within_map:
            within_map = False
            continue
        field = message.spelled.get(name) if message else None
        if field is None:
            return None
        message, within_map = field.type.message, field.type.mapped
    return field


def _names(message: Message, there: frozenset[str]) -> Iterator[Suggestion]:
    snake = any("_" in name.strip("_") for name in there)
    for field in message:
        spelled = snake_case(field.name)
        if field.name in there or spelled in there or field.name.startswith("_"):
            continue
        name = spelled if snake else field.name
        text = f"{json.dumps(name)}: {_blank(field.type)}"
        yield Suggestion(name, text, field.type.description, field.description, snippet=True)


def _blank(kind: FieldType) -> str:
    """What is written first of a value, with the place to go on."""
    one = '"$1"' if kind.scalars[:1] == (str,) else "{$1}" if kind.message or dict in kind.scalars else "$1"
    if kind.mapped:
        return "{$1}"
    return f"[{one}]" if kind.repeated else one


def _values(field: Field) -> Iterator[Suggestion]:
    if field.name == "model":
        for model in MODELS:
            detail = "the default" if model == DEFAULT_MODEL else ""
            yield Suggestion(f"models/{model}", json.dumps(f"models/{model}"), detail)
    for choice in field.type.choices:
        yield Suggestion(choice, json.dumps(choice))
    if bool in field.type.scalars:
        yield from (Suggestion(word, word) for word in ("true", "false"))
