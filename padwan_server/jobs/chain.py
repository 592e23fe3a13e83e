"""A job and its retries seen as one: per prompt the latest good answer, else the latest failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path

from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.job import Job
from padwan_server.jobs.ledger import GOOD, Ledger, Record
from padwan_server.jobs.requests import Request, stored_requests
from padwan_server.jobs.results import AT_ONCE, Batch, Place, Reader, StoredAnswer, in_batches

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Beside:
    """What a job has for a prompt of a file; no ``answer`` if the text has changed since."""

    job: Job
    record: Record
    answer: StoredAnswer | None


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

    def records(self, first: int = 0) -> Iterator[Place]:
        """For each request of the first job, in its order, the job and the record whose answer counts.

        ``first`` is the request to begin with, counted from 0.
        """
        root, better = self.root, self._retried()
        if not better:
            yield from zip(repeat(root), self.ledger.records(root, first), strict=False)
            return
        for record in self.ledger.records(root, first):
            job, latest = better.get(record.key, (root, record))
            yield (job, latest) if latest.good or not record.good else (root, record)

    def batches(self, keys: Container[str] | None = None) -> Iterator[Batch]:
        """As ``records``, many at once; those of ``keys`` if they are given."""
        if keys is None and len(self.jobs) == 1:
            for columns in self.ledger.columns(self.root, AT_ONCE):
                yield from Batch([self.root] * len(columns[0]), *columns).bounded()
        else:
            yield from in_batches(place for place in self.records() if keys is None or place[1].key in keys)

    def _retried(self) -> dict[str, Place]:
        """What the retries have for their keys; they are few, the first job may be large."""
        best: dict[str, Place] = {}
        for job in self.jobs[1:]:
            for record in self.ledger.records(job) if job.stored else ():
                if record.good or not (record.key in best and best[record.key][1].good):
                    best[record.key] = (job, record)
        return best

    def record(self, key: str) -> Place | None:
        """The job and the record that count for one key of the first job."""
        found = [(job, record) for job in self.jobs if job.stored and (record := self.ledger.record(job, key))]
        best = [(job, record) for job, record in found if record.good] or found
        return best[-1] if best else None

    def beside(self, key: str, digest: str, *, generated: bool) -> Beside | None:
        """What is to be shown beside a prompt of the file that this job was made from; None if it was not asked.

        A written key stands for its prompt, and the digest tells whether the text is still the one that was sent. A
        generated key is a position, which moves when a prompt is added: the digest alone counts.
        """
        found = self.record(key)
        if generated and (found is None or found[1].digest != digest):
            moved = self.ledger.record_with(self.root, digest)
            found = self.record(moved.key) if moved else None
        if found is None:
            return None
        job, record = found
        if record.digest != digest:
            return Beside(job, record, None)
        return Beside(job, record, next(self.read([found])))

    def failures(self, limit: int) -> list[StoredAnswer]:
        """The first prompts that have no good answer, not by any retry either."""
        if not self.root.stored:
            return []
        found = (self.record(record.key) for record in self.ledger.failures(self.root, limit))
        return list(self.read((job, record) for job, record in filter(None, found) if not record.good))

    def failed(self) -> int:
        """How many prompts have no good answer."""
        return sum(n for outcome, n in self.outcomes().items() if outcome not in GOOD) if self.root.stored else 0

    def place(self, beside: Beside) -> tuple[Path, int] | None:
        """The results file and the line in it, from 0, where an answer stands as it was received."""
        path = self.folder.results(beside.job.parts[beside.record.part - 1].id)
        if not beside.record.length or not path.exists():
            return None
        with path.open("rb") as file:
            before = iter(partial(file.read, _CHUNK), b"")
            lines, left = 0, beside.record.start
            for chunk in before:
                lines += chunk[:left].count(b"\n")
                left -= len(chunk)
                if left <= 0:
                    break
        return path, lines

    def outcomes(self) -> dict[str, int]:
        """How many prompts of the chain have each outcome now."""
        if len(self.jobs) == 1:
            return dict(sorted(self.ledger.outcomes(self.root).items()))
        return dict(sorted(Counter(record.outcome for _, record in self.records()).items()))

    def answers(self, first: int = 0) -> Iterator[StoredAnswer]:
        """The answers that count, in the order of the prompts from the one at ``first`` on, one at a time."""
        return self.read(self.records(first))

    def requests(self, keys: Container[str]) -> Iterator[Request]:
        """The stored requests of these keys, each as it was sent last, those of the first job in its order."""
        retried = {request.key: request for job in self.jobs[1:] for request in self._stored(job, keys)}
        for request in self._stored(self.root, keys):
            yield retried.pop(request.key, request)
        yield from retried.values()

    def _stored(self, job: Job, keys: Container[str]) -> Iterator[Request]:
        for path in (self.folder.requests(part.id) for part in job.parts):
            if path.exists():
                yield from (request for request in stored_requests(path) if request.key in keys)

    def read(self, records: Iterable[Place]) -> Iterator[StoredAnswer]:
        """The answers of some records."""
        with Reader(self.folder) as reader:
            for batch in in_batches(records):
                yield from reader.stored(batch)
