"""The operations of the table as tools."""

from __future__ import annotations

import json
from typing import Any

import mcp_types as types

from padwan_server.errors import PadwanError
from padwan_server.operations.operation import Effect, Operation
from padwan_server.operations.table import OPERATIONS

PREFIX = "batch_"

LONGEST_POLL = 50.0
"""Seconds of one poll call at most: clients give up on a call after 60 (TypeScript SDK) or more."""


def tools() -> list[types.Tool]:
    """All tools, in the table's order."""
    return [_tool(operation) for operation in OPERATIONS.values() if operation.for_assistants]


def _tool(operation: Operation[Any, Any]) -> types.Tool:
    description = operation.description
    if operation.name == "poll":
        description += f" One call waits at most {LONGEST_POLL:.0f} s; while done is false, call again."
    return types.Tool(
        name=PREFIX + operation.name,
        title=operation.title,
        description=description,
        input_schema=operation.input_schema(),
        output_schema=operation.output_schema(),
        annotations=types.ToolAnnotations(
            title=operation.title,
            read_only_hint=operation.effect is Effect.READS,
            destructive_hint=operation.effect in (Effect.CHANGES, Effect.WRITES_FILES),
            idempotent_hint=operation.effect in (Effect.READS, Effect.CHANGES),
            open_world_hint=operation.name != "validate",
        ),
    )


def operation_of(tool: str) -> Operation[Any, Any] | None:
    """The operation behind a tool, if there is one."""
    operation = OPERATIONS.get(tool.removeprefix(PREFIX)) if tool.startswith(PREFIX) else None
    return operation if operation and operation.for_assistants else None


def within_a_call(operation: Operation[Any, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with what one call can do: a poll that ends before the client loses its patience."""
    timeout = arguments.get("timeout")
    if operation.name != "poll" or (isinstance(timeout, int | float) and timeout <= LONGEST_POLL):
        return arguments
    if timeout is None or isinstance(timeout, int | float):
        return {**arguments, "timeout": LONGEST_POLL}
    return arguments


def success(result: dict[str, Any]) -> types.CallToolResult:
    """A result, whole in its text and in its structure: some clients show their model only the one or the other."""
    text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], structured_content=result)


def failure(error: PadwanError) -> types.CallToolResult:
    """An error that the model can read and act upon."""
    text = f"{error} [{error.code}]"
    if error.data:
        text += "\n" + json.dumps(error.data, ensure_ascii=False, separators=(",", ":"))
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structured_content={"error": error.to_json()},
        is_error=True,
    )
