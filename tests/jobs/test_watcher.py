"""Watching a job: one watcher for all, temporary troubles told and looked past."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.jobs import watcher
from tests.support.operations import Runner
from tests.support.stub_service import stub_service

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]
INSTANT = {"pending": 0, "running": 0}


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "SHORTEST_INTERVAL", 0.05)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "retry_after": 0.1},
        {"status": 500},
        {"status": 503},
        {"status": 524},
        {"drop": "before"},
        {"drop": "after"},
        {"body": "{"},
        {"body": '{"name": "batches/x", "metadata": {"state": 7}}'},
    ],
)
async def test_a_poll_goes_on_through_trouble_and_says_so(
    emulate: Emulate, at_service: AtService, fault: dict[str, Any]
) -> None:
    emulator = emulate({"clock": INSTANT, "faults": [{"on": "get", "times": 2, "after": 0, **fault}]})
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a"]))["job"]
    # The first look of a poll tries by itself what the watcher would wait for.
    emulator_troubles = len(emulator.requests("get"))
    polled = await run("poll", job=job, interval=0.05)
    assert polled["state"] == "SUCCEEDED"
    assert polled["outcomes"] == {"ok": 1}
    assert len(emulator.requests("get")) >= emulator_troubles + 3
    assert any(look.note for look in run.looks)


async def test_a_refusal_for_good_ends_the_poll(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"clock": {"pending": 60, "running": 60}, "faults": [{"on": "get", "after": 1, "status": 403}]})
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a"]))["job"]
    assert (await run.error("poll", job=job, interval=0.05)).code == "permission-denied"


async def test_all_who_poll_share_one_watcher(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"clock": {"pending": 0.2, "running": 0.5}})
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a"]))["job"]
    polled = await asyncio.gather(*(run("poll", job=job, interval=0.2) for _ in range(5)))
    assert {result["state"] for result in polled} == {"SUCCEEDED"}
    # Each poll looks once by itself to find the job, all else is shared.
    shared = len(emulator.requests("get")) - 5
    assert shared <= 0.7 / 0.2 + 3
    assert len(run.looks) > shared


async def test_a_poll_that_times_out_leaves_the_job_alone(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"clock": {"pending": 600, "running": 600}})
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a"]))["job"]
    polled = await run("poll", job=job, timeout=0.2)
    assert (polled["timed_out"], polled["done"], polled["state"]) == (True, False, "PENDING")
    assert emulator.requests("cancel") == []


async def test_counts_and_the_operations_error_are_the_services(workspace: Path, at_service: AtService) -> None:
    stats = {"requestCount": "5", "successfulRequestCount": "3", "failedRequestCount": "1", "pendingRequestCount": "1"}
    metadata = {"state": "BATCH_STATE_FAILED", "model": "models/m", "batchStats": stats}
    failed = {"name": "batches/a", "metadata": metadata, "done": True, "error": {"code": 13, "message": "It broke."}}

    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        return 200, json.dumps(failed).encode()

    with stub_service(answer) as url:
        status = await at_service(url)("status", job="a")
    assert (status["total"], status["succeeded"], status["failed"], status["pending"]) == (5, 3, 1, 1)
    assert (status["state"], status["error"]) == ("FAILED", "It broke.")
