"""What another program did between our look into the ledger and our step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.jobs.job import SUBMITTING, WAITING, Job
from padwan_server.jobs.jobs import Jobs
from padwan_server.operations.settings import Settings
from tests.support.operations import Runner

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]


async def sent(run: Runner) -> tuple[Jobs, Job]:
    """A job that the service has taken."""
    job = (await run("create", prompts=["a"]))["job"]
    jobs = await run.session.context().open_jobs()
    return jobs, await jobs.known(job)


def earlier(job: Job, state: str) -> Job:
    """The job as it was a moment before its answer came."""
    return replace(job, parts=tuple(replace(part, name="", state=state) for part in job.parts))


async def test_a_job_that_was_waiting_and_is_sent_meanwhile_is_not_forgotten(
    emulate: Emulate, at_service: AtService
) -> None:
    jobs, job = await sent(at_service(emulate().url))
    assert not await jobs.gave_way(earlier(job, WAITING))
    assert (await jobs.known(job.name)).id == job.id


async def test_a_job_that_was_being_written_and_is_sent_meanwhile_is_not_forgotten(
    emulate: Emulate, at_service: AtService, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = at_service(emulate().url)
    jobs, job = await sent(run)
    monkeypatch.setattr(jobs.ledger, "unready", lambda: [replace(job, parts=())])
    await run("create", prompts=["b"])
    assert (await jobs.known(job.name)).id == job.id


async def test_an_answer_that_came_meanwhile_is_not_taken_for_none(emulate: Emulate, at_service: AtService) -> None:
    run = at_service(emulate().url)
    run.session.settings = Settings(submission_tags=False)
    jobs, job = await sent(run)
    assert await jobs.settled(earlier(job, SUBMITTING)) == job
    assert (await jobs.remembered(job)).parts == job.parts


async def test_results_that_another_stored_meanwhile_count_once(emulate: Emulate, at_service: AtService) -> None:
    run = at_service(emulate().url)
    jobs, job = await sent(run)
    await run("poll", job=job.name)
    done = await jobs.remembered(job)
    await jobs.read(jobs._looks._stored, done, 1, "")
    assert (await run("status", job=job.name))["repeated_keys"] == []


async def test_requests_that_wait_can_be_cancelled(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate()
    run = at_service(emulator.url)
    jobs, job = await sent(run)
    never_sent = {"name": "", "state": WAITING}
    await jobs.read(jobs.ledger.update_part, job, job.parts[0], never_sent)
    cancelled = await run("cancel", job=job.id)
    assert (cancelled["state"], cancelled["cancelled"]) == ("CANCELLED", True)
    assert emulator.requests("cancel") == []
