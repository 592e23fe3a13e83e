"""Looking at a job at the service, and bringing its results home when it has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from padwan_server.gemini.errors import ServiceError, no_output, silent
from padwan_server.gemini.gateway import Gateway
from padwan_server.gemini.job import RemoteJob
from padwan_server.jobs.background import Background
from padwan_server.jobs.clock import in_time
from padwan_server.jobs.folder import JobsFolder, in_words
from padwan_server.jobs.job import Job, now
from padwan_server.jobs.ledger import Ledger, Record
from padwan_server.jobs.reconciliation import seen
from padwan_server.jobs.refusals import being_fetched, forgotten
from padwan_server.jobs.rescue import note
from padwan_server.jobs.results import BY_ORDER, STRAY, Answers, keep
from padwan_server.service import FILES_LAST

_GONE = ("file-not-found", "permission-denied")
"""How the service refuses a file that it has deleted: 404, or 403 as was recorded."""

_PATIENCE = 30.0
"""Seconds to wait for a program that fetches the same results; it may have much to fetch, or have been stopped."""

_MAY_COME = timedelta(hours=1)
"""Time after the end of a job in which no refusal of its results is believed: they may not be there yet, or the key be
in trouble for a moment, and once they are called gone nobody asks for them again."""

GONE = "The service no longer has the results of this job, or of a part of it: it keeps them for 48 hours."


@asynccontextmanager
async def asking() -> AsyncIterator[None]:
    """Raises ServiceError when the service does not answer in the time that the caller has (clock.patience)."""
    try:
        async with in_time():
            yield
    except TimeoutError:
        raise silent() from None


@dataclass(frozen=True)
class Looks:
    """One look at a time."""

    gateway: Gateway
    ledger: Ledger
    folder: JobsFolder
    background: Background
    key_fingerprint: str

    async def at(self, job: Job, *, attempts: int) -> Job:
        """The job as the service has it now, each part asked for that is not finished here.

        Raises ServiceError, and notes it as the job's trouble. What is wrong with one part for good keeps no other
        from its results.
        """
        refused: ServiceError | None = None
        for number, part in enumerate(job.parts, 1):
            if not part.name or part.stored:
                continue
            try:
                job = await self.taken(job, number, await self.gateway.get(part.name, attempts=attempts))
            except ServiceError as error:
                refused = error
                if error.transient:
                    break
        if refused:
            if refused.code == "job-not-found" and job.key_fingerprint != self.key_fingerprint:
                refused.hint = "It was submitted with another API key: set that key to see it."
            await self.background.run(self.ledger.update, job, trouble=refused.message)
            raise refused
        return job

    async def taken(self, job: Job, number: int, remote: RemoteJob) -> Job:
        """``job`` with what one look says of its part ``number`` (from 1), and with its results if it has ended.

        ``remote`` comes from a get: a list tells no results. Raises ServiceError.
        """
        if remote.lacks_output and not _ended_before(remote, FILES_LAST):
            raise no_output()
        part = job.parts[number - 1]
        # Whoever is shown the job has a key to it.
        mine = {"key_fingerprint": self.key_fingerprint, "looked": now(), "trouble": ""}
        job = await self.background.run(self.ledger.update_part, job, part, seen(remote), **mine)
        part = job.parts[number - 1]
        if not part.terminal or part.stored:
            return job
        lock = self.folder.lock(f"{part.id}.results")
        if not await lock.take_within(_PATIENCE):
            raise being_fetched()
        try:
            found = await self.background.run(self.ledger.find, job.id)
            if not found:
                raise forgotten(job.id)
            [job] = found
            return job if job.parts[number - 1].stored else await self._fetched(job, number, remote)
        finally:
            lock.release()

    async def _fetched(self, job: Job, number: int, remote: RemoteJob) -> Job:
        part = job.parts[number - 1]
        path = self.folder.results(part.id)
        warning = GONE if remote.lacks_output else ""
        try:
            if not warning and not path.exists():
                await keep(self.gateway.results(remote), path, self.background)
        except ServiceError as error:
            if error.code not in _GONE:
                raise
            if remote.end_time and not _ended_before(remote, _MAY_COME):
                raise no_output() from None
            warning = GONE
        job = await self.background.run(self._stored, job, number, warning)
        await self.background.run(note, self.folder, job)
        return job

    def _stored(self, job: Job, number: int, warning: str) -> Job:
        if warning:
            return self.ledger.store(job, number, (), lambda: warning)
        sent = (record.key for record in self.ledger.records(job) if record.part == number)
        path = self.folder.results(job.parts[number - 1].id)
        answers = _Joined(Answers(path, number, sent), path, self.ledger.sent(job, number))
        with in_words():
            return self.ledger.store(job, number, answers, lambda: answers.warning)


@dataclass
class _Joined:
    """Answers, joined by order only where there are as many as requests that are known: else order tells nothing."""

    answers: Answers
    path: Path
    sent: int
    """0 for a job that another program made."""
    _apart: bool | None = None

    def __iter__(self) -> Iterator[Record]:
        for number, answer in enumerate(self.answers, 1):
            if self._apart is None:
                self._apart = self.answers.warning == BY_ORDER and 0 < self.sent != _lines(self.path)
            yield answer._replace(key=f"result-{number}") if self._apart else answer

    @property
    def warning(self) -> str:
        return STRAY if self._apart else self.answers.warning


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _ended_before(remote: RemoteJob, span: timedelta) -> bool:
    """Whether the service says that a job ended longer ago than that."""
    return remote.end_time is not None and now() - remote.end_time > span
