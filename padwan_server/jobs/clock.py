"""Waiting by the clock on the wall, which goes on while the machine sleeps; and how long one waits for a service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

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


# Patience: a service that says nothing must not keep a caller whose own client gives up.


@dataclass
class _Patience:
    until: float
    """By the event loop's clock."""


_patience: ContextVar[_Patience | None] = ContextVar("patience", default=None)


@contextmanager
def patience(seconds: float | None) -> Iterator[None]:
    """Wait for services so many seconds in all in what stands within, or less if less is left around it."""
    if seconds is None:
        yield
        return
    around = _patience.get()
    until = asyncio.get_running_loop().time() + seconds
    token = _patience.set(_Patience(min(until, around.until) if around else until))
    try:
        yield
    finally:
        _patience.reset(token)


@contextmanager
def uncounted() -> Iterator[None]:
    """Time that is no waiting for a service, as while a person thinks."""
    now = asyncio.get_running_loop().time
    began, current = now(), _patience.get()
    try:
        yield
    finally:
        if current:
            current.until += now() - began


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Raises TimeoutError in what stands within when patience has run out."""
    current = _patience.get()
    async with asyncio.timeout_at(current.until if current else None):
        yield


def without_haste(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """A task that goes on for others when the patience of whoever started it has run out."""
    context = copy_context()
    context.run(_patience.set, None)
    return asyncio.create_task(work, context=context)
