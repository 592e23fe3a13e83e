"""The requests of a job, as they are sent and kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec


class Request(msgspec.Struct, frozen=True, gc=False):
    """One request, as JSON just as it is sent, and the digest of the prompt that it was made from."""

    key: str
    request: msgspec.Raw
    digest: str = ""

    @property
    def members(self) -> dict[str, Any]:
        """The GenerateContentRequest itself."""
        members: dict[str, Any] = msgspec.json.decode(self.request)
        return members


_encode = msgspec.json.Encoder().encode


def encode(request: Request) -> bytes:
    """The request as a line of an input file."""
    return b'{"key":%b,"request":%b}' % (_encode(request.key), request.request)


def stored_requests(path: Path) -> Iterator[Request]:
    """The requests of a part as they were submitted, from the workspace's folder."""
    decode = msgspec.json.Decoder(Request).decode
    with path.open("rb") as lines:
        for line in lines:
            yield decode(line)
