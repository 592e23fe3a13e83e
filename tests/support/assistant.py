"""AI assistants: the official SDK's client, and bare messages."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import mcp_types as types
from mcp.client.client import Client
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client

from padwan_server.mcp.server import build
from padwan_server.mcp.tools import tools
from padwan_server.mcp.workspaces import OneWorkspace
from padwan_server.operations.settings import Settings
from padwan_server.session.session import Session

SERVER = ["-m", "padwan_server", "mcp"]


LONGEST = 16_000
"""Characters that one answer may have."""

ERAS = ("legacy", "auto")
"""The protocol with a handshake (2025-11-25), and without (2026-07-28)."""


@cache
def _output_schemas() -> dict[str, dict[str, Any]]:
    return {tool.name: tool.output_schema or {} for tool in tools()}


class Assistant:
    """A client in this process, without a transport between it and the server."""

    def __init__(self, client: Client, session: Session) -> None:
        self.client = client
        self.session = session

    async def __call__(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """Call ``batch_<name>``; what it answered, which text and structure say alike, as its output schema allows."""
        told = checked(await self.client.call_tool(f"batch_{name}", arguments))
        jsonschema.validate(told, _output_schemas()[f"batch_{name}"])
        return told

    async def refused(self, name: str, /, **arguments: Any) -> str:
        """Call ``batch_<name>``, which must fail; the code of its error."""
        return code_of(await self.client.call_tool(f"batch_{name}", arguments))

    async def read(self, uri: str) -> str:
        """The text of a resource."""
        [contents] = (await self.client.read_resource(uri)).contents
        assert isinstance(contents, types.TextResourceContents)
        return contents.text


@asynccontextmanager
async def in_memory(
    workspace: Path, era: str = "auto", settings: Settings | None = None, **options: Any
) -> AsyncIterator[Assistant]:
    """An assistant on a workspace. ``options`` are those of the SDK's client."""
    session = Session(workspace, settings or Settings())
    try:
        async with Client(build(OneWorkspace(session)), mode=era, **options) as client:
            yield Assistant(client, session)
    finally:
        await session.aclose()


@asynccontextmanager
async def assistant(workspace: Path, environment: dict[str, str], *options: str) -> AsyncIterator[ClientSession]:
    async with start_as(["mcp", "--root", str(workspace), *options], workspace, environment) as session:
        yield session


@asynccontextmanager
async def start_as(arguments: list[str], folder: Path, environment: dict[str, str]) -> AsyncIterator[ClientSession]:
    """A client of ``padwan-server`` with these arguments, started in a folder."""
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "padwan_server", *arguments], env=environment, cwd=folder
    )
    async with stdio_client(command) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
        await session.initialize()
        yield session


async def call(session: ClientSession, name: str, **arguments: Any) -> dict[str, Any]:
    return checked(await session.call_tool(f"batch_{name}", arguments))


async def refused(session: ClientSession, name: str, **arguments: Any) -> str:
    return code_of(await session.call_tool(f"batch_{name}", arguments))


def checked(result: Any) -> dict[str, Any]:
    """What a good answer tells."""
    assert isinstance(result, types.CallToolResult)
    assert isinstance(result.content[0], types.TextContent)
    assert not result.is_error, result.content[0].text
    assert len(result.content[0].text) <= LONGEST
    assert json.loads(result.content[0].text) == result.structured_content
    told: dict[str, Any] = result.structured_content
    return told


def code_of(result: Any) -> str:
    """The code of an error."""
    assert isinstance(result, types.CallToolResult)
    assert result.is_error
    # Clients hold it against the output schema.
    assert result.structured_content is None
    assert isinstance(result.content[0], types.TextContent)
    assert len(result.content[0].text) <= LONGEST + 100
    # Its words may have several lines, and data may follow.
    *_, code = re.findall(r"\[([a-z0-9-]+)\]$", result.content[0].text, re.MULTILINE)
    return str(code)


def line(number: int | None, method: str, params: dict[str, Any]) -> bytes:
    message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
    return json.dumps(message).encode() + b"\n"


async def start_server(workspace: Path, environment: dict[str, str]) -> tuple[asyncio.subprocess.Process, bytes]:
    """A server process that has been initialized, and its answer to that."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *SERVER,
        "--root",
        str(workspace),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    assert process.stdin
    assert process.stdout
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    process.stdin.write(line(1, "initialize", hello) + line(None, "notifications/initialized", {}))
    return process, await process.stdout.readline()
