"""The JSON Schema of a prompt file that is a JSON array, for editors that take one."""

from __future__ import annotations

from typing import Any

from padwan_server.prompts.request_shape import FieldType, Message, request_message, snake_case

ENTRY_FIELDS = {
    "prompt": "The text to send.",
    "key": "The name of the prompt, which its answer has too. Without one it is prompt-<position>, counted from 0.",
    "request": "What to send, in the Gemini API's own words, in place of a prompt.",
}
"""The members of an entry."""

_SCALARS: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": ["integer", "string"]},
    "number": {"type": ["number", "string"]},
    "boolean": {"type": "boolean"},
    "object": {"type": "object"},
    "any": {},
}


def prompt_file_schema() -> dict[str, Any]:
    """The schema, draft 2020-12. Fields of a request may be written in camelCase or in snake_case."""
    definitions: dict[str, Any] = {}
    request = _reference(request_message(), definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Prompt file of padwan-server",
        "description": "Prompts for a Gemini batch job.",
        "type": "array",
        "minItems": 1,
        "items": {"anyOf": [{"type": "string", "pattern": r"\S"}, _entry(request)]},
        "$defs": dict(sorted(definitions.items())),
    }


def _entry(request: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "string", "pattern": r"\S"}
    kinds = {"prompt": text, "key": text, "request": request}
    return {
        "type": "object",
        "properties": {name: {"description": ENTRY_FIELDS[name], **kind} for name, kind in kinds.items()},
        "oneOf": [{"required": ["prompt"]}, {"required": ["request"]}],
    }


def _reference(message: Message, definitions: dict[str, Any]) -> dict[str, Any]:
    """A reference to a message, which is defined with all that it refers to."""
    if message.name not in definitions:
        definitions[message.name] = {}
        properties: dict[str, Any] = {}
        for field in message:
            described = {"description": field.description} if field.description else {}
            schema = {**described, **_of_type(field.type, definitions)}
            properties |= {field.name: schema, snake_case(field.name): schema}
        definitions[message.name] = {"type": "object", "properties": properties}
    return {"$ref": f"#/$defs/{message.name}"}


def _of_type(kind: FieldType, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind.message:
        one = _reference(kind.message, definitions)
    elif kind.choices:
        one = {"anyOf": [{"enum": list(kind.choices)}, {"type": ["string", "integer"]}]}
    else:
        one = _SCALARS[kind.name]
    if kind.mapped:
        return {"type": "object", "additionalProperties": one}
    # The service takes one value where it expects a list.
    return {"anyOf": [{"type": "array", "items": one}, one]} if kind.repeated else one
