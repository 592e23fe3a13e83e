"""What a long-lived front end does from its start on: see how unfinished jobs go, whoever submitted them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.history import History
from padwan_server.jobs.jobs import Jobs
from padwan_server.jobs.pending import Changed, PendingJobs

TICK = 1.0
"""Seconds between two looks into the ledger, which cost next to nothing."""

_AFTER_TROUBLE = 30.0
"""Seconds until the next try where no job can be asked for, e.g. since there is no key."""


class Watching:
    """Watches the unfinished jobs of a workspace at the backend that its settings choose, whatever they come to be."""

    def __init__(
        self,
        folder: JobsFolder,
        history: History,
        endpoint: Callable[[], str],
        open_jobs: Callable[[], Awaitable[Jobs]],
        changed: Changed,
    ) -> None:
        self._folder = folder
        self._history = history
        self._endpoint = endpoint
        self._open_jobs = open_jobs
        self._changed = changed
        self._pending: PendingJobs | None = None

    async def run(self) -> None:
        """Go on until cancelled."""
        try:
            while True:
                try:
                    await self._tick()
                    pause = TICK
                except Exception:  # noqa: BLE001 nobody would notice that the watching has ended
                    # Whoever asks for a job is told; here nobody asked.
                    pause = _AFTER_TROUBLE
                await asyncio.sleep(pause)
        finally:
            await self._stop()

    async def _tick(self) -> None:
        endpoint = self._endpoint()
        if self._pending and self._pending.endpoint != endpoint:
            await self._stop()
        if self._pending is None and await self._history.any_unfinished(endpoint):
            # Not before there is something to watch: it may start an emulator, or lack a key.
            self._pending = PendingJobs(await self._open_jobs(), self._folder, self._changed)
        if self._pending:
            await self._pending.tick()

    async def _stop(self) -> None:
        if self._pending:
            await self._pending.aclose()
            self._pending = None
