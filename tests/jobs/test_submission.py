"""A job is remembered before it is sent, is sent once, and is never lost."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
from tests.support.operations import Runner
from tests.support.stub_service import stub_service

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]


def remembered(workspace: Path) -> list[dict[str, Any]]:
    """The ledger's jobs, read past all our code."""
    database = sqlite3.connect(f"file:{workspace}/.padwan/ledger.sqlite3?mode=ro", uri=True)
    try:
        database.row_factory = sqlite3.Row
        return [
            dict(row)
            for row in database.execute(
                "SELECT * FROM jobs JOIN parts ON parts.job = jobs.number ORDER BY jobs.number, parts.number"
            )
        ]
    finally:
        database.close()


def stored_keys(workspace: Path) -> list[list[str]]:
    """The keys in each file of stored requests."""
    files = sorted((workspace / ".padwan" / "requests").iterdir())
    return [[json.loads(line)["key"] for line in file.read_text().splitlines()] for file in files]


async def test_the_ledger_has_the_job_before_the_request_leaves(workspace: Path, at_service: AtService) -> None:
    seen: list[tuple[list[dict[str, Any]], list[list[str]]]] = []

    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        seen.append((remembered(workspace), stored_keys(workspace)))
        metadata = {"state": "BATCH_STATE_PENDING", "model": "models/m"}
        return 200, json.dumps({"name": "batches/abc", "metadata": metadata}).encode()

    with stub_service(answer) as url:
        created = await at_service(url)("create", prompts=["a", "b"])
    assert created["job"] == "batches/abc"
    [(jobs, keys)] = seen
    assert [(job["state"], job["name"], job["total"]) for job in jobs] == [("SUBMITTING", "", 2)]
    assert keys == [["prompt-0", "prompt-1"]]


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"body": "<html>busy</html>"}, {"body": "{}"}])
async def test_a_job_whose_answer_was_lost_is_found_by_its_tag(
    workspace: Path, emulate: Emulate, at_service: AtService, fault: dict[str, Any]
) -> None:
    emulator = emulate({"faults": [{"on": "create", **fault}]})
    run = at_service(emulator.url)
    created = await run("create", prompts=["a"], name="mine")
    assert len(emulator.requests("create")) == 1
    [sent] = emulator.requests("create")
    assert (created["job"], created["name"]) == (sent["job"], "mine")
    assert (await run("status", job=created["job"]))["outcomes"] == {"ok": 1}
    assert [(job["name"], job["id"]) for job in (await run("list"))["jobs"]] == [("mine", created["id"])]


async def test_the_tag_stands_at_the_end_of_the_longest_name_too(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"faults": [{"on": "create", "drop": "after"}]})
    run = at_service(emulator.url)
    created = await run("create", prompts=["a"], name="n" * 512)
    jobs = await run.session.context().open_jobs()
    [remote] = (await jobs._gateway.list(1)).jobs
    assert len(remote.display_name) == 512
    assert (created["job"], created["name"]) == (remote.name, "n" * 512)


async def test_a_job_of_another_submission_is_never_taken_for_this_one(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate({"faults": [{"on": "create", "after": 1, "drop": "before"}]})
    run = at_service(emulator.url)
    first = await run("create", prompts=["a"])
    error = await run.error("create", prompts=["a"], again=True)
    assert error.code == "submit-uncertain"
    listed = (await run("list"))["jobs"]
    assert [job["job"] for job in listed] == ["", first["job"]]


async def test_a_submission_cut_off_by_the_end_of_its_program_is_found_later(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate({"faults": [{"on": "create", "drop": "after"}, {"on": "list", "status": 404}]})
    first = await at_service(emulator.url).error("create", prompts=["a"])
    assert first.code == "submit-uncertain"
    status = await at_service(emulator.url)("status", job=first.data["id"])
    assert (status["outcomes"], status["id"]) == ({"ok": 1}, first.data["id"])
    assert len(emulator.requests("create")) == 1


async def test_a_lost_job_that_is_asked_for_by_name_is_the_submission_itself(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate({"faults": [{"on": "create", "drop": "after"}, {"on": "list", "status": 404}]})
    run = at_service(emulator.url)
    lost = await run.error("create", prompts=["a"], file=None)
    [sent] = emulator.requests("create")
    status = await run("status", job=sent["job"])
    assert (status["id"], status["outcomes"]) == (lost.data["id"], {"ok": 1})
    assert len(remembered(workspace)) == 1
    assert (await run("list"))["jobs"][0]["id"] == lost.data["id"]


async def test_a_retry_whose_answer_was_lost_belongs_to_its_chain(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    failing = {"answers": {"prompt-0": {"error": {"code": 13}, "times": 1}}}
    emulator = emulate({**failing, "faults": [{"on": "create", "after": 1, "drop": "after"}]})
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a", "b"]))["job"]
    await run("poll", job=job, interval=1)
    again = (await run("retry", job=job, submit=True))["submitted"]["job"]
    await run("poll", job=again, interval=1)
    assert (await run("status", job=job))["outcomes"] == {"ok": 2}
    assert len(emulator.requests("create")) == 2


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"status": 500}, {"status": 503}, {"status": 524}])
async def test_silence_after_a_create_leaves_the_job_uncertain_and_sends_nothing_again(
    workspace: Path, emulate: Emulate, at_service: AtService, fault: dict[str, Any]
) -> None:
    emulator = emulate({"faults": [{"on": "create", **fault}]})
    run = at_service(emulator.url)
    error = await run.error("create", prompts=["a"])
    assert error.code == "submit-uncertain"
    assert len(emulator.requests("create")) == 1
    [job] = remembered(workspace)
    assert (job["state"], job["id"]) == ("SUBMIT_UNCERTAIN", error.data["id"])
    assert stored_keys(workspace) == [["prompt-0"]]
    assert job["id"] in [listed["id"] for listed in (await run("list"))["jobs"]]
    for name in ("poll", "cancel", "export"):
        more = {"output": "x.json"} if name == "export" else {}
        assert (await run.error(name, job=job["id"], **more)).code == "submit-uncertain"


@pytest.mark.parametrize(
    ("fault", "code"), [({"status": 400}, "service-refused"), ({"status": 403}, "permission-denied")]
)
async def test_a_refused_create_is_forgotten(
    workspace: Path, emulate: Emulate, at_service: AtService, fault: dict[str, Any], code: str
) -> None:
    emulator = emulate({"faults": [{"on": "create", **fault}]})
    run = at_service(emulator.url)
    assert (await run.error("create", prompts=["a"])).code == code
    assert remembered(workspace) == []
    assert stored_keys(workspace) == []
    assert len(emulator.requests("create")) == 1


async def test_a_create_that_is_one_too_many_for_the_quota_is_not_tried_again(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate({"faults": [{"on": "create", "status": 429, "retry_after": 0}]})
    assert (await at_service(emulator.url).error("create", prompts=["a"])).code == "rate-limited"
    assert remembered(workspace) == []
    assert len(emulator.requests("create")) == 1


async def test_without_a_connection_nothing_was_sent(workspace: Path, at_service: AtService) -> None:
    with stub_service(lambda *_: (200, b"{}")) as url:
        pass
    assert (await at_service(url).error("create", prompts=["a"])).code == "network"
    assert remembered(workspace) == []


async def test_a_caller_who_leaves_does_not_stop_a_submission(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate({"faults": [{"on": "create", "delay": 0.5}]})
    run = at_service(emulator.url)
    creating = asyncio.create_task(run("create", prompts=["a"]))
    while not emulator.requests("create"):
        await asyncio.sleep(0)
    creating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await creating
    await run.session.aclose()
    [job] = remembered(workspace)
    assert job["name"].startswith("batches/")
    assert job["state"] == "PENDING"


async def test_what_is_too_large_to_go_inline_goes_as_a_file(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate()
    prompts = [f"{number} " + "é" * 1_000_000 for number in range(11)]
    (workspace / "large.prompts.json").write_text(json.dumps(prompts, ensure_ascii=False))
    run = at_service(emulator.url)
    created = await run("create", file="large.prompts.json")
    assert len(emulator.requests("upload")) > 1
    sent = [r["request"]["contents"][0]["parts"][0]["text"] for r in emulator.job_requests(created["job"])]
    assert sent == prompts
    polled = await run("poll", job=created["job"], results=False)
    assert polled["outcomes"] == {"ok": 11}


async def test_an_upload_that_fails_is_no_uncertain_submission(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate({"faults": [{"on": "upload", "status": 400, "times": 99}]})
    (workspace / "large.prompts.txt").write_text("\n".join("x" * 1_000_000 for _ in range(21)))
    error = await at_service(emulator.url).error("create", file="large.prompts.txt")
    assert error.code == "service-refused"
    assert remembered(workspace) == []
    assert emulator.requests("create") == []
