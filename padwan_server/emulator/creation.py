"""Reading the body of a create, with the service's complaints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from padwan_server.emulator.batches import Item
from padwan_server.emulator.envelope import RpcError, invalid, unknown_field

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
}
"""The members of each message (Google's OpenAPI document of v1beta)."""


class Creation(NamedTuple):
    """What is to be made: inline items, or the name of an input file."""

    display_name: str
    items: list[Item]
    file_name: str


def parse(body: bytes) -> Creation:
    """The create in a body. Raises RpcError."""
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
    checked = [_item(item, position) for position, item in enumerate(items)]
    return Creation(str(batch.get("displayName") or ""), checked, "")


def _item(value: Any, position: int) -> Item:
    where = f"batch.input_config.requests.requests[{position}]"
    item = _members(value, where, "item")
    request = _members(item.get("request"), f"{where}.request", "request")
    if not request.get("contents"):
        raise invalid(f"{where}.request.contents", f"* {where}.request.contents: contents is not specified\n")
    metadata = item.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise invalid(
            f"{where}.metadata", f"Invalid value at '{where}.metadata' (type.googleapis.com/google.protobuf.Struct)"
        )
    # As it arrived, for those who look: only its checking needed one spelling.
    return Item(request=value["request"], metadata=metadata)


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


def file_items(path: Path) -> Iterator[Item | None]:
    """The requests of an input file, one at a time; None for a line that is none."""
    decode = msgspec.json.Decoder(Item).decode
    with path.open("rb") as lines:
        for line in lines:
            if line.strip():
                try:
                    yield decode(line)
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    yield None
