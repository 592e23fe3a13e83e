"""Answers stand with their prompts, whatever the service does with them."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.errors import PadwanError
from padwan_server.jobs.job import Job
from padwan_server.jobs.ledger import Record
from padwan_server.jobs.results import in_batches
from tests.support.operations import Runner
from tests.support.stub_service import stub_service

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]
PROMPTS = [f"question {number}" for number in range(20)]


async def answered(run: Runner, prompts: list[str]) -> list[dict[str, Any]]:
    job = (await run("create", prompts=prompts))["job"]
    results: list[dict[str, Any]] = (await run("status", job=job, results=True))["results"]
    return results


@pytest.mark.parametrize("order", ["as-sent", "reversed", "shuffled"])
async def test_answers_are_joined_by_key(emulate: Emulate, at_service: AtService, order: str) -> None:
    results = await answered(at_service(emulate({"order": order}).url), PROMPTS)
    assert [result["key"] for result in results] == [f"prompt-{n}" for n in range(20)]
    assert all(result["content"].endswith(prompt) for result, prompt in zip(results, PROMPTS, strict=True))


async def test_answers_without_keys_are_joined_by_order_with_a_warning(emulate: Emulate, at_service: AtService) -> None:
    run = at_service(emulate({"keys": False}).url)
    job = (await run("create", prompts=PROMPTS))["job"]
    status = await run("status", job=job, results=True)
    assert "order" in status["warning"]
    assert [result["key"] for result in status["results"]] == [f"prompt-{n}" for n in range(20)]
    exported = await run("export", job=job, output="x.json")
    assert exported["warning"] == status["warning"]


async def test_an_export_of_some_keys_holds_those_alone(
    emulate: Emulate, at_service: AtService, workspace: Path
) -> None:
    answers = {"prompt-1": {"error": {"code": 4, "message": "Deadline exceeded."}}}
    run = at_service(emulate({"answers": answers}).url)
    job = (await run("create", prompts=PROMPTS))["job"]
    await run("poll", job=job)
    exported = await run("export", job=job, output="x.json", keys=["prompt-7", "prompt-1"])
    assert (exported["rows"], exported["failed"]) == (2, 1)
    assert [row["key"] for row in json.loads((workspace / "x.json").read_text())] == ["prompt-1", "prompt-7"]


async def test_every_kind_of_outcome_is_told_apart(emulate: Emulate, at_service: AtService) -> None:
    answers = {
        "prompt-1": {"error": {"code": 4, "message": "Deadline exceeded."}},
        "prompt-2": {"blocked": "SAFETY"},
        "prompt-3": {"truncated": True},
        "prompt-4": {"missing": True},
        "prompt-5": {"finish": "RECITATION"},
        "prompt-6": {"twice": True},
        "prompt-7": {"thoughts": "hm", "text": "after thought"},
    }
    results = await answered(at_service(emulate({"answers": answers}).url), PROMPTS[:8])
    assert [result["outcome"] for result in results] == [
        "ok",
        "error",
        "blocked",
        "truncated",
        "missing",
        "blocked",
        "ok",
        "ok",
    ]
    assert results[1]["error"].endswith("Deadline exceeded.")
    assert results[7]["content"] == "after thought"
    # Never a row that is blank: where there is no good answer, there is a reason.
    assert all(bool(r["error"]) == (r["outcome"] != "ok") for r in results if r["outcome"] != "truncated")


async def test_results_are_fetched_once(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate()
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a"]))["job"]
    await run("status", job=job)
    looks = len(emulator.requests("get"))
    await run("status", job=job, results=True)
    await run("export", job=job, output="x.json")
    assert len(emulator.requests("get")) == looks


async def test_a_download_that_breaks_off_stores_nothing_and_is_begun_again(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate({"faults": [{"on": "download", "drop": "after", "times": 1}]})
    (workspace / "large.prompts.txt").write_text("\n".join("x" * 1_000_000 for _ in range(21)))
    run = at_service(emulator.url)
    job = (await run("create", file="large.prompts.txt"))["job"]
    polled = await run("poll", job=job, results=False, interval=1)
    assert polled["outcomes"] == {"ok": 21}
    assert [path.suffix for path in (workspace / ".padwan" / "results").iterdir()] == [".jsonl"]


async def test_a_job_of_another_program_is_taken_in_with_its_results(workspace: Path, at_service: AtService) -> None:
    part = {"text": "hello"}
    line = {"response": {"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}}
    inlined = {"inlinedResponses": {"inlinedResponses": [line]}}
    metadata = {"state": "BATCH_STATE_SUCCEEDED", "model": "models/m", "output": inlined}
    job = {"name": "batches/foreign", "metadata": metadata, "done": True, "response": inlined}
    with stub_service(lambda *_: (200, json.dumps(job).encode())) as url:
        run = at_service(url)
        status = await run("status", job="foreign", results=True)
    assert [(r["key"], r["content"]) for r in status["results"]] == [("prompt-0", "hello")]


async def test_results_that_are_not_there_yet_are_waited_for(at_service: AtService) -> None:
    part = {"text": "hello"}
    line = {"metadata": {"key": "k"}, "response": {"candidates": [{"content": {"parts": [part]}}]}}
    metadata = {"state": "BATCH_STATE_SUCCEEDED", "batchStats": {"requestCount": "1", "successfulRequestCount": "1"}}
    early = {"name": "batches/x", "metadata": metadata, "done": True}
    late = {**early, "response": {"inlinedResponses": {"inlinedResponses": [line]}}}
    answers = iter([early, early])
    with stub_service(lambda *_: (200, json.dumps(next(answers, late)).encode())) as url:
        run = at_service(url)
        assert (await run.error("status", job="x")).code == "bad-answer"
        polled = await run("poll", job="x", interval=1)
    assert [(r["key"], r["content"]) for r in polled["results"]] == [("k", "hello")]


async def test_what_is_odd_about_results_is_named(emulate: Emulate, at_service: AtService) -> None:
    run = at_service(emulate({"answers": {"prompt-1": {"missing": True}, "prompt-2": {"twice": True}}}).url)
    job = (await run("create", prompts=PROMPTS[:4]))["job"]
    status = await run("status", job=job)
    assert (status["missing_keys"], status["repeated_keys"], status["unknown_keys"]) == (["prompt-1"], ["prompt-2"], [])


async def test_an_answer_to_nothing_that_was_sent_is_named_and_kept(at_service: AtService) -> None:
    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        line = {"metadata": {"key": "stranger"}, "response": {"candidates": [{"content": {"parts": [{"text": "?"}]}}]}}
        output = {"inlinedResponses": {"inlinedResponses": [line]}}
        done = {"metadata": {"state": "BATCH_STATE_SUCCEEDED"}, "done": True, "response": output}
        return 200, json.dumps({"name": "batches/x", **({"metadata": {}} if method == "POST" else done)}).encode()

    with stub_service(answer) as url:
        run = at_service(url)
        job = (await run("create", prompts=["a"]))["job"]
        status = await run("status", job=job, results=True)
    assert (status["missing_keys"], status["unknown_keys"]) == (["prompt-0"], ["stranger"])
    assert [(r["key"], r["outcome"]) for r in status["results"]] == [("prompt-0", "missing"), ("stranger", "ok")]


async def test_results_that_the_service_has_deleted_leave_a_job_that_can_be_retried(
    emulate: Emulate, at_service: AtService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("padwan_server.jobs.submission.INLINE_LIMIT_BYTES", 10)
    emulator = emulate({"faults": [{"on": "download", "times": 4, "status": 404}]})
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a"]))["job"]
    # Just after the end it is not believed: they may not be there yet.
    assert (await run("status", job=job))["outcomes"] == {}
    monkeypatch.setattr("padwan_server.jobs.looks._MAY_COME", timedelta())
    status = await run("status", job=job)
    assert "no longer has the results" in status["warning"]
    assert status["outcomes"] == {"missing": 1}
    again = (await run("retry", job=job, submit=True))["submitted"]["job"]
    assert (await run("poll", job=again, interval=1))["outcomes"] == {"ok": 1}


@pytest.mark.parametrize("status", [403, 404])
async def test_results_that_are_refused_once_are_not_given_up(
    emulate: Emulate, at_service: AtService, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr("padwan_server.jobs.submission.INLINE_LIMIT_BYTES", 10)
    run = at_service(emulate({"faults": [{"on": "download", "times": 2, "status": status}]}).url)
    job = (await run("create", prompts=["a"]))["job"]
    assert (await run("poll", job=job, interval=1))["outcomes"] == {"ok": 1}


async def test_a_poll_does_not_wait_for_results_that_the_service_dropped_long_ago(at_service: AtService) -> None:
    stats = {"requestCount": "1", "successfulRequestCount": "1"}
    metadata = {"state": "BATCH_STATE_SUCCEEDED", "batchStats": stats, "endTime": "2020-01-01T00:00:00Z"}
    emptied = {"name": "batches/x", "metadata": metadata, "done": True}
    with stub_service(lambda *_: (200, json.dumps(emptied).encode())) as url:
        polled = await asyncio.wait_for(at_service(url)("poll", job="x", interval=1), 30)
    assert "no longer has the results" in polled["warning"]


async def test_results_that_end_within_a_line_are_not_taken_for_whole(workspace: Path, at_service: AtService) -> None:
    lines = [
        json.dumps({"key": key, "response": {"candidates": [{"content": {"parts": [{"text": key}]}}]}})
        for key in ("a", "b")
    ]
    whole = "\n".join(lines).encode()
    bodies = iter([whole[:-20]])

    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if ":download" in path:
            return 200, next(bodies, whole)
        done = {"metadata": {"state": "BATCH_STATE_SUCCEEDED"}, "done": True, "response": {"responsesFile": "files/r"}}
        return 200, json.dumps({"name": "batches/x", **done}).encode()

    with stub_service(answer) as url:
        run = at_service(url)
        assert (await run.error("status", job="x")).code == "network"
        assert (await run("poll", job="x", interval=1))["outcomes"] == {"ok": 2}
    [stored] = (workspace / ".padwan" / "results").iterdir()
    assert stored.read_text().splitlines() == lines


async def test_without_keys_and_with_an_answer_missing_no_answer_is_joined_to_any_prompt(
    emulate: Emulate, at_service: AtService
) -> None:
    run = at_service(emulate({"keys": False, "answers": {"prompt-0": {"missing": True}}}).url)
    job = (await run("create", prompts=["a", "b", "c"]))["job"]
    polled = await run("poll", job=job, interval=1)
    assert polled["missing_keys"] == ["prompt-0", "prompt-1", "prompt-2"]
    assert polled["unknown_keys"] == ["result-1", "result-2"]
    assert "carried no key" in polled["warning"]


async def test_results_that_were_removed_from_the_workspace_are_fetched_again(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate({"answers": {"prompt-1": {"error": {"code": 13}, "times": 1}, "prompt-2": {"twice": True}}})
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a", "b", "c"]))["job"]
    again = (await run("retry", job=job, submit=True))["submitted"]["job"]
    before = await run("poll", job=again, interval=1)
    shutil.rmtree(workspace / ".padwan" / "results")
    status = await run("status", job=again, results=True)
    assert (status["results"], status["outcomes"]) == (before["results"], {"ok": 3})
    shutil.rmtree(workspace / ".padwan" / "results")
    assert (await run("export", job=job, output="all.json"))["rows"] == 3
    assert (await run("status", job=job))["repeated_keys"] == ["prompt-2"]


def swapped(lines: list[bytes]) -> list[bytes]:
    return [lines[1], lines[0], *lines[2:]]


def cut(lines: list[bytes]) -> list[bytes]:
    return [*lines[:-1], lines[-1][:20]]


def noted(lines: list[bytes]) -> list[bytes]:
    return [b"# my note\n", *lines]


@pytest.mark.parametrize("change", [swapped, cut, noted])
@pytest.mark.parametrize("format", ["csv", "jsonl"])
async def test_results_that_were_changed_in_the_workspace_are_never_taken_for_anothers(
    workspace: Path,
    emulate: Emulate,
    at_service: AtService,
    change: Callable[[list[bytes]], list[bytes]],
    format: str,  # noqa: A002 the field's own word
) -> None:
    run = at_service(emulate().url)
    job = (await run("create", prompts=["a", "b", "c"]))["job"]
    await run("poll", job=job, interval=1)
    [file] = (workspace / ".padwan" / "results").glob("*.jsonl")
    before = file.read_bytes()
    file.write_bytes(b"".join(change(before.splitlines(keepends=True))))
    with pytest.raises(PadwanError, match="changed") as refused:
        await run("export", job=job, output=f"x.{format}")
    assert (refused.value.code, file.name in refused.value.message) == ("results-changed", True)
    assert not (workspace / f"x.{format}").exists()
    file.unlink()
    assert (await run("export", job=job, output=f"x.{format}"))["rows"] == 3
    assert file.read_bytes() == before


async def test_results_that_cannot_be_read_are_not_called_an_output_that_cannot_be_written(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    run = at_service(emulate().url)
    job = (await run("create", prompts=["a"]))["job"]
    await run("poll", job=job, interval=1)
    [file] = (workspace / ".padwan" / "results").glob("*.jsonl")
    file.unlink()
    file.mkdir()
    error = await run.error("export", job=job, output="x.csv")
    assert (error.code, file.name in error.message) == ("file-not-readable", True)


async def test_an_export_of_a_job_that_is_deleted_meanwhile_is_no_empty_file(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    run = at_service(emulate().url)
    job = (await run("create", prompts=["a"]))["job"]
    await run("poll", job=job, interval=1)
    jobs = await run.session.context().open_jobs()
    chain = await jobs.chain(await jobs.known(job))
    await jobs.read(jobs.ledger.unstore, chain.root, 1)
    with pytest.raises(PadwanError, match="no results here yet"):
        await jobs.apart(chain, lambda whole: whole.jobs)
    await jobs.read(jobs.ledger.remove, chain.root)
    with pytest.raises(PadwanError, match="no longer has this job"):
        await jobs.apart(chain, lambda whole: whole.jobs)


@pytest.mark.parametrize("keys", [["prompt-0", "", "prompt-2"], ["", "", ""]])
async def test_a_key_that_is_empty_is_none(workspace: Path, at_service: AtService, keys: list[str]) -> None:
    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        lines = [
            {"metadata": {"key": key}, "response": {"candidates": [{"content": {"parts": [{"text": f"{at}"}]}}]}}
            for at, key in enumerate(keys)
        ]
        output = {"inlinedResponses": {"inlinedResponses": lines}}
        done = {"metadata": {"state": "JOB_STATE_SUCCEEDED"}, "done": True, "response": output}
        return 200, json.dumps({"name": "batches/x", **({"metadata": {}} if method == "POST" else done)}).encode()

    with stub_service(answer) as url:
        run = at_service(url)
        job = (await run("create", prompts=["a", "b", "c"]))["job"]
        await run("poll", job=job, interval=1)
        await run("export", job=job, output="x.json")
    rows = json.loads((workspace / "x.json").read_text())
    assert [row["content"] for row in rows] == (["0", "1", "2"] if not any(keys) else ["0", "", "2", "1"])


def test_large_answers_are_read_one_by_one() -> None:
    job = Job("", "", "", "")
    records = [Record(1, str(n), "", "ok", n * 10_000_000, 10_000_000) for n in range(5)]
    assert [batch.keys for batch in in_batches((job, record) for record in records)] == [(str(n),) for n in range(5)]


@pytest.mark.parametrize("state", ["FAILED", "EXPIRED", "CANCELLED", "PARTIALLY_SUCCEEDED"])
async def test_partial_results_are_kept_however_a_job_ends(at_service: AtService, state: str) -> None:
    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        line = {"metadata": {"key": "prompt-1"}, "response": {"candidates": [{"content": {"parts": [{"text": "!"}]}}]}}
        output = {"inlinedResponses": {"inlinedResponses": [line]}}
        done = {"metadata": {"state": f"JOB_STATE_{state}"}, "done": True, "response": output}
        return 200, json.dumps({"name": "batches/x", **({"metadata": {}} if method == "POST" else done)}).encode()

    with stub_service(answer) as url:
        run = at_service(url)
        job = (await run("create", prompts=["a", "b"]))["job"]
        status = await run("poll", job=job, interval=1)
        exported = await run("export", job=job, output="x.json")
    assert (status["state"], status["outcomes"]) == (state, {"missing": 1, "ok": 1})
    assert (exported["rows"], exported["failed"]) == (2, 1)


async def test_answers_are_told_page_by_page(emulate: Emulate, at_service: AtService) -> None:
    run = at_service(emulate({"order": "reversed", "answers": {"prompt-7": {"blocked": "SAFETY"}}}).url)
    job = (await run("create", prompts=PROMPTS))["job"]
    seen: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = await run("results", job=job, offset=offset, limit=6)
        seen += [result["key"] for result in page["results"]]
        offset = page["next_offset"]
    assert seen == [f"prompt-{n}" for n in range(20)]
    failed = await run("results", job=job, failed_only=True)
    assert ([r["key"] for r in failed["results"]], failed["total"]) == (["prompt-7"], 1)
    chosen = await run("results", job=job, keys=["prompt-9", "prompt-3", "unknown"], max_chars=5)
    assert [(r["key"], len(r["content"])) for r in chosen["results"]] == [("prompt-9", 5), ("prompt-3", 5)]
    assert chosen["results"][0]["omitted_chars"] > 0
