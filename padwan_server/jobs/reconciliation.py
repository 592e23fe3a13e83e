"""What became of submissions that got no answer: the service's list tells, by their tags."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from padwan_server.gemini.errors import ServiceError
from padwan_server.gemini.gateway import Gateway
from padwan_server.gemini.job import RemoteJob
from padwan_server.jobs.background import Background
from padwan_server.jobs.job import Job
from padwan_server.jobs.ledger import Ledger
from padwan_server.jobs.submission import seen
from padwan_server.jobs.tag import tag_in, tag_of

_PAGE = 100
_PAGES = 20
"""Pages of the list that are looked through at most."""

_CLOCKS_APART = timedelta(hours=1)
"""How much earlier than our own note of it a job may be created by the service's clock."""

PAUSES = (0.0, 1.0)
"""Seconds to wait before each look: a list may lag behind a create."""


@dataclass(frozen=True)
class Reconciliation:
    """Finds the jobs of unanswered submissions and takes them in; never sends anything again."""

    gateway: Gateway
    ledger: Ledger
    background: Background

    async def of(self, job: Job) -> Job:
        """A submission that was just made, with its name at the service if it turns up there."""
        for pause in PAUSES:
            await asyncio.sleep(pause)
            try:
                [job] = await self.all([job])
            except ServiceError:
                break
            if job.known_to_service:
                break
        return job

    async def all(self, jobs: list[Job]) -> list[Job]:
        """Submissions without a name, each with it if the service has one of its tag. Raises ServiceError."""
        wanted = {tag_of(job.id): job for job in jobs if not job.known_to_service}
        found: dict[str, Job] = {}
        token = ""
        for _ in range(_PAGES if wanted else 0):
            page = await self.gateway.list(_PAGE, token)
            for remote in page.jobs:
                if job := wanted.pop(tag_in(remote.display_name), None):
                    found[job.id] = await self._take(job, remote)
            token = page.next_page_token
            if not token or not wanted or _older(page.jobs, wanted.values()):
                break
        return [found.get(job.id, job) for job in jobs]

    async def _take(self, job: Job, remote: RemoteJob) -> Job:
        return await self.background.run(self.ledger.update, job, **seen(remote))


def _older(page: list[RemoteJob], jobs: Iterable[Job]) -> bool:
    """Whether a page goes back to before the submissions: lists are newest first."""
    first = min(job.created for job in jobs) - _CLOCKS_APART
    return any(remote.create_time and remote.create_time < first for remote in page[-1:])
