"""A way to the emulator on which requests and answers get lost, spoiled and delayed, as a schedule says."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from enum import Enum
from urllib.parse import urlsplit


class Trouble(Enum):
    """What may happen to a request."""

    NONE = "none"
    RATE_LIMITED = "429"
    UNAVAILABLE = "503"
    LOST_BEFORE = "lost on its way there"
    LOST_AFTER = "answer lost"
    CUT = "answer cut off in the middle"
    MALFORMED = "answer that is no JSON"
    SLOW = "answer that comes in pieces"


_LIMITED = {
    "error": {
        "code": 429,
        "message": "Slow down.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0s"}],
    }
}
_DOWN = {"error": {"code": 503, "message": "Busy.", "status": "UNAVAILABLE"}}


class Weather:
    """Lets through what its forecast does not trouble; beyond the forecast the sky is clear."""

    def __init__(self, service: str) -> None:
        place = urlsplit(service)
        self._host, self._port = place.hostname or "", place.port or 0
        self._forecast: deque[Trouble] = deque()
        self.url = ""

    def forecast(self, troubles: Iterable[Trouble]) -> None:
        """What is to happen to the next requests, one after the other."""
        self._forecast = deque(troubles)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, which serves one request: no client can tell a fault from a connection that grew old."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            request = head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + await _body(head, reader)
            trouble = self._forecast.popleft() if self._forecast else Trouble.NONE
            for piece in await self._answer(request, trouble):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, request: bytes, trouble: Trouble) -> list[bytes]:
        if trouble is Trouble.RATE_LIMITED:
            return [_refusal(429, _LIMITED)]
        if trouble is Trouble.UNAVAILABLE:
            return [_refusal(503, _DOWN)]
        if trouble is Trouble.LOST_BEFORE:
            return []
        answer = await self._asked(request)
        if trouble is Trouble.LOST_AFTER:
            return []
        head, _, body = answer.partition(b"\r\n\r\n")
        if trouble is Trouble.CUT:
            return [answer[: len(head) + 4 + len(body) // 2]]
        if trouble is Trouble.MALFORMED:
            return [head, b"\r\n\r\n", b"<" * len(body)]
        return [answer[at : at + 100] for at in range(0, len(answer), 100)] if trouble is Trouble.SLOW else [answer]

    async def _asked(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        writer.write(request)
        await writer.drain()
        answer = await reader.read()
        writer.close()
        return answer


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return await reader.readexactly(int(line.split(b":")[1]))
    return b""


def _refusal(status: int, error: object) -> bytes:
    body = json.dumps(error).encode()
    head = f"HTTP/1.1 {status} No\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return f"{head}connection: close\r\n\r\n".encode() + body


@asynccontextmanager
async def weather(service: str) -> AsyncIterator[Weather]:
    """Stand between clients and ``service``."""
    sky = Weather(service)
    server = await asyncio.start_server(sky.serve, "127.0.0.1", 0)
    sky.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield sky
