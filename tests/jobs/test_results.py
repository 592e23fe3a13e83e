"""Answers stand with their prompts, whatever the service does with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
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
