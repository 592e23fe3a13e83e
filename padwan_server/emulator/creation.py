"""Reading the body of a create, with the service's complaints."""

from __future__ import annotations

from typing import Any, NamedTuple

from padwan_server.emulator.batches import Item
from padwan_server.emulator.envelope import refused, unreadable
from padwan_server.emulator.messages import complaints, member, several
from padwan_server.emulator.payload import decoded


class Creation(NamedTuple):
    """What is to be made: inline items, or the name of an input file."""

    display_name: str
    items: list[Item]
    file_name: str


def parse(body: bytes, version: str, *, embeds: bool) -> Creation:
    """The create in a body, of a batch that generates or one that ``embeds``. Raises RpcError."""
    kind = "AsyncBatchEmbedContentRequest" if embeds else "BatchGenerateContentRequest"
    batch = member(read_message(body, kind, version), "batch")
    config = member(batch, "input_config")
    display_name = member(batch, "display_name") or ""
    if file_name := member(config, "file_name"):
        return Creation(display_name, [], file_name)
    items = several(member(member(config, "requests"), "requests"))
    where = f"{kind}.batch.input_config"
    if not items:
        raise refused(where, "no requests are given")
    needed = "content" if embeds else "contents"
    return Creation(
        display_name,
        [_item(item, needed, f"{where}.requests.requests[{n}].request") for n, item in enumerate(items)],
        "",
    )


def read_message(body: bytes, kind: str, version: str) -> dict[str, Any]:
    """A message of this kind, as it arrived. Raises RpcError."""
    message: dict[str, Any] = decoded(body)
    if found := complaints(message, kind, version):
        raise unreadable((complaint.path, complaint.description) for complaint in found)
    return message


def _item(item: dict[str, Any], needed: str, where: str) -> Item:
    request = member(item, "request") or {}
    if not request.get(needed):
        raise refused(f"{where}.{needed}", f"{needed} is not specified")
    return Item(request=request, metadata=member(item, "metadata"))
