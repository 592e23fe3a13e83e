"""The tool server over HTTP, for clients of this machine that know its token."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvicorn
from mcp.server import Server
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from padwan_server.errors import PadwanError
from padwan_server.jobs.folder import JobsFolder, in_words
from padwan_server.mcp.server import build
from padwan_server.mcp.workspaces import OneWorkspace
from padwan_server.session.session import Session

HOST = "127.0.0.1"
PATH = "/mcp"
WHEREABOUTS = "mcp.json"
"""The file in ``.padwan`` that tells clients of the workspace where the server is and what its token is."""

TOKEN_VARIABLE = "PADWAN_MCP_TOKEN"  # noqa: S105 its name


_HANG_UP_WITHIN = 2.0
"""Seconds for connections to be closed at the end."""


class Guarded:
    """Lets in who knows the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it before anything of it is read."""
        if scope["type"] == "http":
            given = Headers(scope=scope).get("authorization", "").encode()
            if not hmac.compare_digest(given, self._expected):
                refused = JSONResponse(
                    {"error": f"Send the token of .padwan/{WHEREABOUTS} as Authorization: Bearer."},
                    status_code=401,
                    headers={"www-authenticate": "Bearer"},
                )
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _Uvicorn(uvicorn.Server):
    """uvicorn, told apart from its signal handling."""

    async def serve(self, sockets: Any = None) -> None:
        await self._serve(sockets)


def app(server: Server[Any], token: str) -> ASGIApp:
    """The server as an application. The SDK refuses hosts and origins that are not this machine."""
    return Guarded(server.streamable_http_app(streamable_http_path=PATH, host=HOST), token)


@contextlib.asynccontextmanager
async def listening(server: Server[Any], port: int, token: str) -> AsyncIterator[str]:
    """Serve while this is open; the address. Raises OSError if the port is taken."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        # Whoever is told the address may come before uvicorn is ready.
        listener.listen()
        config = uvicorn.Config(
            app(server, token), log_level="critical", access_log=False, lifespan="on", timeout_graceful_shutdown=0
        )
        web = _Uvicorn(config)
        serving = asyncio.create_task(web.serve([listener]))
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}{PATH}"
        finally:
            web.should_exit = True
            await asyncio.wait({serving}, timeout=_HANG_UP_WITHIN)


def new_token() -> str:
    """The token of this run: the environment's, else one that nobody can guess."""
    return os.environ.get(TOKEN_VARIABLE, "").strip() or secrets.token_urlsafe(32)


@contextlib.contextmanager
def whereabouts(root: Path, url: str, token: str) -> Iterator[None]:
    """Tell clients of the workspace, in a file for its owner alone, while this is open.

    Raises PadwanError ``workspace-folder-unsafe`` or ``workspace-not-writable``.
    """
    folder = JobsFolder(root)
    folder.create()
    target = folder.path / WHEREABOUTS
    text = json.dumps({"url": url, "token": token}) + "\n"
    partial = target.with_name(f"{WHEREABOUTS}.{uuid4().hex[:8]}")
    with in_words():
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        partial.replace(target)
    try:
        yield
    finally:
        # Another server may have put its own there meanwhile.
        with contextlib.suppress(OSError):
            if target.read_text(encoding="utf-8") == text:
                target.unlink()


@contextlib.asynccontextmanager
async def serving(session: Session, port: int) -> AsyncIterator[asyncio.Future[None]]:
    """Serve one workspace at ``port``, any free one if it is 0; its address is the one line on standard output.

    Clients come and go. Raises PadwanError ``port-taken``, or as ``whereabouts`` does.
    """
    token = new_token()
    try:
        async with listening(build(OneWorkspace(session)), port, token) as url:
            with whereabouts(session.workspace.root, url, token):
                print(url, flush=True)  # noqa: T201 the one line
                yield asyncio.get_running_loop().create_future()
    except OSError as error:
        raise PadwanError(
            "port-taken", f"The server cannot listen at port {port}: {error.strerror}.", "Give another --port."
        ) from None
