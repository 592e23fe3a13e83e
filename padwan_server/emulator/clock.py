"""The service's time, and what it makes of a job: a pure function of now, so that nothing runs in the background."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import msgspec

from padwan_server.emulator.disk import write_record

SECOND = 1_000_000_000
LIFETIME = 48 * 3600 * SECOND
"""Nanoseconds after which a job that has not ended expires, and an uploaded file is deleted
(https://ai.google.dev/gemini-api/docs/batch-api)."""


class _Mark(NamedTuple):
    """A time here, and the real time at that moment."""

    here: int
    outside: int


class EmulatedClock:
    """Real time, or time that runs ``speed`` times as fast; at 0 it stands and is moved by hand alone."""

    def __init__(self, folder: Path, speed: float) -> None:
        self._file = folder / "clock.json"
        self._speed = speed
        self._mark = _Mark(time.time_ns(), time.time_ns())
        if self._file.exists():
            self._mark = msgspec.json.decode(self._file.read_bytes(), type=_Mark)

    def now(self) -> int:
        """Nanoseconds since the epoch."""
        return self._mark.here + int((time.time_ns() - self._mark.outside) * self._speed)

    def advance(self, seconds: float) -> None:
        """Move on."""
        self._mark = self._mark._replace(here=self._mark.here + int(seconds * SECOND))
        self.keep()

    def keep(self) -> None:
        """Remember the time: what happened until now must not be in the future after a restart."""
        self._mark = _Mark(self.now(), time.time_ns())
        write_record(self._file, self._mark)


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
    (recorded from the live service). What has not ended after 48 hours is EXPIRED, without any results.
    """
    start = created + int(pending * SECOND)
    end = start + int(running * SECOND)
    expiry = created + LIFETIME
    if cancelled is not None and cancelled < min(end, expiry):
        if cancelled < start:
            return Moment(State.CANCELLED, 0, cancelled)
        return Moment(State.SUCCEEDED, _share(cancelled, start, end, total), cancelled)
    if end > expiry and now >= expiry:
        return Moment(State.EXPIRED, 0, expiry)
    if now < start:
        return Moment(State.PENDING, 0, created)
    if now < end:
        return Moment(State.RUNNING, _share(now, start, end, total), now)
    return Moment(State.SUCCEEDED, total, end)


def _share(now: int, start: int, end: int, total: int) -> int:
    return total * (now - start) // (end - start)


def timestamp(nanoseconds: int) -> str:
    """A time as the wire has it: UTC, nanoseconds, Z."""
    seconds, fraction = divmod(nanoseconds, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
