"""The life of a tool server that is a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NoReturn

from padwan_server.mcp.roots import workspace_root
from padwan_server.mcp.stdio import speaking
from padwan_server.operations.settings import Settings
from padwan_server.session.session import Session, no_progress

logger = logging.getLogger(__name__)

_END_WITHIN = 5.0
"""Seconds for submissions on their way; what is cut off then is found again by its tag."""

Serve = Callable[[Session], AbstractAsyncContextManager[asyncio.Future[None]]]
"""Serves while it is open; the future is done when there is no client any more."""


def run(root: Path | None, settings: Settings, serve: Serve = speaking) -> NoReturn:
    """Serve until the client leaves or a signal comes. Ends the process: a thread may still wait for input.

    Raises PadwanError ``invalid-root``.
    """
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
    # The SDK warns of each request that it refuses, with what was in it.
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    asyncio.run(_live(Session(workspace_root(root), settings), serve))


async def _live(session: Session, serve: Serve) -> NoReturn:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
    session.watch(no_progress)
    stopping: asyncio.Future[Any] = asyncio.create_task(stopped.wait())
    async with serve(session) as gone:
        await asyncio.wait({gone, stopping}, return_when=asyncio.FIRST_COMPLETED)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_WITHIN):
            await session.aclose()
    failure = gone.exception() if gone.done() and not gone.cancelled() else None
    if failure:
        logger.error("the connection broke off: %s", type(failure).__name__)
    sys.stdout.flush()
    logging.shutdown()
    # A reader thread waits for input that may never come, and the SDK would wait for it.
    os._exit(1 if failure else 0)
