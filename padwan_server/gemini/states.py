"""States of a batch job."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """The service's states without their prefix: the wire says ``BATCH_STATE_``, the SDK ``JOB_STATE_``."""

    UNSPECIFIED = "UNSPECIFIED"
    QUEUED = "QUEUED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    PAUSED = "PAUSED"
    EXPIRED = "EXPIRED"
    UPDATING = "UPDATING"
    PARTIALLY_SUCCEEDED = "PARTIALLY_SUCCEEDED"

    @property
    def terminal(self) -> bool:
        """Whether the service is done with the job. The SDK's ``done`` forgets PARTIALLY_SUCCEEDED."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED, JobState.PARTIALLY_SUCCEEDED}
)


def parse_state(wire: str) -> JobState:
    """The state in an answer, under either prefix; a state that we do not know is UNSPECIFIED."""
    name = wire.removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_")
    return JobState(name) if name in JobState.__members__ else JobState.UNSPECIFIED
