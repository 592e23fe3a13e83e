"""Why a job is not done: what people ask when they see PENDING for a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.jobs.diagnosis import diagnose
from padwan_server.jobs.job import Job, Part
from tests.support.operations import Runner

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SLOW = {"clock": {"pending": 3600, "running": 3600}}


def told(age: timedelta, active: int = 1, job: Job | None = None, **of_part: object) -> str:
    part = replace(Part("id", "tag", name="batches/x", state="PENDING"), **of_part)  # type: ignore[arg-type]
    job = replace(job or Job("here", "key", "name", "model"), created=NOON - age, parts=(part,))
    return " ".join(diagnose(job, active=active, key_fingerprint="key", moment=NOON, sending=False))


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(minutes=5), ["5 min old", "24 h", "47 h are left"]),
        (timedelta(hours=30), ["30 h old", "18 h are left"]),
        (timedelta(hours=49), ["49 h old", "EXPIRED"]),
    ],
)
def test_age_is_held_against_the_48_hours(age: timedelta, words: list[str]) -> None:
    assert [word for word in words if word not in told(age)] == []


def test_a_hundred_active_jobs_are_the_most() -> None:
    assert "100 jobs of this key are active" in told(timedelta(hours=1), active=100)
    assert "of this key are active" not in told(timedelta(hours=1), active=99)


def test_an_input_file_does_not_last() -> None:
    old = NOON - timedelta(hours=49)
    assert "deleted its input file" in told(timedelta(hours=49), uploaded=old)
    failed = told(timedelta(hours=50), uploaded=old, state="FAILED", ended=NOON)
    assert "input file had expired" in failed
    assert "input file" not in told(timedelta(hours=1), uploaded=NOON - timedelta(hours=1))


def test_a_state_that_nobody_knows_is_said() -> None:
    assert "does not know" in told(timedelta(hours=1), state="UNSPECIFIED")


def test_a_job_that_has_ended_well_needs_none() -> None:
    assert told(timedelta(hours=3), state="SUCCEEDED", ended=NOON, stored=True) == ""


async def test_another_keys_job_is_shown_and_says_so(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate(SLOW)
    job = (await at_service(emulator.url, "one")("create", prompts=["a"]))["job"]
    other = at_service(emulator.url, "two")
    status = await other("status", job=job)
    assert status["state"] == "PENDING"
    assert any("another API key" in sentence for sentence in status["diagnosis"])
    assert job in {row["job"] for row in (await other("list"))["jobs"]}


async def test_the_last_trouble_is_told_until_a_look_succeeds(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({**SLOW, "faults": [{"on": "get", "times": 3, "status": 503}]})
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a"]))["job"]
    assert any("failed" in sentence for sentence in (await run("status", job=job))["diagnosis"])
    assert not any("failed" in sentence for sentence in (await run("status", job=job))["diagnosis"])


async def test_the_quota_behind_a_429_is_named(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({**SLOW, "limits": {"jobs": 1, "retry_after": 1}})
    run = at_service(emulator.url)
    await run("create", prompts=["a"])
    error = await run.error("create", prompts=["b"])
    assert error.code == "rate-limited"
    assert "Quota: BatchConcurrentRequests" in error.message
