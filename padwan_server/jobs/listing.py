"""The jobs of the service and those of the workspace in one list."""

from __future__ import annotations

from dataclasses import dataclass, replace

from padwan_server.gemini.errors import ServiceError
from padwan_server.gemini.gateway import Gateway
from padwan_server.gemini.job import RemoteJob
from padwan_server.jobs.background import Background
from padwan_server.jobs.job import Job, Part, new_id, now
from padwan_server.jobs.ledger import Ledger
from padwan_server.jobs.looks import asking
from padwan_server.jobs.reconciliation import Reconciliation, seen
from padwan_server.jobs.tag import tag_in, untagged

_LISTED_AT_ONCE = 100


@dataclass(frozen=True)
class Page:
    """Some jobs, newest first. ``next_page_token`` is empty at the end; ``warning`` says what could not be asked."""

    jobs: list[Job]
    next_page_token: str = ""
    warning: str = ""


@dataclass(frozen=True)
class Listing:
    """What the service lists, with what the ledger knows of it."""

    gateway: Gateway
    ledger: Ledger
    background: Background
    reconciliation: Reconciliation
    endpoint: str
    key_fingerprint: str

    async def recent(self, limit: int, page_token: str = "") -> Page:
        """The newest jobs at the service, with what the ledger knows of them.

        Before them stand those that the service does not list: submissions without an answer and unfinished jobs of
        other keys. When the service cannot be reached, those of the ledger alone are told, with a warning.
        """
        unlisted = [] if page_token else await self.background.run(self.ledger.unfinished, self.endpoint)
        try:
            async with asking():
                unlisted = await self.reconciliation.settled(unlisted)
                page = await self._listed(limit, page_token)
        except ServiceError as error:
            if not error.transient or page_token:
                raise
            remembered = await self.background.run(self.ledger.recent, self.endpoint, limit)
            return Page(remembered, warning=f"{error.message} These are the jobs as last seen.")
        shown = {job.id for job in page.jobs}
        first = [job for job in reversed(unlisted) if job.id not in shown and not self._is_listed(job)]
        return replace(page, jobs=[*first, *page.jobs])

    def _is_listed(self, job: Job) -> bool:
        """Whether the service has it in its list, on this page or another."""
        return bool(job.name) and job.key_fingerprint == self.key_fingerprint

    async def _listed(self, limit: int, page_token: str) -> Page:
        jobs: list[Job] = []
        while True:
            page = await self.gateway.list(min(limit - len(jobs), _LISTED_AT_ONCE), page_token)
            names = [remote.name for remote in page.jobs]
            known = await self.background.run(self.ledger.named, self.endpoint, names)
            remotes = {remote.name: remote for remote in page.jobs}
            for remote in page.jobs:
                job = known.get(remote.name) or replace(self.foreign(remote), id="")
                # A job in parts stands where its first one does.
                if job.name == remote.name:
                    jobs.append(_as_listed(job, remotes))
            page_token = page.next_page_token
            if len(jobs) >= limit or not page_token:
                return Page(jobs, page_token)

    def foreign(self, remote: RemoteJob) -> Job:
        """A job that the ledger does not have."""
        id = new_id()  # noqa: A001 the field's own word
        part = replace(Part(id, tag_in(remote.display_name)), **seen(remote))
        return Job(
            self.endpoint,
            self.key_fingerprint,
            untagged(remote.display_name),
            remote.model,
            id=id,
            created=remote.create_time or now(),
            parts=(part,),
        )


def _as_listed(job: Job, remotes: dict[str, RemoteJob]) -> Job:
    """A list may lag behind: what the ledger has of an ended part stands."""
    parts = [
        replace(part, **seen(remotes[part.name])) if part.name in remotes and not part.terminal else part
        for part in job.parts
    ]
    created = remotes[job.name].create_time or job.created
    return replace(job, parts=tuple(parts), created=created)
