"""A job and its retries seen as one: per prompt the latest good answer, else the latest failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.job import Job
from padwan_server.jobs.ledger import Ledger, Record
from padwan_server.jobs.results import Reader, StoredAnswer


@dataclass(frozen=True)
class Chain:
    """The jobs of one retry chain, oldest first, and the record that counts for each key of the first."""

    jobs: list[Job]
    ledger: Ledger
    folder: JobsFolder

    @property
    def root(self) -> Job:
        """The job that the others retry."""
        return self.jobs[0]

    def records(self) -> Iterator[tuple[Job, Record]]:
        """For each request of the first job, in its order, the job and the record whose answer counts."""
        better = self._retried()
        for record in self.ledger.records(self.root):
            job, latest = better.get(record.key, (self.root, record))
            yield (job, latest) if latest.good or not record.good else (self.root, record)

    def _retried(self) -> dict[str, tuple[Job, Record]]:
        """What the retries have for their keys; they are few, the first job may be large."""
        best: dict[str, tuple[Job, Record]] = {}
        for job in self.jobs[1:]:
            for record in self.ledger.records(job) if job.stored else ():
                if record.good or not (record.key in best and best[record.key][1].good):
                    best[record.key] = (job, record)
        return best

    def record(self, key: str) -> tuple[Job, Record] | None:
        """The job and the record that count for one key of the first job."""
        found = [(job, record) for job in self.jobs if job.stored and (record := self.ledger.record(job, key))]
        best = [(job, record) for job, record in found if record.good] or found
        return best[-1] if best else None

    def answer(self, key: str) -> StoredAnswer | None:
        """The answer that counts for one key; None if no job with results was asked for it."""
        found = self.record(key)
        if found is None:
            return None
        with Reader() as reader:
            return reader.read(self.folder.results(found[0].id), found[1])

    def outcomes(self) -> dict[str, int]:
        """How many prompts of the chain have each outcome now."""
        return dict(sorted(Counter(record.outcome for _, record in self.records()).items()))

    def answers(self) -> Iterator[StoredAnswer]:
        """The answers that count, in the order of the prompts, one at a time."""
        with Reader() as reader:
            for job, record in self.records():
                yield reader.read(self.folder.results(job.id), record)
