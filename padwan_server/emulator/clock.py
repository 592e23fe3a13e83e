"""What time makes of a job: a pure function of now, so that nothing has to run in the background."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """States on the wire."""

    PENDING = "BATCH_STATE_PENDING"
    RUNNING = "BATCH_STATE_RUNNING"
    SUCCEEDED = "BATCH_STATE_SUCCEEDED"
    FAILED = "BATCH_STATE_FAILED"
    CANCELLED = "BATCH_STATE_CANCELLED"
    EXPIRED = "BATCH_STATE_EXPIRED"


class Moment(NamedTuple):
    """A job at one time: its state, how many requests are served, and since when (ns) it is so."""

    state: State
    served: int
    since: int


def moment(now: int, created: int, *, pending: float, running: float, total: int, cancelled: int | None) -> Moment:
    """A job at ``now``; times are nanoseconds since the epoch, durations seconds.

    A cancel before the start ends it CANCELLED. A cancel after it ends it SUCCEEDED with what was served until then
    (recorded from the live service).
    """
    start = created + int(pending * 1e9)
    end = start + int(running * 1e9)
    if cancelled is not None and cancelled < end:
        if cancelled < start:
            return Moment(State.CANCELLED, 0, cancelled)
        return Moment(State.SUCCEEDED, _share(cancelled, start, end, total), cancelled)
    if now < start:
        return Moment(State.PENDING, 0, created)
    if now < end:
        return Moment(State.RUNNING, _share(now, start, end, total), now)
    return Moment(State.SUCCEEDED, total, end)


def _share(now: int, start: int, end: int, total: int) -> int:
    return total * (now - start) // (end - start)


def timestamp(nanoseconds: int) -> str:
    """A time as the wire has it: UTC, nanoseconds, Z."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
