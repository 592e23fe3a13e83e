"""A job and its retries are one whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.jobs.chain import Chain
from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.job import Job, Part, new_id
from padwan_server.jobs.ledger import Ledger, Record
from tests.support.operations import Runner

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]


def fails(times: int | None) -> dict[str, Any]:
    return {"error": {"code": 13, "message": "It broke."}, "times": times}


async def test_each_prompt_has_its_latest_good_answer(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"answers": {"prompt-1": fails(1), "prompt-2": fails(2)}})
    run = at_service(emulator.url)
    first = (await run("create", prompts=["a", "b", "c"]))["job"]
    second = (await run("retry", job=first, submit=True))["submitted"]["job"]
    third = (await run("retry", job=second, submit=True))["submitted"]["job"]
    assert [[r["key"] for r in emulator.job_requests(job)] for job in (first, second, third)] == [
        ["prompt-0", "prompt-1", "prompt-2"],
        ["prompt-1", "prompt-2"],
        ["prompt-2"],
    ]
    for job in (first, second, third):
        status = await run("status", job=job, results=True)
        assert status["outcomes"] == {"ok": 3}
        assert [result["key"] for result in status["results"]] == ["prompt-0", "prompt-1", "prompt-2"]
        assert (await run("retry", job=job))["message"] == "No failed requests to retry."


async def test_a_report_tells_what_the_file_changed(emulate: Emulate, at_service: AtService, workspace: Path) -> None:
    run = at_service(emulate({"answers": {"a": fails(None), "b": fails(None)}}).url)
    (workspace / "ask.jsonl").write_text('{"key":"a","prompt":"1"}\n{"key":"b","prompt":"2"}\n')
    job = (await run("create", file="ask.jsonl"))["job"]
    (workspace / "fix.jsonl").write_text('{"key":"a","prompt":"better"}\n{"key":"b","prompt":"2"}\n')
    report = await run("retry", job=job, file="fix.jsonl")
    assert (report["changed"], report["submitted"]) == (["a"], None)
    assert (await run.error("retry", job=job, file="absent.jsonl")).code == "file-not-found"


async def test_a_retry_that_fails_loses_nothing(emulate: Emulate, at_service: AtService) -> None:
    run = at_service(emulate({"answers": {"prompt-1": {"truncated": True, "times": 1}}}).url)
    first = (await run("create", prompts=["a", "b"]))["job"]
    before = (await run("status", job=first, results=True))["results"]
    again = await run("retry", job=first, which=["truncated"], submit=True)
    after = (await run("status", job=again["submitted"]["job"], results=True))["results"]
    assert after[0] == before[0]
    assert (before[1]["outcome"], after[1]["outcome"]) == ("truncated", "ok")


def test_a_worse_answer_does_not_take_the_place_of_a_good_one(workspace: Path) -> None:
    folder = JobsFolder(workspace)
    ledger = Ledger(folder)
    jobs: list[Job] = []
    for outcomes in (["ok", "truncated", "error"], ["error", "blocked", "blocked"], ["missing", "ok", "error"]):
        part = Part(new_id(), "", total=3)
        job = Job("here", "", "name", "model", id=part.id, retry_of=jobs[0].id if jobs else "", parts=(part,))
        ledger.begin(job)
        ledger.add_records(job, 0, [(1, f"k{n}", "") for n in range(3)])
        ledger.ready(job, again=True)
        answers = [Record(1, f"k{n}", "", outcome) for n, outcome in enumerate(outcomes)]
        jobs.append(ledger.store(job, 1, answers, lambda: ""))
    chain = Chain(ledger.chain(jobs[2]), ledger, folder)
    assert chain.root.id == jobs[0].id
    assert [(jobs.index(job), record.outcome) for job, record in chain.records()] == [
        (0, "ok"),
        (2, "ok"),
        (2, "error"),
    ]
    ledger.close()


async def test_missing_answers_are_sent_again(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"answers": {"prompt-1": {"missing": True, "times": 1}}})
    run = at_service(emulator.url)
    first = (await run("create", prompts=["a", "b"]))["job"]
    report = await run("retry", job=first)
    assert [(f["key"], f["outcome"]) for f in report["failed"]] == [("prompt-1", "missing")]
    again = (await run("retry", job=first, submit=True))["submitted"]["job"]
    assert (await run("poll", job=again))["outcomes"] == {"ok": 2}


async def test_a_retry_that_is_still_on_its_way_is_not_sent_twice(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate(
        {"answers": {"prompt-0": fails(None)}, "faults": [{"on": "create", "after": 1, "drop": "before"}]}
    )
    run = at_service(emulator.url)
    first = (await run("create", prompts=["a"]))["job"]
    assert (await run.error("retry", job=first, submit=True)).code == "submit-uncertain"
    assert (await run.error("retry", job=first, submit=True)).code == "retry-running"
    assert len(emulator.requests("create")) == 2


async def test_answers_can_be_exported_whatever_became_of_the_retry(
    emulate: Emulate, at_service: AtService, workspace: Path
) -> None:
    clock = {"pending": 3600, "running": 0}
    emulator = emulate({"clock": clock, "answers": {"prompt-1": fails(1)}})
    run = at_service(emulator.url)
    first = (await run("create", prompts=["a", "b"]))["job"]
    emulator.advance(7200)
    await run("poll", job=first)
    again = (await run("retry", job=first, submit=True))["submitted"]["job"]
    other = at_service(emulator.url, "another-key")
    assert (await other("export", job=first, output="with-another-key.json"))["rows"] == 2
    run = at_service(emulator.url)
    jobs = await run.session.context().open_jobs()
    await jobs._gateway.delete(again)
    assert (await run("export", job=first, output="after-the-retry-was-deleted.json"))["rows"] == 2
    assert (await run.error("retry", job=first, submit=True)).code == "retry-running"
    await run("delete", job=again)
    assert (await run("retry", job=first, submit=True))["submitted"]["job"] != again
