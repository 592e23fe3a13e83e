"""Messages in and out over stdio or one TCP connection."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from typing import BinaryIO, NamedTuple


class MessageWriter:
    """Writes whole messages to a stream, as pygls wants to have it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        """Write and pass on at once. Raises OSError or ValueError when nobody reads any more."""
        self._stream.write(data)
        self._stream.flush()

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()


class Streams(NamedTuple):
    """Where messages come from and go to."""

    reader: BinaryIO
    writer: MessageWriter


def stdio() -> Streams:
    """The process's own streams."""
    return Streams(sys.stdin.buffer, MessageWriter(sys.stdout.buffer))


def accept_one(host: str, port: int) -> Streams:
    """Wait for one TCP client. A second connection would take answers meant for the first, so none is let in."""
    with socket.create_server((host, port)) as listener:
        bound = listener.getsockname()
        print(f"padwan-server listens on {bound[0]}:{bound[1]} for one client", file=sys.stderr, flush=True)  # noqa: T201
        connection, _ = listener.accept()
    return Streams(connection.makefile("rb"), MessageWriter(connection.makefile("wb")))


def read_body(reader: BinaryIO) -> bytes | None:
    """The body of the next message, or None at the end. Header names have any case, as HTTP's do."""
    length = 0
    while header := reader.readline():
        name, _, value = header.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            length = int(value)
        elif not header.strip() and length:
            body = reader.read(length)
            return body if len(body) == length else None
    return None


def bodies(reader: BinaryIO) -> asyncio.Queue[bytes | None]:
    """All message bodies as they come, then None.

    A thread of its own reads them: in a shared pool, work that blocks would hold up the reading.
    """
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        body: bytes | None = b""
        while body is not None:
            try:
                body = read_body(reader)
            except (OSError, ValueError):
                body = None
            loop.call_soon_threadsafe(queue.put_nowait, body)

    threading.Thread(target=read, name="padwan-reader", daemon=True).start()
    return queue
