"""What another program did between our look into the ledger and our step."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.errors import PadwanError
from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.job import SUBMITTING, WAITING, Job, now
from padwan_server.jobs.jobs import Jobs
from padwan_server.jobs.ledger import Ledger
from padwan_server.jobs.lock import Lock
from padwan_server.operations.settings import Settings
from padwan_server.operations.table import OPERATIONS
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
    assert await jobs.decisions.settled(earlier(job, SUBMITTING)) == job
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


async def in_hand(emulator: RunningEmulator, kind: str, number: int) -> None:
    """Wait until the service has so many requests of a kind before it."""
    async with asyncio.timeout(30):
        while len(await asyncio.to_thread(emulator.requests, kind)) < number:
            await asyncio.sleep(0.05)


async def test_what_the_service_may_have_is_not_deleted(emulate: Emulate, at_service: AtService) -> None:
    run = at_service(emulate({"faults": [{"on": "create", "drop": "before"}]}).url)
    lost = (await run.error("create", prompts=["a"])).data["id"]
    error = await run.error("delete", job=lost)
    assert (error.code, error.data["id"]) == ("submit-uncertain", lost)
    assert [job["id"] for job in (await run("list"))["jobs"]] == [lost]


@pytest.mark.parametrize("state", [WAITING, SUBMITTING])
async def test_what_another_program_is_sending_is_neither_deleted_nor_decided_on(
    emulate: Emulate, at_service: AtService, state: str
) -> None:
    emulator = emulate()
    run = at_service(emulator.url)
    jobs, job = await sent(run)
    await jobs.read(jobs.ledger.update_part, job, job.parts[0], {"name": "", "state": state})
    async with jobs._folder.lock(job.id):
        assert (await run.error("delete", job=job.id)).code == "being-sent"
        for choice in ("resubmit", "discard"):
            assert (await run.error("resolve", job=job.id, choice=choice)).code == "being-sent"
    assert len(emulator.requests("create")) == 1


async def test_a_job_that_is_gone_at_the_service_can_be_deleted_here(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate()
    run = at_service(emulator.url)
    jobs, job = await sent(run)
    await run("poll", job=job.name)
    await jobs._gateway.delete(job.name)
    assert (await run("delete", job=job.name))["job"] == job.name
    assert (await run("list"))["jobs"] == []


async def test_the_service_is_asked_before_a_resubmission_whoever_looks_at_the_job_just_now(
    emulate: Emulate, at_service: AtService, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlisted = {"on": "list", "times": 1, "status": 404}
    emulator = emulate({"faults": [{"on": "create", "drop": "after"}, unlisted]})
    run = at_service(emulator.url)
    lost = (await run.error("create", prompts=["a"])).data["id"]
    # As if another program tried the job's lock at each moment in which we do.
    monkeypatch.setattr(Lock, "is_held", lambda _: True)
    resolved = await run("resolve", job=lost, choice="resubmit")
    assert resolved["job"]["job"] == emulator.requests("create")[0]["job"]
    assert len(emulator.requests("create")) == 1


async def test_a_retry_that_is_approved_after_another_one_sends_nothing(
    emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate({"answers": {"prompt-0": {"error": {"code": 13}, "times": 1}}})
    run, other = at_service(emulator.url), at_service(emulator.url)
    job = (await run("create", prompts=["a", "b"]))["job"]
    await run("poll", job=job)

    async def approve(_: str) -> None:
        again = (await other("retry", job=job, submit=True))["submitted"]["job"]
        await other("poll", job=again)

    context = replace(run.session.context(), approve=approve)
    with pytest.raises(PadwanError) as refused:
        await OPERATIONS["retry"]({"job": job, "submit": True}, context)
    assert refused.value.code == "retry-running"
    assert len(emulator.requests("create")) == 2


async def test_two_retries_are_not_sent_at_the_same_time(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"answers": {"prompt-0": {"error": {"code": 13}, "times": 1}}})
    run = at_service(emulator.url)
    jobs, job = await sent(run)
    await run("poll", job=job.name)
    async with jobs.retrying(job):
        assert (await run.error("retry", job=job.name, submit=True)).code == "retry-running"
    assert len(emulator.requests("create")) == 1


async def test_a_cancel_reaches_the_part_that_is_on_its_way(emulate: Emulate, at_service: AtService) -> None:
    slow = {"on": "create", "after": 1, "times": 1, "delay": 2}
    emulator = emulate({"clock": {"pending": 3600, "running": 3600}, "faults": [slow]})
    sender, canceller = at_service(emulator.url), at_service(emulator.url)
    creating = asyncio.create_task(sender("create", prompts=["a", "b", "c"], max_per_job=1))
    # Once the second one is, the first was answered.
    await in_hand(emulator, "create", 2)
    first = emulator.requests("create")[0]["job"]
    jobs = await canceller.session.context().open_jobs()
    async with asyncio.timeout(30):
        while (await jobs.known(first)).parts[1].state != SUBMITTING:
            await asyncio.sleep(0.05)
    cancelled = await canceller("cancel", job=first)
    assert cancelled["cancelled"]
    assert (await creating)["job"] == first
    assert [part["state"] for part in (await canceller("status", job=first))["parts"]] == ["CANCELLED"] * 3
    assert len(emulator.requests("create")) == 2


async def test_a_create_that_is_cancelled_elsewhere_while_it_uploads_says_so(
    emulate: Emulate, at_service: AtService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("padwan_server.jobs.submission.INLINE_LIMIT_BYTES", 10)
    emulator = emulate({"faults": [{"on": "upload", "times": 1, "delay": 2}]})
    sender, canceller = at_service(emulator.url), at_service(emulator.url)
    creating = asyncio.create_task(sender("create", prompts=["a"]))
    jobs = await canceller.session.context().open_jobs()
    async with asyncio.timeout(30):
        while not (waiting := await jobs.read(jobs.ledger.unanswered, emulator.url)):
            await asyncio.sleep(0.05)
    await canceller("cancel", job=waiting[0].id)
    assert (await creating)["state"] == "CANCELLED"
    assert emulator.requests("create") == []


async def test_what_was_withdrawn_is_not_sent_when_the_ledger_is_made_anew(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    refusal = {"on": "create", "after": 1, "times": 1, "status": 429, "retry_after": 0}
    emulator = emulate({"clock": {"pending": 0, "running": 3600}, "faults": [refusal]})
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a", "b"], max_per_job=1))["job"]
    jobs = await run.session.context().open_jobs()
    creates = len(emulator.requests("create"))
    await jobs.withdraw(await jobs.known(job))
    await run.session.aclose()
    for path in (workspace / ".padwan").glob("ledger.sqlite3*"):
        path.write_bytes(b"this is no database" * 100)
    run = at_service(emulator.url)
    parts = (await run("status", job=job))["parts"]
    assert [part["state"] for part in parts] == ["RUNNING", "CANCELLED"]
    assert len(emulator.requests("create")) == creates


async def test_a_poll_does_not_wait_for_a_program_that_was_stopped(
    emulate: Emulate, at_service: AtService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("padwan_server.jobs.jobs._PATIENCE", 0.2)
    run = at_service(emulate().url)
    jobs, job = await sent(run)
    async with jobs._folder.lock(f"{job.id}.look"):
        assert (await run("poll", job=job.name, interval=1, timeout=60))["state"] == "SUCCEEDED"


async def test_a_job_that_is_removed_while_its_results_are_awaited_is_told_as_forgotten(
    emulate: Emulate, at_service: AtService
) -> None:
    run = at_service(emulate().url)
    jobs, job = await sent(run)
    async with jobs._folder.lock(f"{job.parts[0].id}.results"):
        polling = asyncio.create_task(run.error("poll", job=job.name, interval=1))
        async with asyncio.timeout(30):
            while not (await jobs.remembered(job)).terminal:
                await asyncio.sleep(0.05)
        await jobs.read(jobs.ledger.remove, job)
    assert (await asyncio.wait_for(polling, 30)).code == "job-forgotten"


async def test_a_poll_ends_when_results_cannot_be_read(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    run = at_service(emulate().url)
    _, job = await sent(run)
    (workspace / ".padwan" / "results" / f"{job.id}.jsonl").mkdir()
    error = await asyncio.wait_for(run.error("poll", job=job.name, interval=1), 30)
    assert error.code == "workspace-not-writable"


async def test_a_part_that_is_gone_keeps_no_other_from_its_results(emulate: Emulate, at_service: AtService) -> None:
    run = at_service(emulate().url)
    first = (await run("create", prompts=["a", "b"], max_per_job=1))["parts"][0]["job"]
    jobs = await run.session.context().open_jobs()
    await jobs._gateway.delete(first)
    status = await run("status", job=first)
    assert [part["state"] for part in status["parts"]] == ["PENDING", "SUCCEEDED"]
    assert "no job" in " ".join(status["diagnosis"]) or "not found" in " ".join(status["diagnosis"])
    assert (await jobs.remembered(await jobs.known(first))).parts[1].stored


async def test_the_first_job_stays_the_first_when_the_clock_is_set_back(
    emulate: Emulate, at_service: AtService
) -> None:
    run = at_service(emulate({"answers": {"prompt-1": {"error": {"code": 13}, "times": 1}}}).url)
    jobs, job = await sent(run)
    first = (await run("create", prompts=["a", "b"]))["job"]
    again = (await run("retry", job=first, submit=True))["submitted"]["job"]
    await run("poll", job=again)
    retry = await jobs.known(again)
    await jobs.read(lambda: jobs.ledger.update(retry, created=job.created - timedelta(hours=3)))
    assert (await run("status", job=again))["outcomes"] == {"ok": 2}


async def test_a_job_is_found_although_our_clock_is_half_a_day_ahead(emulate: Emulate, at_service: AtService) -> None:
    unlisted = {"on": "list", "times": 1, "status": 404}
    emulator = emulate({"faults": [{"on": "create", "drop": "after"}, unlisted]})
    run = at_service(emulator.url)
    lost = (await run.error("create", prompts=["a"])).data["id"]
    jobs = await run.session.context().open_jobs()
    [job] = await jobs.read(jobs.ledger.find, lost)
    await jobs.read(lambda: jobs.ledger.update(job, created=now() + timedelta(hours=14)))
    assert (await run("status", job=lost))["job"] == emulator.requests("create")[0]["job"]


def test_a_damaged_ledger_is_set_aside_once_by_all_who_see_the_damage(workspace: Path) -> None:
    ledgers = [Ledger(JobsFolder(workspace)) for _ in range(2)]
    for ledger in ledgers:
        with pytest.raises(PadwanError), ledger._database.in_words():
            raise damage()
    ledgers[0].begin(Job("here", "", "mine", "m"))
    assert [len(ledger.unready()) for ledger in ledgers] == [1, 1]
    for ledger in ledgers:
        ledger.close()
    aside = [path.name for path in (workspace / ".padwan").iterdir() if ".damaged-" in path.name]
    assert len([name for name in aside if not name.endswith(("-wal", "-shm"))]) == 1


def damage() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def test_damage_that_a_transaction_meets_is_called_damage(workspace: Path) -> None:
    database = Ledger(JobsFolder(workspace))._database
    with pytest.raises(PadwanError) as refused, database.transaction(), database.in_words():
        raise damage()
    assert refused.value.code == "ledger-unreadable"


async def test_a_poll_says_that_another_program_fetches_the_results(
    emulate: Emulate, at_service: AtService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("padwan_server.jobs.looks._PATIENCE", 0.1, raising=False)
    run = at_service(emulate().url)
    jobs, job = await sent(run)
    async with jobs._folder.lock(f"{job.parts[0].id}.results"):
        status = await asyncio.wait_for(run("status", job=job.name), 30)
        polled = await asyncio.wait_for(run("poll", job=job.name, interval=1, timeout=2), 30)
    assert "Another program is fetching" in status["diagnosis"][0]
    assert any("Another program is fetching" in look.note for look in run.looks)
    assert polled["outcomes"] == {}
    assert (await run("poll", job=job.name, interval=1))["outcomes"] == {"ok": 1}


async def test_a_chain_that_is_just_being_retried_is_not_pruned(emulate: Emulate, at_service: AtService) -> None:
    run = at_service(emulate().url)
    jobs, job = await sent(run)
    await run("poll", job=job.name)
    async with jobs.retrying(job):
        assert (await run("prune", days=0))["jobs"] == []
    assert (await run("prune", days=0))["jobs"] == [job.name]


async def test_a_retry_of_a_job_that_was_pruned_meanwhile_sends_nothing(
    emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate({"answers": {"prompt-0": {"error": {"code": 13}, "times": 1}}})
    run = at_service(emulator.url)
    _, job = await sent(run)
    await run("poll", job=job.name)

    async def approve(_: str) -> None:
        await run("prune", days=0)

    with pytest.raises(PadwanError) as refused:
        await OPERATIONS["retry"]({"job": job.name, "submit": True}, replace(run.session.context(), approve=approve))
    assert refused.value.code == "job-forgotten"
    assert len(emulator.requests("create")) == 1


async def test_a_program_that_runs_on_does_not_write_to_a_ledger_that_a_newer_one_took_over(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate()
    run = at_service(emulator.url)
    await sent(run)
    database = sqlite3.connect(workspace / ".padwan" / "ledger.sqlite3")
    database.execute("PRAGMA user_version = 99")
    database.commit()
    before = list(database.iterdump())
    assert (await run.error("create", prompts=["b"])).code == "ledger-newer"
    assert list(database.iterdump()) == before
    database.close()
    assert len(emulator.requests("create")) == 1


async def test_what_waits_is_not_sent_with_another_key(emulate: Emulate, at_service: AtService) -> None:
    refusal = {"on": "create", "after": 1, "times": 1, "status": 429, "retry_after": 0}
    emulator = emulate({"faults": [refusal]})
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a", "b"], max_per_job=1))["job"]
    jobs = await run.session.context().open_jobs()
    remembered = await jobs.known(job)
    await jobs._looks.at(remembered, attempts=1)
    creates = len(emulator.requests("create"))
    other = at_service(emulator.url, "another-key")
    status = await other("status", job=job)
    assert [part["state"] for part in status["parts"]] == ["SUCCEEDED", "WAITING"]
    assert "another API key" in " ".join(status["diagnosis"])
    assert (await other.error("poll", job=job, interval=1)).code == "other-key"
    assert len(emulator.requests("create")) == creates
    assert (await at_service(emulator.url)("poll", job=job, interval=1))["outcomes"] == {"ok": 2}
