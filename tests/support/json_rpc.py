"""A bare JSON-RPC client: messages as they are, for what no well-behaved client would send."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

SERVER = [sys.executable, "-m", "padwan_server", "lsp"]
WITHIN = 30.0


class JsonRpcClient:
    """One connection to a server process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.notifications: list[dict[str, Any]] = []
        self.answers: dict[Any, dict[str, Any]] = {}
        self._ids = itertools.count(1)

    def write(self, body: bytes, header: bytes = b"Content-Length") -> None:
        """Send bytes as one message."""
        assert self.process.stdin
        self.process.stdin.write(b"%b: %d\r\n\r\n%b" % (header, len(body), body))

    def send(self, message: Any) -> None:
        """Send one JSON value."""
        self.write(json.dumps(message).encode())

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method: str, params: Any = None) -> int:
        """Send a request without waiting; its id."""
        number = next(self._ids)
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return number

    async def call(self, method: str, params: Any = None) -> dict[str, Any]:
        """Send a request and wait for its whole answer."""
        return await self.answer(self.request(method, params))

    async def execute(self, command: str, *arguments: Any) -> dict[str, Any]:
        """Run a command and wait for its whole answer."""
        return await self.call("workspace/executeCommand", {"command": command, "arguments": list(arguments)})

    async def answer(self, number: Any) -> dict[str, Any]:
        """The answer to a request. Requests of the server are answered with null meanwhile."""
        while number not in self.answers:
            await self.receive()
        return self.answers.pop(number)

    async def receive(self) -> dict[str, Any]:
        """The next message, sorted to where it belongs."""
        message = await self.read()
        assert message is not None, "the server closed its side"
        if "method" not in message:
            assert message.get("id") not in self.answers, "a request was answered twice"
            self.answers[message.get("id")] = message
        elif "id" in message:
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": None})
        else:
            self.notifications.append(message)
        return message

    async def read(self) -> dict[str, Any] | None:
        """The next message as it is, or None when the server has closed its side."""
        assert self.process.stdout
        async with asyncio.timeout(WITHIN):
            length = 0
            while header := await self.process.stdout.readline():
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
                if header == b"\r\n":
                    message: dict[str, Any] = json.loads(await self.process.stdout.readexactly(length))
                    return message
        return None

    async def initialize(self, root: Path, **params: Any) -> dict[str, Any]:
        """Begin the session with the workspace's emulator as the backend."""
        answer = await self.call(
            "initialize",
            {
                "processId": None,
                "rootUri": root.as_uri(),
                "capabilities": {},
                "initializationOptions": {"backend": "emulator"},
            }
            | params,
        )
        self.notify("initialized", {})
        return answer

    async def wait(self) -> int:
        """Wait for the process to end; its exit code."""
        async with asyncio.timeout(WITHIN):
            return await self.process.wait()


@asynccontextmanager
async def connect(root: Path, environment: Mapping[str, str], *options: str) -> AsyncIterator[JsonRpcClient]:
    """Start the language server in ``root``."""
    process = await asyncio.create_subprocess_exec(
        *SERVER,
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=root,
        env=dict(environment),
        limit=1 << 26,
    )
    client = JsonRpcClient(process)
    try:
        yield client
    finally:
        if process.returncode is None:
            process.terminate()
        await client.wait()
