"""What became of submissions that got no answer: the service's list tells, by their tags."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from padwan_server.gemini.errors import ServiceError
from padwan_server.gemini.gateway import Gateway
from padwan_server.gemini.job import RemoteJob
from padwan_server.jobs.background import Background
from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.job import SUBMITTING, UNCERTAIN, Job, Part, display_name, now
from padwan_server.jobs.ledger import Ledger
from padwan_server.jobs.lock import MOMENT
from padwan_server.jobs.refusals import being_sent, forgotten
from padwan_server.jobs.rescue import note
from padwan_server.jobs.tag import tag_in, tagged

_PAGE = 100
_PAGES = 20
"""Pages of the list that are looked through at most."""

_CLOCKS_APART = timedelta(hours=26)
"""How much earlier than our own note of it a job may be created by the service's clock: one that was set in another
zone is wrong by a day and two hours at most. Where a tag tells our job, that costs only a look at older ones."""

_ALIKE_WITHIN = timedelta(hours=1)
"""The same where nothing but a display name tells it: yesterday's job has that too."""

PAUSES = (0.0, 1.0)
"""Seconds to wait before each look: a list may lag behind a create."""

NO_ANSWER = "The service's answer to the submission never arrived."


@dataclass(frozen=True)
class Reconciliation:
    """Finds the jobs of unanswered submissions and takes them in; never sends anything again."""

    gateway: Gateway
    ledger: Ledger
    folder: JobsFolder
    background: Background

    async def just_sent(self, job: Job) -> Job:
        """A job that was sent a moment ago, with the names of its parts that turn up at the service."""
        for pause in PAUSES:
            await asyncio.sleep(pause)
            try:
                [job] = await self._named([job])
            except ServiceError:
                break
            if not job.unanswered:
                break
        return job

    async def settled(self, jobs: Sequence[Job]) -> list[Job]:
        """Jobs, their unanswered parts named if the service has them, else SUBMIT_UNCERTAIN.

        A part that another process is sending just now is left to it. Raises ServiceError.
        """
        left = [job for job in jobs if job.unanswered and not self.folder.lock(job.id).is_held()]
        settled = await self._settled(left)
        return [settled.get(job.id, job) for job in jobs]

    @asynccontextmanager
    async def held(self, job: Job, seconds: float = MOMENT) -> AsyncGenerator[Job]:
        """``job`` as it is now, the service asked for what is unanswered of it, while nobody else sends it.

        Raises ServiceError, and PadwanError ``being-sent`` when somebody still does after so many seconds.
        """
        lock = self.folder.lock(job.id)
        if not await lock.take_within(seconds):
            raise being_sent(job)
        try:
            found = await self.background.run(self.ledger.find, job.id)
            if not found:
                raise forgotten(job.id)
            yield (await self._settled(found[:1]))[job.id]
        finally:
            lock.release()

    async def _settled(self, jobs: Sequence[Job]) -> dict[str, Job]:
        settled = {job.id: job for job in await self._named(jobs)}
        for job in list(settled.values()):
            for part in job.parts:
                if part.state == SUBMITTING:
                    await self.background.run(self.ledger.unheard, part, NO_ANSWER)
            [settled[job.id]] = await self.background.run(self.ledger.find, job.id) or [job]
        return settled

    async def _named(self, jobs: Sequence[Job]) -> list[Job]:
        current = {job.id: job for job in jobs}
        wanted = {part.tag: (job.id, part) for job in jobs for part in job.parts if _is_unanswered(part) and part.tag}
        if wanted:
            async for remote in self._remote(min(job.created for job in jobs) - _CLOCKS_APART):
                if found := wanted.pop(tag_in(remote.display_name), None):
                    job_id, part = found
                    current[job_id] = await self.taken(current[job_id], part, remote)
                if not wanted:
                    break
        return list(current.values())

    async def lookalikes(self, job: Job) -> list[RemoteJob]:
        """Jobs at the service that an unanswered part may have become: without a tag people must choose."""
        wanted = {tagged(display_name(job, part), part.tag): part.total for part in job.parts if _is_unanswered(part)}
        similar = [
            remote
            async for remote in self._remote(job.created - _ALIKE_WITHIN)
            if remote.display_name in wanted
            and remote.model == job.model
            and remote.counts.total in (0, wanted[remote.display_name])
        ]
        known = await self.background.run(self.ledger.named, job.endpoint, [remote.name for remote in similar])
        return [remote for remote in similar if remote.name not in known]

    async def taken(self, job: Job, part: Part, remote: RemoteJob) -> Job:
        """``job`` with the service's job as its part."""
        job = await self.background.run(self.ledger.update_part, job, part, seen(remote), trouble="", looked=now())
        await self.background.run(note, self.folder, job)
        return job

    async def _remote(self, since: datetime) -> AsyncIterator[RemoteJob]:
        """The service's jobs, newest first, back to those that were there before. Raises ServiceError."""
        token = ""
        for _ in range(_PAGES):
            page = await self.gateway.list(_PAGE, token)
            for remote in page.jobs:
                if remote.create_time and remote.create_time < since:
                    return
                yield remote
            token = page.next_page_token
            if not token:
                return


def _is_unanswered(part: Part) -> bool:
    return part.state in (SUBMITTING, UNCERTAIN)


def seen(remote: RemoteJob) -> dict[str, Any]:
    """The fields of a part that one look at the service tells. Counts that an answer omits stay as they were."""
    counts = remote.counts
    changes: dict[str, Any] = {
        "name": remote.name,
        "state": remote.state.value,
        "ended": (remote.end_time or now()) if remote.state.terminal else None,
        "error": remote.error.message if remote.error else "",
    }
    if counts.total:
        changes |= {
            "total": counts.total,
            "succeeded": counts.succeeded,
            "failed": counts.failed,
            "pending": counts.pending,
        }
    return changes
