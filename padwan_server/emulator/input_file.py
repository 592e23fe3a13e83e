"""Reading an input file line by line, with the service's complaints about its lines."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from padwan_server.emulator.batches import Item
from padwan_server.emulator.envelope import RpcError
from padwan_server.emulator.messages import complaints
from padwan_server.emulator.order import arrange
from padwan_server.emulator.payload import syntax_fault
from padwan_server.emulator.scenario import Scenario

_TOLD = 50
"""Lines that are complained of at once; that the service tells of several is recorded, and of how many is not known."""


class _Line(NamedTuple):
    number: int
    text: bytes


class _BadLineError(Exception):
    """A line that cannot be used, told as the service tells it."""

    def __init__(self, line: _Line, column: int, reason: str) -> None:
        super().__init__(f"Error on line {line.number}: invalid JSON, near column {column}: {reason}")


def file_items(path: Path, scenario: Scenario, *, embeds: bool) -> Iterator[Item]:
    """The requests of an input file in the order of their results, one at a time.

    Raises RpcError once it is read if a line cannot be used.
    """
    message = "EmbedContentRequest" if embeds else "GenerateContentRequest"
    faults: list[str] = []
    with path.open("rb") as file:
        for line in _lines(file, scenario):
            if line.text.strip():
                try:
                    item = _item(line, message)
                except _BadLineError as fault:
                    faults.append(str(fault))
                    if len(faults) >= _TOLD:
                        break
                else:
                    yield item
    if faults:
        raise RpcError("INVALID_ARGUMENT", "\n".join(faults))


def _item(line: _Line, message: str) -> Item:
    try:
        item = _decode(line.text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise _fault(line) from None
    for complaint in complaints(item.request or {}, message):
        if name := complaint.unknown:
            column = line.text.find(f'"{name}"'.encode()) + 1
            raise _BadLineError(line, column, f"no such field: '{name}'")
    return item


_decode = msgspec.json.Decoder(Item).decode


def _fault(line: _Line) -> _BadLineError:
    """What is wrong with a line that is no item: its JSON, or the types of its members."""
    try:
        value = msgspec.json.decode(line.text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = line.text.decode("utf-8", "replace").rstrip("\r\n")
        at = syntax_fault(text).at
        return _BadLineError(
            line, at + 1, f"unexpected character: '{text[at]}'" if at < len(text) else "unexpected EOF"
        )
    wrong = isinstance(value, dict) and not isinstance(value.get("key"), str | None)
    return _BadLineError(line, 1, "expected '\"'" if wrong else "expected '{'")


def _lines(file: BinaryIO, scenario: Scenario) -> Iterator[_Line]:
    """The lines with their numbers, by their places if in another order: the file may be larger than memory."""
    if scenario.order == "as-sent":
        yield from map(_Line._make, enumerate(file, 1))
        return
    places = array("Q", [0])
    places.extend(_ends(file))
    places.pop()
    numbers = array("Q", range(len(places)))
    arrange(numbers, scenario)
    for number in numbers:
        file.seek(places[number])
        yield _Line(number + 1, file.readline())


def _ends(file: BinaryIO) -> Iterator[int]:
    place = 0
    for line in file:
        place += len(line)
        yield place
