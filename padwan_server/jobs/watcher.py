"""Looking at a job again and again until it ends: one watcher for all who want to know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

from padwan_server.errors import PadwanError
from padwan_server.gemini.errors import ServiceError
from padwan_server.jobs.job import Job, now
from padwan_server.jobs.progress import JobProgress

SHORTEST_INTERVAL = 1.0
"""Seconds between two looks at least, whatever was asked for."""

LONGEST_PAUSE = 300.0
"""Seconds to wait at most after the service did not answer."""


@dataclass
class Watcher:
    """Looks at one job while anybody follows it; all followers see the same looks."""

    job: Job
    look: Callable[[Job], Awaitable[Job]]
    """Ask the service once, and fetch the results of a job that has ended. Raises ServiceError."""
    _intervals: list[float] = field(default_factory=list)
    _latest: JobProgress | None = None
    _failure: PadwanError | None = None
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _looks: int = 0
    _task: asyncio.Task[None] | None = None

    @property
    def followed(self) -> bool:
        """Whether anybody still wants to know."""
        return bool(self._intervals)

    async def follow(self, interval: float) -> AsyncGenerator[JobProgress]:
        """Every look from now on, until the job has ended and its results are here.

        Looks are ``interval`` seconds apart, or less if another follower is more eager. Raises ServiceError when the
        service refuses for good.
        """
        if self.job.stored:
            yield progress(self.job)
            return
        interval = max(interval, SHORTEST_INTERVAL)
        self._intervals.append(interval)
        if self._task is None:
            self._task = asyncio.create_task(self._watch())
        seen = 0
        try:
            while True:
                seen = await self._look_after(seen)
                if self._failure:
                    raise self._failure
                if self._latest:
                    yield self._latest
                if self.job.stored:
                    return
        finally:
            self._intervals.remove(interval)
            if not self.followed and self._task:
                self._task.cancel()
                self._task = None

    async def _look_after(self, seen: int) -> int:
        """Wait for a look beyond the ``seen`` ones; the number of looks so far."""
        async with self._news:
            await self._news.wait_for(lambda: self._looks > seen)
        return self._looks

    async def _watch(self) -> None:
        failures = 0
        while not self.job.stored and self._failure is None:
            note, pause = "", min(self._intervals, default=SHORTEST_INTERVAL)
            try:
                self.job = await self.look(self.job)
                failures = 0
            except ServiceError as error:
                failures += 1
                pause = _pause_after(error, failures, pause)
                note = f"{error.message} Looking again in {pause:.0f} s."
                self._failure = None if error.transient else error
            except PadwanError as error:
                self._failure = error
            await self._tell(note)
            if not self.job.stored and self._failure is None:
                await asyncio.sleep(pause)

    async def _tell(self, note: str) -> None:
        async with self._news:
            self._latest = progress(self.job, note)
            self._looks += 1
            self._news.notify_all()


def _pause_after(error: ServiceError, failures: int, interval: float) -> float:
    """As long as the service asks for, else doubling from the interval on."""
    wanted: float = error.retry_after if error.retry_after is not None else interval * 2.0 ** (failures - 1)
    return min(max(wanted, interval), LONGEST_PAUSE)


def progress(job: Job, note: str = "") -> JobProgress:
    """How far ``job`` is, by its counts so far."""
    end = job.ended if job.terminal and job.ended else now()
    elapsed = max((end - job.created).total_seconds(), 0.0)
    done = job.succeeded + job.failed
    eta = elapsed / done * job.pending if done and job.pending and not job.terminal else None
    return JobProgress(
        job=job.name,
        state=job.state,
        total=job.total,
        succeeded=job.succeeded,
        failed=job.failed,
        pending=job.pending,
        elapsed=round(elapsed, 3),
        eta=eta if eta is None else round(eta, 1),
        note=note,
    )
