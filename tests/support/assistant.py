"""AI assistants: the official SDK's client, and bare messages."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import mcp_types as types
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client

SERVER = ["-m", "padwan_server", "mcp"]


@asynccontextmanager
async def assistant(workspace: Path, environment: dict[str, str], *options: str) -> AsyncIterator[ClientSession]:
    command = StdioServerParameters(
        command=sys.executable, args=[*SERVER, "--root", str(workspace), *options], env=environment
    )
    async with stdio_client(command) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
        await session.initialize()
        yield session


async def call(session: ClientSession, name: str, **arguments: Any) -> dict[str, Any]:
    result = await session.call_tool(f"batch_{name}", arguments)
    assert isinstance(result, types.CallToolResult)
    assert isinstance(result.content[0], types.TextContent)
    assert not result.is_error, result.content[0].text
    assert json.loads(result.content[0].text) == result.structured_content
    told: dict[str, Any] = result.structured_content
    return told


async def refused(session: ClientSession, name: str, **arguments: Any) -> str:
    result = await session.call_tool(f"batch_{name}", arguments)
    assert isinstance(result, types.CallToolResult)
    assert result.is_error
    assert result.structured_content is not None
    code: str = result.structured_content["error"]["code"]
    assert isinstance(result.content[0], types.TextContent)
    assert code in result.content[0].text
    return code


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
