"""How far a job is: the one event that editors, assistants and the shell show."""

from __future__ import annotations

from dataclasses import dataclass

from padwan_server.jobs.job import Job, now


@dataclass(frozen=True)
class JobProgress:
    """One look at a job. Counts are requests; ``elapsed`` and ``eta`` are seconds, ``rate`` is requests a second.

    ``rate`` and ``eta`` are None while unknown.
    """

    job: str
    """Its name at the service, empty while it is being sent."""
    state: str
    total: int
    succeeded: int
    failed: int
    pending: int
    elapsed: float
    rate: float | None = None
    eta: float | None = None
    note: str = ""
    """What else there is to say, e.g. that the service asked to wait."""

    @property
    def done(self) -> int:
        """Requests that have an answer or an error."""
        return self.succeeded + self.failed


def progress_of(job: Job, note: str = "", rate: float | None = None) -> JobProgress:
    """How far ``job`` is, by its counts so far; without a ``rate`` by that of its whole life."""
    end = job.ended if job.terminal and job.ended else now()
    elapsed = max((end - job.created).total_seconds(), 0.0)
    done = job.succeeded + job.failed
    if rate is None and done and elapsed:
        rate = done / elapsed
    eta = job.pending / rate if rate and job.pending and not job.terminal else None
    return JobProgress(
        job=job.name,
        state=job.state,
        total=job.total,
        succeeded=job.succeeded,
        failed=job.failed,
        pending=job.pending,
        elapsed=round(elapsed, 3),
        rate=rate if rate is None else round(rate, 3),
        eta=eta if eta is None else round(eta, 1),
        note=note,
    )
