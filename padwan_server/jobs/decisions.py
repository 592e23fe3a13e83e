"""What people decide about a job: to adopt, resubmit or discard what is uncertain of it, or to delete it."""

from __future__ import annotations

from dataclasses import dataclass

from padwan_server.errors import PadwanError
from padwan_server.gemini.errors import ServiceError
from padwan_server.gemini.gateway import Gateway
from padwan_server.gemini.job import RemoteJob
from padwan_server.gemini.states import JobState
from padwan_server.jobs.background import Background
from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.job import UNCERTAIN, WAITING, Job, Part, now
from padwan_server.jobs.ledger import Ledger
from padwan_server.jobs.looks import Looks
from padwan_server.jobs.reconciliation import Reconciliation
from padwan_server.jobs.refusals import undecided
from padwan_server.jobs.submission import Submission, forget
from padwan_server.jobs.tag import new_tag


@dataclass(frozen=True)
class Decisions:
    """Carries out what a person decided, each time after the service was asked once more."""

    gateway: Gateway
    ledger: Ledger
    folder: JobsFolder
    background: Background
    reconciliation: Reconciliation
    looks: Looks
    submission: Submission
    key_fingerprint: str
    tags: bool
    """Whether what is sent gets a tag."""

    async def settled(self, job: Job) -> Job:
        """A job, its unanswered parts with their names if the service has them.

        Raises ServiceError when it cannot be asked: nothing is to be decided then.
        """
        [job] = await self.reconciliation.settled([job])
        return job

    async def candidates(self, job: Job) -> list[RemoteJob]:
        """Jobs at the service that may be the unanswered part of ``job``. Raises ServiceError."""
        return await self.reconciliation.lookalikes(job)

    async def adopt(self, job: Job, remote: RemoteJob) -> Job:
        """The unanswered part of ``job`` is this one at the service."""
        async with self.reconciliation.held(job) as current:
            number, _ = _uncertain_part(current)
            return await self.looks.taken(current, number, await self.gateway.get(remote.name))

    async def resubmit(self, job: Job) -> Job:
        """Send what is uncertain, and what never left, once more, by the user's word.

        Nothing is sent if the service has it after all, or somebody else has decided. Raises as ``submit`` does.
        """
        async with self.reconciliation.held(job) as current:
            if current.parts != job.parts:
                return current
            for part in job.parts:
                if part.state == UNCERTAIN:
                    tag = new_tag() if self.tags else ""
                    again = {"state": WAITING, "tag": tag, "error": ""}
                    job = await self.background.run(self.ledger.update_part, job, part, again, trouble="")
            return await self.submission.send(job, keep=True)

    async def discard(self, job: Job) -> Job | None:
        """Give up what is uncertain or never left: the whole job if the service has none of it, and None then.

        Nothing is given up if the service has it after all, or somebody else has decided.
        """
        async with self.reconciliation.held(job) as current:
            if current.parts != job.parts:
                return current
            if not job.sent:
                await self.background.run(forget, self.ledger, self.folder, job)
                return None
            for part in job.parts:
                if part.state == UNCERTAIN:
                    given_up = {"state": JobState.CANCELLED.value, "ended": now(), "stored": True, "pending": 0}
                    job = await self.background.run(self.ledger.update_part, job, part, given_up, trouble="")
        return job

    async def delete(self, job: Job) -> None:
        """Delete a job at the service and forget all of it here.

        Raises ServiceError, and PadwanError ``being-sent``, or ``submit-uncertain`` where the service may have it.
        """
        async with self.reconciliation.held(job) as current:
            if current.unanswered:
                raise undecided(current)
            for part in current.parts:
                if part.name:
                    await self._delete(current, part)
            await self.background.run(forget, self.ledger, self.folder, current)

    async def _delete(self, job: Job, part: Part) -> None:
        try:
            await self.gateway.delete(part.name)
        except ServiceError as error:
            if error.code != "job-not-found" or job.key_fingerprint != self.key_fingerprint:
                raise

    async def is_gone(self, job: Job) -> bool:
        """Whether the service has nothing any more of a job that it had for this key. Raises ServiceError."""
        if job.key_fingerprint != self.key_fingerprint:
            return False
        for part in job.parts:
            if part.name and not part.terminal:
                try:
                    await self.gateway.get(part.name)
                except ServiceError as error:
                    if error.code != "job-not-found":
                        raise
                else:
                    return False
        return True


def _uncertain_part(job: Job) -> tuple[int, Part]:
    """The number, from 1, and the part that a person must decide on."""
    for number, part in enumerate(job.parts, 1):
        if part.state == UNCERTAIN:
            return number, part
    raise PadwanError(
        "nothing-uncertain", f"Nothing of the job {job.name or job.id} is uncertain.", "Ask for its status."
    )
