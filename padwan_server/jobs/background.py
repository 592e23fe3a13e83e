"""One thread for what blocks: the ledger and the files beside it, one call after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """Runs blocking calls off the event loop in their order. Its own thread: pygls reads stdin through the default."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="padwan-jobs")

    async def run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call ``function`` in the thread and wait for its result."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(function, *args, **kwargs))

    def close(self) -> None:
        """Let the thread end once its calls are done."""
        self._thread.shutdown(wait=True)
