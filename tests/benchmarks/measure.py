"""Takes the time of one language server, message by message, as its client sees it."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.files import EDITED
from tests.benchmarks.servers import Server

WITHIN = 120.0
KEYS = 15
BURST = 20
BURST_INTERVAL = 0.03


@dataclass(frozen=True)
class Sample:
    """One look at one server with one file: milliseconds, megabytes, and how many problems it told at first."""

    first: float
    """From the start of its process to the first problems."""
    opened: float
    """From didOpen to the problems."""
    typed: float
    """From a change of one character to fresh problems, the median of some."""
    burst: float
    """The same for the last of many keys in a row."""
    memory: float
    """The most that its processes took."""
    problems: int


async def measure(server: Server, file: Path) -> Sample:
    """Start the server, open the file, type, and end the server."""
    async with _running(server, file) as client:
        first, opened, problems = await client.begin()
        # What a server puts off until after the first answer is not part of a key's time.
        await asyncio.sleep(0.3)
        await client.type()
        typed = [await client.type() for _ in range(KEYS)]
        return Sample(first, opened, statistics.median(typed), await client.burst(), client.peak_memory(), problems)


async def start(server: Server, file: Path) -> float:
    """Milliseconds from the start of a server's process to the first problems of a file that is opened at once."""
    async with _running(server, file) as client:
        first, _, _ = await client.begin()
        return first


@asynccontextmanager
async def _running(server: Server, file: Path) -> AsyncIterator[_Client]:
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *server.command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=file.parent,
        limit=1 << 26,
    )
    client = _Client(process, server, file, started)
    try:
        yield client
        await client.shutdown()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        if server.ending:
            subprocess.run(server.ending, cwd=file.parent, capture_output=True, check=False)


class _Client:
    def __init__(self, process: asyncio.subprocess.Process, server: Server, file: Path, started: float) -> None:
        self._process = process
        self._started = started
        self._server = server
        self._uri = file.as_uri()
        self._folder = file.parent
        self._text = file.read_text(encoding="utf-8")
        at = self._text.index(EDITED) + len(EDITED)
        line_start = self._text.rfind("\n", 0, at) + 1
        self._place = {"line": self._text.count("\n", 0, at), "character": at - line_start}
        self._version = 1
        self._there = False
        self._number = 0

    async def begin(self) -> tuple[float, float, int]:
        """Milliseconds from the start of the process and from didOpen to the first problems, and their number."""
        await self._initialize()
        opened, problems = await self._open()
        return (time.perf_counter() - self._started) * 1000, opened, problems

    async def _initialize(self) -> None:
        text_document: dict[str, Any] = {"publishDiagnostics": {"versionSupport": True}}
        if self._server.pulled:
            text_document["diagnostic"] = {"dynamicRegistration": False}
        await self._request(
            "initialize",
            {
                "processId": None,
                "rootUri": self._folder.as_uri(),
                "workspaceFolders": [{"uri": self._folder.as_uri(), "name": "bench"}],
                "capabilities": {"textDocument": text_document, "workspace": {"configuration": True}},
            },
        )
        self._notify("initialized", {})

    async def _open(self) -> tuple[float, int]:
        language = {"txt": "plaintext"}.get(self._uri.rsplit(".", 1)[1], "json")
        document = {"uri": self._uri, "languageId": language, "version": 1, "text": self._text}
        began = time.perf_counter()
        self._notify("textDocument/didOpen", {"textDocument": document})
        problems = await self._problems()
        return (time.perf_counter() - began) * 1000, problems

    async def type(self) -> float:
        began = self._change()
        await self._problems()
        return (time.perf_counter() - began) * 1000

    async def burst(self) -> float:
        for _ in range(BURST - 1):
            self._change()
            await asyncio.sleep(BURST_INTERVAL)
        return await self.type()

    def peak_memory(self) -> float:
        """Megabytes that the server's processes took at most, by Linux."""
        root, daemon = psutil.Process(self._process.pid), self._server.daemon
        processes = {root, *root.children(recursive=True)}
        if daemon:
            processes |= {
                other for other in psutil.process_iter(["cmdline"]) if daemon in (other.info["cmdline"] or [])
            }
        total = 0
        for process in processes:
            status = Path(f"/proc/{process.pid}/status").read_text()
            total += next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        return total / 1024

    async def shutdown(self) -> None:
        await self._request("shutdown", None)
        self._notify("exit", None)
        async with asyncio.timeout(10):
            await self._process.wait()

    def _change(self) -> float:
        self._version += 1
        start = dict(self._place)
        end = {**start, "character": start["character"] + 1} if self._there else start
        change = {"range": {"start": start, "end": end}, "text": "" if self._there else "x"}
        self._there = not self._there
        document = {"uri": self._uri, "version": self._version}
        began = time.perf_counter()
        self._notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        return began

    async def _problems(self) -> int:
        """How many problems the newest version has, once they are told."""
        if self._server.pulled:
            report = await self._request("textDocument/diagnostic", {"textDocument": {"uri": self._uri}})
            return len(report["items"])
        while True:
            message = await self._read()
            published = message.get("method") == "textDocument/publishDiagnostics"
            if published and message["params"].get("version", self._version) == self._version:
                return len(message["params"]["diagnostics"])

    async def _request(self, method: str, params: Any) -> Any:
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        while True:
            message = await self._read()
            if message.get("id") == self._number and "method" not in message:
                return message["result"]

    def _notify(self, method: str, params: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def _send(self, message: Any) -> None:
        assert self._process.stdin
        body = json.dumps(message).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        async with asyncio.timeout(WITHIN):
            length = 0
            while (header := await self._process.stdout.readline()) != b"\r\n":
                if not header:
                    raise ConnectionError(f"{self._server.name} closed its side")
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            message: dict[str, Any] = json.loads(await self._process.stdout.readexactly(length))
        if "method" in message and "id" in message:
            answer = (
                [None for _ in message["params"]["items"]] if message["method"] == "workspace/configuration" else None
            )
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": answer})
        return message
