"""Reading the body of a create, with the service's complaints."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from padwan_server.emulator.batches import Item
from padwan_server.emulator.envelope import RpcError, invalid, unknown_field
from padwan_server.emulator.order import arrange
from padwan_server.emulator.scenario import Scenario

INLINE_LIMIT = 20_000_000
"""Bytes of a create with inline requests (https://ai.google.dev/gemini-api/docs/batch-api)."""

_FIELDS = {
    "": {"batch", "model"},
    "batch": {"model", "displayName", "inputConfig", "priority", "name"},
    "batch.input_config": {"requests", "fileName"},
    "batch.input_config.requests": {"requests"},
    "item": {"request", "metadata"},
    "request": {
        "model",
        "contents",
        "systemInstruction",
        "generationConfig",
        "safetySettings",
        "tools",
        "toolConfig",
        "cachedContent",
        "labels",
        "serviceTier",
        "store",
    },
    "embedding": {"model", "content", "taskType", "title", "outputDimensionality"},
}
"""The members of each message (Google's OpenAPI document of v1beta)."""


class Creation(NamedTuple):
    """What is to be made: inline items, or the name of an input file."""

    display_name: str
    items: list[Item]
    file_name: str


def parse(body: bytes, *, embeds: bool) -> Creation:
    """The create in a body, of a batch that generates or one that ``embeds``. Raises RpcError."""
    if len(body) > INLINE_LIMIT:
        raise RpcError("INVALID_ARGUMENT", f"Request payload size exceeds the limit: {INLINE_LIMIT} bytes.")
    try:
        message = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise invalid("", f"Invalid JSON payload received. {error}") from None
    batch = _members(_members(message, "").get("batch"), "batch")
    config = _members(batch.get("inputConfig"), "batch.input_config")
    file_name, requests = config.get("fileName"), config.get("requests")
    if isinstance(file_name, str) and file_name:
        return Creation(str(batch.get("displayName") or ""), [], file_name)
    items = _members(requests, "batch.input_config.requests").get("requests")
    if not isinstance(items, list) or not items:
        raise invalid("batch.input_config", "* BatchGenerateContentRequest.batch.input_config: no requests are given\n")
    checked = [_item(item, position, embeds=embeds) for position, item in enumerate(items)]
    return Creation(str(batch.get("displayName") or ""), checked, "")


def _item(value: Any, position: int, *, embeds: bool) -> Item:
    where = f"batch.input_config.requests.requests[{position}]"
    item = _members(value, where, "item")
    if embeds:
        _checked_embedding(item.get("request"), f"{where}.request")
    else:
        checked_request(item.get("request"), f"{where}.request")
    metadata = item.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise invalid(
            f"{where}.metadata", f"Invalid value at '{where}.metadata' (type.googleapis.com/google.protobuf.Struct)"
        )
    # As it arrived, for those who look: only its checking needed one spelling.
    return Item(request=value["request"], metadata=metadata)


def checked_request(value: Any, where: str) -> dict[str, Any]:
    """A GenerateContentRequest, as it arrived. Raises RpcError."""
    dot = f"{where}." if where else ""
    if not _members(value, where, "request").get("contents"):
        description = f"* {dot or 'GenerateContentRequest.'}contents: contents is not specified\n"
        raise invalid(f"{dot}contents", description)
    return dict(value)


def _checked_embedding(value: Any, where: str) -> None:
    if not _members(value, where, "embedding").get("content"):
        raise invalid(f"{where}.content", f"* {where}.content: content is not specified\n")


def _members(value: Any, where: str, kind: str | None = None) -> dict[str, Any]:
    """The members of a message under their camelCase names, which may also be spelled with underscores."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(where, f"Invalid value at '{where}': expected a message.")
    known = _FIELDS[where if kind is None else kind]
    members = {_camel(name): member for name, member in value.items()}
    for name in value:
        if _camel(name) not in known:
            raise unknown_field(name, where)
    return members


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def file_items(path: Path, scenario: Scenario) -> Iterator[Item | None]:
    """The requests of an input file in the order of their results, one at a time; None for a line that is none."""
    decode = msgspec.json.Decoder(Item).decode
    with path.open("rb") as lines:
        for line in lines if scenario.order == "as-sent" else _arranged(lines, scenario):
            if line.strip():
                try:
                    yield decode(line)
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    yield None


def _arranged(lines: BinaryIO, scenario: Scenario) -> Iterator[bytes]:
    """Lines in another order, by their places: the file may be larger than memory."""
    places = array("Q")
    place = 0
    for line in lines:
        places.append(place)
        place += len(line)
    arrange(places, scenario)
    for place in places:
        lines.seek(place)
        yield lines.readline()
