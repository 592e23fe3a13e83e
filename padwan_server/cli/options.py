"""Options of a command, made from the parameters of its operation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from padwan_server.operations.operation import Operation

_SHORT = {
    "prompts": "-p",
    "file": "-f",
    "model": "-m",
    "name": "-n",
    "job": "-j",
    "limit": "-l",
    "interval": "-i",
    "timeout": "-t",
    "results": "-r",
    "output": "-o",
}
"""The letters of padwan-cli, which people have in their fingers."""

_SINGULAR = {"prompts": "prompt", "keys": "key"}
"""Lists whose option is given once for each member."""

_PATHS = ("file", "output")
_STANDARD_INPUT = "-"
_SIMPLE: dict[str, click.ParamType[Any, Any]] = {"integer": click.INT, "number": click.FLOAT}


class _JsonObject(click.ParamType):  # type: ignore[type-arg]  # it has none before click 8.5
    """An object written as JSON."""

    name = "JSON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError) as error:
            self.fail(f"this is no JSON: {error}", param, ctx)
        return parsed


def options(operation: Operation[Any, Any]) -> Iterator[click.Option]:
    """An option for each parameter of ``operation``."""
    schema = operation.input_schema()
    required = schema.get("required", ())
    for name, described in schema.get("properties", {}).items():
        yield _option(operation.name, name, described, required=name in required)


def arguments(given: dict[str, Any]) -> dict[str, Any]:
    """What was given, as the arguments of the operation. A path that a person types starts at the current folder.

    The file ``-`` is standard input.
    """
    named = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
    named = {name: value for name, value in named.items() if value not in (None, [])}
    return {name: _path(name, value) if name in _PATHS else value for name, value in named.items()}


def _path(name: str, value: Any) -> str:
    return _STANDARD_INPUT if (name, value) == ("file", _STANDARD_INPUT) else str(Path.cwd() / str(value))


def _option(command: str, name: str, described: dict[str, Any], *, required: bool) -> click.Option:
    kind = described.get("type")
    flag = "--" + _SINGULAR.get(name, name).replace("_", "-")
    declared = [name, f"{flag}/--no-{flag[2:]}" if kind == "boolean" else flag]
    if name in _SHORT:
        declared.append(_SHORT[name])
    elif (command, name) == ("export", "format"):
        declared.append("-f")
    return click.Option(
        declared,
        type=_type(described),
        multiple=kind == "array",
        required=required,
        default=None,
        help=_help(described),
        metavar=name.upper() if name in _PATHS else None,
    )


def _type(described: dict[str, Any]) -> click.ParamType[Any, Any] | None:
    kind = described.get("type")
    if kind == "boolean":
        return None
    if kind == "array":
        return _type(described["items"])
    if kind == "object":
        return _JsonObject()
    if "enum" in described:
        return click.Choice(described["enum"])
    return _SIMPLE.get(str(kind), click.STRING)


def _help(described: dict[str, Any]) -> str:
    default = described.get("default")
    words = str(described.get("description", ""))
    if default in (None, "", []) or isinstance(default, bool):
        return words if default is not True else f"{words} On unless refused."
    shown = ", ".join(default) if isinstance(default, list) else default
    return f"{words} [default: {shown}]"
