"""Why a job is not done, or not well: what people ask when they see PENDING for a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from padwan_server.gemini.states import JobState
from padwan_server.jobs.job import WAITING, Job
from padwan_server.service import AIMED_AT, EXPIRES_AFTER, FILES_LAST, MAX_ACTIVE_JOBS


def diagnose(job: Job, *, active: int, key_fingerprint: str, moment: datetime, sending: bool) -> list[str]:
    """Sentences for people.

    ``active`` counts this key's jobs at work, as far as is known here; ``sending``: a living process sends the job.
    """
    return [
        *_of_submission(job, sending=sending),
        *_of_progress(job, active, moment),
        *_of_trouble(job, key_fingerprint),
    ]


def _of_submission(job: Job, *, sending: bool) -> Iterator[str]:
    if job.uncertain:
        parts = "A part of it" if len(job.parts) > 1 else "It"
        yield (
            f"{parts} was sent and the service's answer never arrived: resolve it with adopt (look for it at the "
            "service), resubmit (send it once more) or discard."
        )
    waiting = sum(part.state == WAITING for part in job.parts)
    if waiting and not job.sent and not sending:
        yield "It was never sent, since its program ended first: resolve it with resubmit or discard."
    elif waiting:
        yield f"{waiting} of its {len(job.parts)} parts wait to be sent."


def _of_progress(job: Job, active: int, moment: datetime) -> Iterator[str]:
    if job.terminal or not job.sent:
        return
    age = moment - job.created
    left = EXPIRES_AFTER - age
    if left <= timedelta():
        yield f"It is {_hours(age)} old: the service should have given it up as EXPIRED after {_hours(EXPIRES_AFTER)}."
    else:
        yield (
            f"It is {_hours(age)} old; the service aims at {_hours(AIMED_AT)} and gives up after "
            f"{_hours(EXPIRES_AFTER)}: {_hours(left)} are left."
        )
    if active >= MAX_ACTIVE_JOBS:
        yield f"{active} jobs of this key are active, and the service works on {MAX_ACTIVE_JOBS} at most: others wait."
    if any(part.uploaded and moment - part.uploaded > FILES_LAST and not part.terminal for part in job.parts):
        yield "The service has deleted its input file, which it keeps for 48 hours: it will hardly begin now."
    if job.state == JobState.UNSPECIFIED:
        yield "The service tells a state that this version of padwan-server does not know."


def _of_trouble(job: Job, key_fingerprint: str) -> Iterator[str]:
    if job.key_fingerprint != key_fingerprint and not job.stored:
        yield "This job belongs to another API key: set that key to see how it goes."
    if any(
        part.state == JobState.FAILED and part.uploaded and part.ended and part.ended - part.uploaded > FILES_LAST
        for part in job.parts
    ):
        yield "Its input file had expired when it failed: retry sends the prompts again."
    if job.trouble:
        seen = f" (last seen {job.looked:%Y-%m-%d %H:%M} UTC)" if job.looked else ""
        yield f"The last try to reach it failed{seen}: {job.trouble}"


def _hours(span: timedelta) -> str:
    hours, minutes = divmod(int(span.total_seconds()) // 60, 60)
    return f"{hours} h" if hours >= 10 or not minutes else f"{hours} h {minutes} min" if hours else f"{minutes} min"
