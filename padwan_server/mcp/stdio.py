"""The tool server on standard input and output."""

from __future__ import annotations

from mcp.server.stdio import stdio_server

from padwan_server.mcp.server import build
from padwan_server.mcp.workspaces import OneWorkspace
from padwan_server.session.session import Session


async def speak(session: Session) -> None:
    """Serve the client at the other end until it closes its side. The SDK keeps all else off standard output."""
    server = build(OneWorkspace(session))
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
