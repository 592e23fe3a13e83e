"""Holding requests against the API's messages, with the complaints of the service's JSON parser.

It reads names in camelCase and with underscores, one value for a list of one, numbers from strings, and names of enums
in any case; what it complains of it names by the path of the field, with underscores (recorded answers).
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec


class Complaint(NamedTuple):
    """What is wrong with the field at a path (empty: the message itself); ``unknown`` is the name it does not have."""

    path: str
    description: str
    unknown: str = ""


class _Field(NamedTuple):
    """A field: its name in snake_case, and the type that errors name it by."""

    name: str
    type: str
    values: frozenset[str] = frozenset()
    repeated: bool = False
    mapped: bool = False


_Messages = dict[str, dict[str, _Field]]
"""Of each message the fields by both spellings."""

_NUMBERS = {"int32": "TYPE_INT32", "int64": "TYPE_INT64", "float": "TYPE_FLOAT", "double": "TYPE_DOUBLE"}
_SCALARS = {**_NUMBERS, "string": "TYPE_STRING", "bytes": "TYPE_BYTES", "bool": "TYPE_BOOL"}


@cache
def _messages() -> _Messages:
    described = msgspec.json.decode(files("padwan_server.emulator").joinpath("messages.json").read_bytes())
    return {name: _spelled(fields) for name, fields in described.items()}


def _spelled(described: dict[str, Any]) -> dict[str, _Field]:
    fields: dict[str, _Field] = {}
    for camel, kind in described.items():
        name = snake_case(camel)
        fields[camel] = fields[name] = _field(name, kind)
    return fields


def _field(name: str, kind: Any) -> _Field:
    if isinstance(kind, list):
        return _field(name, kind[0])._replace(repeated=True)
    if isinstance(kind, dict) and "map" in kind:
        return _field(name, kind["map"])._replace(mapped=True)
    if isinstance(kind, dict):
        return _Field(name, kind["enum"], frozenset(kind["values"]))
    return _Field(name, kind)


def snake_case(name: str) -> str:
    """A camelCase name with underscores."""
    return "".join(f"_{character.lower()}" if character.isupper() else character for character in name)


def member(message: Any, name: str) -> Any:
    """A member of a message in either spelling; None if it is not there, or the message is none."""
    if not isinstance(message, dict):
        return None
    first, *others = name.split("_")
    return message.get(first + "".join(map(str.capitalize, others)), message.get(name))


def several(value: Any) -> list[Any]:
    """The values of a repeated field, which may come as one."""
    return value if isinstance(value, list) else [] if value is None else [value]


def complaints(value: Any, message: str, version: str = "v1beta") -> list[Complaint]:
    """All that is wrong with the message in ``value``, in the order in which it is read."""
    check = _Check(f"type.googleapis.com/google.ai.generativelanguage.{version}.")
    try:
        check.message(value, message, "")
    except RecursionError:
        check.found.append(Complaint("", "Invalid JSON payload received. Message too deep."))
    return check.found


class _Check:
    def __init__(self, types: str) -> None:
        self.found: list[Complaint] = []
        self._types = types
        self._known = _messages()

    def message(self, value: Any, message: str, path: str) -> None:
        if type(value) is not dict:
            self._wrong(path, self._types + message, value)
            return
        fields = self._known[message]
        for name, inner in value.items():
            field = fields.get(name)
            if field is None:
                self._no_such(name, path, "Cannot find field.")
            elif inner is not None and field.type != "any":
                self._field(inner, field, name, path)

    def _field(self, value: Any, field: _Field, name: str, path: str) -> None:
        inside = f"{path}.{field.name}" if path else field.name
        if field.mapped:
            self._map(value, field, inside)
        elif type(value) is not list or field.type == "Struct":
            self._one(value, field, inside, path)
        elif field.repeated:
            for position, item in enumerate(value):
                self._one(item, field, f"{inside}[{position}]", path)
        else:
            self._no_such(name, path, "Proto field is not repeating, cannot start list.")

    def _map(self, value: Any, field: _Field, path: str) -> None:
        if type(value) is not dict:
            self._wrong(path, "Map", value)
            return
        for position, inner in enumerate(value.values()):
            self._one(inner, field, f"{path}[{position}].value", path)

    def _one(self, value: Any, field: _Field, path: str, parent: str) -> None:
        kind = field.type
        if kind in self._known:
            self.message(value, kind, path)
        elif kind == "Struct":
            if type(value) is not dict:
                self._wrong(path, "type.googleapis.com/google.protobuf.Struct", value)
        elif type(value) is dict:
            self._add(parent, f"Invalid value at '{parent}' ({field.name}), Starting an object on a scalar field")
        elif not _fits(value, field):
            self._wrong(path, _SCALARS.get(kind, self._types + kind), value)

    def _no_such(self, name: str, path: str, reason: str) -> None:
        place = f" at '{path}'" if path else ""
        description = f'Invalid JSON payload received. Unknown name "{name}"{place}: {reason}'
        self.found.append(Complaint(path, description, name))

    def _wrong(self, path: str, kind: str, value: Any) -> None:
        self._add(path, f"Invalid value at '{path}' ({kind}), {json.dumps(value, ensure_ascii=False)}")

    def _add(self, path: str, description: str) -> None:
        self.found.append(Complaint(path, description))


def _fits(value: Any, field: _Field) -> bool:
    kind = field.type
    if kind in ("string", "bytes"):
        return type(value) is str
    if kind == "bool":
        return type(value) is bool or value in ("true", "false")
    if kind in _NUMBERS:
        return type(value) is not bool and _is_number(value, kind)
    return type(value) is int or (type(value) is str and value.upper() in field.values)


def _is_number(value: Any, kind: str) -> bool:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    bits = {"int32": 31, "int64": 63}.get(kind)
    return bits is None or (number.is_integer() and -(2**bits) <= number < 2**bits)
