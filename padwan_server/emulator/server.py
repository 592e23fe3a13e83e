"""uvicorn, told apart from its signal handling, and able to hang up."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HANG_UP = b"x-emulator-hang-up"
"""A response with this header is never sent: the connection is closed instead."""


class Server(uvicorn.Server):
    """Serves until ``stop``; ``ready`` is set when it accepts connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    def stop(self) -> None:
        """End soon, without waiting for connections that are merely kept open."""
        self.should_exit = True

    async def startup(self, *args: Any, **kwargs: Any) -> None:
        """As uvicorn's, and say so."""
        await super().startup(*args, **kwargs)
        self.ready.set()

    async def serve(self, sockets: Any = None) -> None:
        """As uvicorn's, but signals are the program's."""
        await self._serve(sockets)


class HangingUp:
    """Closes connections for responses with the header HANG_UP."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its response unless it is to be dropped."""
        dropped = False

        async def pass_on(message: Message) -> None:
            nonlocal dropped
            if message["type"] == "http.response.start" and any(name == HANG_UP for name, _ in message["headers"]):
                dropped = True
                # ASGI has no word for this: it is the transport of uvicorn's request cycle, whose method ``send`` is.
                send.__self__.transport.abort()  # type: ignore[attr-defined]
            if not dropped:
                await send(message)

        await self._app(scope, receive, pass_on)
