"""What a ``GenerateContentRequest`` of the Gemini API may hold: its messages, their fields and types.

From Google's description of the API (generate_content_request.md says which); it ages, so what departs from it is
warned of and never refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec


class Field(NamedTuple):
    """A field of a message: its name in camelCase, its type and what it is for."""

    name: str
    type: FieldType
    description: str


@dataclass(eq=False, slots=True)
class FieldType:
    """What a field takes: a ``message``, one of ``choices``, or a value of these Python ``scalars``.

    ``repeated`` is a list of such values (the service takes a single one too), ``mapped`` an object of them.
    """

    name: str
    message: Message | None = None
    choices: tuple[str, ...] = ()
    scalars: tuple[type, ...] = ()
    repeated: bool = False
    mapped: bool = False

    @property
    def description(self) -> str:
        """In words, e.g. ``array of Part``."""
        if self.repeated:
            return f"array of {self.name}"
        return f"object of {self.name}" if self.mapped else self.name


@dataclass(eq=False, slots=True)
class Message:
    """A message of the API; ``spelled`` finds its fields by camelCase and by snake_case."""

    name: str
    fields: dict[str, Field] = field(default_factory=dict)
    spelled: dict[str, Field] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields.values())


# The service reads numbers from strings too, and numbers for the names of an enum.
_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int, float, str),
    "number": (int, float, str),
    "boolean": (bool,),
    "object": (dict,),
    "any": (object,),
}


@cache
def request_message() -> Message:
    """The message ``GenerateContentRequest``."""
    data = files("padwan_server.prompts").joinpath("generate_content_request.json").read_bytes()
    described: dict[str, dict[str, dict[str, Any]]] = msgspec.json.decode(data)
    messages = {name: Message(name) for name in described}
    for name, fields in described.items():
        message = messages[name]
        for camel, about in fields.items():
            made = Field(camel, _type(about["type"], messages), about["doc"])
            message.fields[camel] = message.spelled[camel] = message.spelled[snake_case(camel)] = made
    return messages["GenerateContentRequest"]


def _type(described: Any, messages: dict[str, Message]) -> FieldType:
    if isinstance(described, list):
        made = _type(described[0], messages)
        made.repeated = True
        return made
    if isinstance(described, dict) and "map" in described:
        made = _type(described["map"], messages)
        made.mapped = True
        return made
    if isinstance(described, dict):
        return FieldType("string", choices=tuple(described["enum"]), scalars=(str, int))
    if described in messages:
        return FieldType(described, message=messages[described])
    return FieldType(described, scalars=_SCALARS[described])


def snake_case(name: str) -> str:
    """A camelCase name in the API's other spelling."""
    return "".join(f"_{character.lower()}" if character.isupper() else character for character in name)


# Whether a value fits


def fits(value: Any, kind: FieldType) -> bool:
    """Whether a field of this type takes ``value``, in whole."""
    if kind.repeated and type(value) is list:
        return all(fits_once(item, kind) for item in value)
    if kind.mapped:
        return type(value) is dict and all(fits_once(item, kind) for item in value.values())
    return fits_once(value, kind)


def fits_once(value: Any, kind: FieldType) -> bool:
    """Whether one value fits, whether or not the field is repeated."""
    if value is None:
        return True
    if kind.message is None:
        return fits_scalar(value, kind)
    return type(value) is dict and fits_message(value, kind.message)


def fits_message(value: dict[str, Any], message: Message) -> bool:
    """Whether all members of an object are fields of a message, with values that fit."""
    spelled = message.spelled
    for name, member in value.items():
        known = spelled.get(name)
        if known is None or not fits(member, known.type):
            return False
    return True


def fits_scalar(value: Any, kind: FieldType) -> bool:
    """Whether a value is of one of the types that a scalar field takes; no Boolean is a number."""
    if object in kind.scalars:
        return True
    if kind.choices and type(value) is str:
        return value in kind.choices or value.endswith("_UNSPECIFIED")
    if type(value) is bool:
        return bool in kind.scalars
    if type(value) is str and float in kind.scalars:
        return _is_number(value)
    return type(value) in kind.scalars


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
