"""Waiting by the clock on the wall, which goes on while the machine sleeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_SLICE = 5.0
"""Seconds after which the clock is looked at again: the event loop's own stands still while the machine sleeps."""


async def sleep(seconds: float) -> None:
    """Wait until so many seconds have passed, also by a clock that was set back or forward meanwhile."""
    wall, steady = time.time() + seconds, time.monotonic() + seconds
    while (left := min(wall - time.time(), steady - time.monotonic())) > 0:  # noqa: ASYNC110 nobody tells
        await asyncio.sleep(min(left, _SLICE))


@asynccontextmanager
async def deadline(seconds: float | None) -> AsyncIterator[None]:
    """Raises TimeoutError in what stands within when the time is up; without ``seconds`` it never is."""
    async with asyncio.timeout(None) as scope:
        timer = asyncio.create_task(_expire(scope, seconds)) if seconds is not None else None
        try:
            yield
        finally:
            if timer:
                timer.cancel()


async def _expire(scope: asyncio.Timeout, seconds: float) -> None:
    await sleep(seconds)
    scope.reschedule(asyncio.get_running_loop().time())
