"""How far a job is: the one event that editors, assistants and the shell show."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class JobProgress:
    """One look at a job. Counts are requests; ``elapsed`` and ``eta`` are seconds, ``eta`` None while unknown."""

    job: str
    state: str
    total: int
    succeeded: int
    failed: int
    pending: int
    elapsed: float
    eta: float | None = None
    note: str = ""
    """Why the look was not a plain success, e.g. that the service asked to wait."""

    @property
    def done(self) -> int:
        """Requests that have an answer or an error."""
        return self.succeeded + self.failed
