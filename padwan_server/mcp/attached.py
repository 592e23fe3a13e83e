"""The tool server inside a running language server: the same sessions, with what the editor has not saved."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from padwan_server.errors import PadwanError
from padwan_server.mcp.http import listening, new_token, whereabouts
from padwan_server.mcp.roots import too_much
from padwan_server.mcp.server import build
from padwan_server.mcp.workspaces import Workspaces

logger = logging.getLogger(__name__)


async def serve(workspaces: Workspaces) -> None:
    """Serve all workspaces of the editor, until cancelled, and tell in each where."""
    roots = [session.workspace.root for session in workspaces.sessions()]
    if any(too_much(root.resolve()) for root in roots):
        logger.warning("no tool server: an assistant does not get the home folder or one that holds it")
        return
    token = new_token()
    async with listening(build(workspaces), 0, token) as url:
        with contextlib.ExitStack() as told:
            for root in roots:
                try:
                    told.enter_context(whereabouts(root, url, token))
                except PadwanError as error:
                    logger.warning("no tool server in this workspace: %s", error.code)
            await asyncio.Event().wait()
