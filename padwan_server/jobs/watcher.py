"""Looking at a job again and again until it ends: one watcher for all who want to know."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from padwan_server.gemini.errors import ServiceError
from padwan_server.jobs.clock import sleep, without_haste
from padwan_server.jobs.job import Job, now
from padwan_server.jobs.progress import JobProgress, progress_of

SHORTEST_INTERVAL = 1.0
"""Seconds between two looks at least, whatever was asked for."""

LONGEST_INTERVAL = 60.0
"""Seconds between two looks at an old job when nobody asked for others."""

LONGEST_PAUSE = 300.0
"""Seconds to wait at most after the service did not answer."""

_OF_ITS_AGE = 1 / 30
"""A job that nobody is impatient for is looked at again when it is older by this share."""

_WINDOW = 20
"""Looks by which the rate is told."""


@dataclass
class Watcher:
    """Looks at one job while anybody follows it; all followers see the same looks."""

    job: Job
    look: Callable[[Job, float], Awaitable[Job]]
    """Ask the service once, and fetch the results of a job that has ended; it is told the seconds between looks.
    Raises ServiceError."""
    _intervals: list[float | None] = field(default_factory=list)
    _history: deque[tuple[datetime, int]] = field(default_factory=lambda: deque(maxlen=_WINDOW))
    _latest: JobProgress | None = None
    _failure: Exception | None = None
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _awaited: asyncio.Event = field(default_factory=asyncio.Event)
    """Somebody has come who waits for a look."""
    _looks: int = 0
    _task: asyncio.Task[None] | None = None

    @property
    def followed(self) -> bool:
        """Whether anybody still wants to know."""
        return bool(self._intervals)

    async def follow(self, interval: float | None) -> AsyncGenerator[JobProgress]:
        """Every look from now on, until the job has ended and its results are here.

        The first comes at once. Looks are ``interval`` seconds apart, by the job's age unless given, or less if another
        follower is more eager. Raises ServiceError when the service refuses for good.
        """
        if self.job.stored:
            yield progress_of(self.job)
            return
        self._intervals.append(interval)
        self._awaited.set()
        seen = self._looks
        if self._task is None:
            self._task = without_haste(self._watch())
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
            note, pause = "", self._interval()
            try:
                self.job = await self.look(self.job, pause)
                failures = 0
            except ServiceError as error:
                failures += 1
                pause = _pause_after(error, failures, pause)
                note = f"{error.message} Looking again in {pause:.0f} s."
                self._failure = None if error.transient else error
            except Exception as error:  # noqa: BLE001 whatever it is, who follows would wait for ever
                self._failure = error
            await self._tell(note)
            if not self.job.stored and self._failure is None:
                await self._rest(pause, patient=failures > 0)

    def _interval(self) -> float:
        return min(
            (max(_by_age(self.job) if wanted is None else wanted, SHORTEST_INTERVAL) for wanted in self._intervals),
            default=SHORTEST_INTERVAL,
        )

    async def _rest(self, pause: float, *, patient: bool) -> None:
        """Wait for the next look, the shortest time alone once somebody waits for it; ``patient`` waits for nobody."""
        self._awaited.clear()
        shortest = min(pause, SHORTEST_INTERVAL)
        if patient:
            await sleep(pause)
            return
        await sleep(shortest)
        resting = asyncio.create_task(sleep(pause - shortest))
        awaiting = asyncio.create_task(self._awaited.wait())
        try:
            await asyncio.wait({resting, awaiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            resting.cancel()
            awaiting.cancel()

    async def _tell(self, note: str) -> None:
        async with self._news:
            self._history.append((now(), self.job.succeeded + self.job.failed))
            self._latest = progress_of(self.job, note, self._rate())
            self._looks += 1
            self._news.notify_all()

    def _rate(self) -> float | None:
        """Requests a second over the last looks, None while none was done."""
        (then, before), (last, done) = self._history[0], self._history[-1]
        seconds = (last - then).total_seconds()
        return (done - before) / seconds if done > before and seconds > 0 else None


def _by_age(job: Job) -> float:
    """Seconds until another look at a job is worth it."""
    return min((now() - job.created).total_seconds() * _OF_ITS_AGE, LONGEST_INTERVAL)


def _pause_after(error: ServiceError, failures: int, interval: float) -> float:
    """As long as the service asks for, else doubling from the interval on."""
    wanted: float = error.retry_after if error.retry_after is not None else interval * 2.0 ** min(failures - 1, 10)
    return min(max(wanted, interval), LONGEST_PAUSE)
