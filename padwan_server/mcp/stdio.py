"""The tool server on standard input and output."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp.server.stdio import stdio_server

from padwan_server.mcp.server import build
from padwan_server.mcp.workspaces import OneWorkspace
from padwan_server.session.session import Session


@asynccontextmanager
async def speaking(session: Session) -> AsyncIterator[asyncio.Future[None]]:
    """Serve the client at the other end until it closes its side. The SDK keeps all else off standard output.

    At the end calls are given up; the thread that waits for input is not waited for.
    """
    serving = asyncio.create_task(_speak(session))
    try:
        yield serving
    finally:
        serving.cancel()


async def _speak(session: Session) -> None:
    server = build(OneWorkspace(session))
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
