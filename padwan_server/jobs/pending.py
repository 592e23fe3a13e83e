"""Unfinished jobs: watched by one process of all that use the workspace, followed by the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from hashlib import blake2b

from padwan_server.gemini.errors import ServiceError
from padwan_server.jobs.clock import sleep
from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.job import Job
from padwan_server.jobs.jobs import Jobs
from padwan_server.jobs.progress import JobProgress, progress_of

AGAIN_AFTER = 60.0
"""Seconds until a job is watched again that could not be for a reason of this machine, e.g. a full disk."""

Changed = Callable[[JobProgress], Awaitable[None]]
"""Hears of each change of a job, by whichever process it was noticed."""


class PendingJobs:
    """The unfinished jobs of one endpoint and key. The process that holds their lock looks at them at the service."""

    def __init__(self, jobs: Jobs, folder: JobsFolder, changed: Changed) -> None:
        self._jobs = jobs
        self._changed = changed
        pair = f"{jobs.endpoint}\n{jobs.key_fingerprint}"
        self._lock = folder.lock(f"watch-{blake2b(pair.encode(), digest_size=6).hexdigest()}")
        self._elected = False
        self._version: tuple[int, int] | None = None
        self._seen: dict[str, Job] = {}
        self._watched: dict[str, asyncio.Task[None]] = {}
        self._given_up: set[str] = set()

    @property
    def endpoint(self) -> str:
        """What the ledger calls the service."""
        return self._jobs.endpoint

    async def tick(self) -> None:
        """Take in what the ledger says now: tell changes, and watch what is unfinished if this process is to.

        Raises PadwanError as the ledger does.
        """
        if not self._elected and self._lock.take():
            self._elected, self._version = True, None
        version = await self._jobs.read(lambda: self._jobs.ledger.version)
        if version != self._version:
            self._version = version
            await self._take_in(await self._jobs.read(self._jobs.ledger.unfinished, self.endpoint))

    async def aclose(self) -> None:
        """Stop watching; another process may go on."""
        for task in self._watched.values():
            task.cancel()
        await asyncio.gather(*self._watched.values(), return_exceptions=True)
        if self._elected:
            self._lock.release()
            self._elected = False

    async def _take_in(self, unfinished: list[Job]) -> None:
        current = {job.id: job for job in unfinished}
        for job_id, job in self._seen.items():
            now = current.get(job_id) or await self._jobs.remembered(job)
            if now.name and now != job:
                await self._changed(progress_of(now, now.trouble))
        self._seen = current
        for job in unfinished if self._elected else ():
            known = job.id in self._watched or job.id in self._given_up
            if not known and (job.sent or not self._jobs.is_being_sent(job)):
                self._watched[job.id] = asyncio.create_task(self._watch(job))

    async def _watch(self, job: Job) -> None:
        try:
            async with aclosing(self._jobs.watch(job)) as looks:
                async for _ in looks:
                    pass
        except ServiceError:
            # What is wrong stands in the ledger, for all who ask; another key may help, and that is another start.
            self._given_up.add(job.id)
        except Exception:  # noqa: BLE001 whoever asks for the job is told; here nobody asked
            # Answers last two days at the service, a full disk or a busy ledger less; a list may also lag behind.
            await sleep(AGAIN_AFTER)
            self._version = None
        finally:
            with suppress(KeyError):
                del self._watched[job.id]
