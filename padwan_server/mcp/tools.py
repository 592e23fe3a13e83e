"""The operations of the table as tools."""

from __future__ import annotations

import json
from typing import Any

import mcp_types as types

from padwan_server.errors import PadwanError
from padwan_server.mcp.answers import LONGEST_TEXT, OMITTED
from padwan_server.operations.operation import Effect, Operation, Params
from padwan_server.operations.poll import PollParams
from padwan_server.operations.results import ResultsParams
from padwan_server.operations.table import OPERATIONS

PREFIX = "batch_"

LONGEST_POLL = 50.0
"""Seconds of one poll call at most: clients give up on a call after 60 (TypeScript SDK) or more."""

LARGEST_ARGUMENTS = 4 << 20
"""Characters of a call's arguments at most, as the SDK limits bodies over HTTP; more belongs into a file."""

_SAID_ELSEWHERE = {"title", "minLength", "minItems", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum"}
"""What input schemas do without: names say it, or a call that breaks it is told so."""

_MORE = {
    "poll": f"One call waits at most {LONGEST_POLL:.0f} s; while done is false, call again.",
}


def tools() -> list[types.Tool]:
    """All tools, in the table's order."""
    return [_tool(operation) for operation in OPERATIONS.values() if operation.for_assistants]


def _tool(operation: Operation[Any, Any]) -> types.Tool:
    return types.Tool(
        name=PREFIX + operation.name,
        title=operation.title,
        description=" ".join(filter(None, (operation.description, _MORE.get(operation.name)))),
        input_schema=input_schema(operation),
        output_schema=output_schema(operation),
        annotations=types.ToolAnnotations(
            title=operation.title,
            read_only_hint=operation.effect is Effect.READS,
            # What is overwritten or cancelled is lost; what is sent can still be cancelled.
            destructive_hint=operation.effect in (Effect.CHANGES, Effect.WRITES_FILES),
            idempotent_hint=operation.effect in (Effect.READS, Effect.CHANGES),
            open_world_hint=operation.name != "validate",
        ),
    )


def input_schema(operation: Operation[Any, Any]) -> dict[str, Any]:
    """The parameters that assistants have, in few words: all tools' schemas are in every conversation."""
    schema = operation.input_schema()
    properties = {
        name: _compact(described)
        for name, described in schema.get("properties", {}).items()
        if name not in operation.for_people
    }
    required = {"required": schema["required"]} if "required" in schema else {}
    return {"type": "object", "properties": properties, **required, "additionalProperties": False}


def output_schema(operation: Operation[Any, Any]) -> dict[str, Any]:
    """The result, and what shortened answers say."""
    schema: dict[str, Any] = _compact(operation.output_schema())
    return {**schema, "properties": {**schema["properties"], "omitted": OMITTED}}


def _compact(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_compact(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {key: _compact(described) for key, described in value.items()}
        if name in ("properties", "$defs")
        else _compact(value)
        for name, value in schema.items()
        if name not in _SAID_ELSEWHERE and not _says_nothing(name, value)
    }


def _says_nothing(name: str, value: Any) -> bool:
    """Whether a schema means the same to a reader without this member."""
    return (name == "additionalProperties" and value is True) or (name == "default" and value in (False, ""))


def operation_of(tool: str) -> Operation[Any, Any] | None:
    """The operation behind a tool, if there is one."""
    operation = OPERATIONS.get(tool.removeprefix(PREFIX)) if tool.startswith(PREFIX) else None
    return operation if operation and operation.for_assistants else None


def parameters_of(operation: Operation[Any, Any], given: dict[str, Any]) -> Params:
    """The parameters of a call, within what one call can do. Raises PadwanError ``invalid-params``."""
    _refuse_large(given)
    names = [name for name in operation.params.model_fields if name not in operation.for_people]
    hint = f"Its parameters are: {', '.join(names)}."
    unknown = sorted(given.keys() - set(names))
    if unknown:
        shown = ", ".join(name[:50] for name in unknown[:5])
        raise PadwanError("invalid-params", f"{PREFIX}{operation.name} has no parameter {shown}.", hint)
    try:
        parsed: Params = operation.parse(given)
    except PadwanError as error:
        # It names the parameters that people have, too.
        raise PadwanError(error.code, PREFIX + error.message, hint, error.data) from None
    return _within_a_call(parsed)


def _within_a_call(parsed: Params) -> Params:
    """Looked at once parsed: models send numbers as strings, too."""
    match parsed:
        case PollParams(timeout=timeout):
            return parsed.model_copy(
                update={"timeout": LONGEST_POLL if timeout is None else min(timeout, LONGEST_POLL)}
            )
        case ResultsParams(max_chars=int(most)):
            return parsed.model_copy(update={"max_chars": min(most, LONGEST_TEXT)})
        case _:
            return parsed


def _refuse_large(given: dict[str, Any]) -> None:
    if len(json.dumps(given)) > LARGEST_ARGUMENTS:
        raise PadwanError(
            "invalid-params",
            f"The arguments are larger than {LARGEST_ARGUMENTS >> 20} MB.",
            "Write the prompts to a file and pass its path as file.",
        )
