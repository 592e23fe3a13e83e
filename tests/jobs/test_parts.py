"""More prompts than one job takes are several jobs, shown and handled as one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.jobs import submission
from tests.support.operations import Runner

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]
PROMPTS = [f"question {number}" for number in range(7)]
KEYS = [f"prompt-{number}" for number in range(7)]


def sent(emulator: RunningEmulator) -> list[str]:
    """The names of the jobs at the service, in their order."""
    return [request["job"] for request in emulator.requests("create") if request.get("job")]


async def test_all_parts_are_one_job(emulate: Emulate, at_service: AtService, workspace: Path) -> None:
    emulator = emulate({"order": "shuffled", "answers": {"prompt-5": {"error": {"code": 13}, "times": 1}}})
    run = at_service(emulator.url)
    created = await run("create", prompts=PROMPTS, name="many", max_per_job=3)
    first, second, third = sent(emulator)
    assert (created["job"], created["total"]) == (first, 7)
    assert [(part["job"], part["total"]) for part in created["parts"]] == [(first, 3), (second, 3), (third, 1)]
    assert [len(emulator.job_requests(name)) for name in (first, second, third)] == [3, 3, 1]

    polled = await run("poll", job=third, interval=1)
    assert (polled["job"], polled["state"], polled["total"]) == (first, "SUCCEEDED", 7)
    assert [result["key"] for result in polled["results"]] == KEYS
    assert all(r["content"].endswith(p) for r, p in zip(polled["results"], PROMPTS, strict=True) if not r["error"])
    [row] = (await run("list"))["jobs"]
    assert (row["job"], row["name"], row["total"], row["succeeded"]) == (first, "many", 7, 6)

    again = (await run("retry", job=second, submit=True))["submitted"]
    assert again["parts"] == []
    await run("poll", job=again["job"], interval=1)
    await run("export", job=second, output="all.json")
    exported = json.loads((workspace / "all.json").read_text())
    assert [row["key"] for row in exported] == KEYS
    assert not any(row["error"] for row in exported)


async def test_cancelling_one_part_cancels_all(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"clock": {"pending": 3600, "running": 3600}})
    run = at_service(emulator.url)
    await run("create", prompts=PROMPTS, max_per_job=3)
    names = sent(emulator)
    cancelled = await run("cancel", job=names[1])
    assert cancelled["cancelled"]
    paths = [request["path"] for request in emulator.requests("cancel")]
    assert sorted(paths) == sorted(f"/v1beta/{name}:cancel" for name in names)


@pytest.mark.parametrize("page", [1, 2, 10])
async def test_a_list_has_one_row_for_all_parts_on_whatever_page(
    emulate: Emulate, at_service: AtService, page: int
) -> None:
    run = at_service(emulate().url)
    jobs = [(await run("create", prompts=[f"{n}", "x", "y"], max_per_job=n, name=f"job {n}"))["job"] for n in (3, 1, 2)]
    found: list[str] = []
    token = ""
    while True:
        listed = await run("list", limit=page, page_token=token)
        found += [row["job"] for row in listed["jobs"]]
        token = listed["next_page_token"]
        if not token:
            break
    assert found == jobs[::-1]


async def test_parts_beyond_the_quota_wait_and_are_sent_when_there_is_room(
    emulate: Emulate, at_service: AtService
) -> None:
    refusal = {"on": "create", "after": 1, "times": 1, "status": 429, "retry_after": 0}
    emulator = emulate({"faults": [refusal]})
    run = at_service(emulator.url)
    created = await run("create", prompts=PROMPTS, max_per_job=3)
    assert [part["state"] for part in created["parts"]] == ["PENDING", "WAITING", "WAITING"]
    assert created["state"] == "PENDING"
    status = await run("status", job=created["job"])
    assert not any(part["state"] == "WAITING" for part in status["parts"])
    polled = await run("poll", job=created["job"], interval=1)
    assert polled["outcomes"] == {"ok": 7}
    assert len(sent(emulator)) == 3


async def test_what_waits_when_a_job_is_cancelled_is_never_sent(emulate: Emulate, at_service: AtService) -> None:
    refusal = {"on": "create", "after": 1, "times": 99, "status": 429, "retry_after": 0}
    emulator = emulate({"clock": {"pending": 3600, "running": 3600}, "faults": [refusal]})
    run = at_service(emulator.url)
    created = await run("create", prompts=PROMPTS, max_per_job=3)
    cancelled = await run("cancel", job=created["job"])
    assert [part["state"] for part in cancelled["parts"]] == ["CANCELLED"] * 3
    creates = len(emulator.requests("create"))
    status = await run("status", job=created["job"])
    assert status["missing_keys"] == KEYS
    assert len(emulator.requests("create")) == creates
    # Nothing was answered, and all of it can be sent again as one retry.
    assert (await run("retry", job=created["job"]))["failed_total"] == 7


async def test_a_part_that_is_refused_costs_only_its_own_prompts(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"faults": [{"on": "create", "after": 1, "times": 1, "status": 400}]})
    run = at_service(emulator.url)
    created = await run("create", prompts=PROMPTS, max_per_job=3)
    polled = await run("poll", job=created["job"], interval=1)
    assert polled["state"] == "PARTIALLY_SUCCEEDED"
    assert polled["missing_keys"] == KEYS[3:6]
    again = (await run("retry", job=created["job"], submit=True))["submitted"]["job"]
    assert (await run("poll", job=again, interval=1))["outcomes"] == {"ok": 7}


async def test_a_part_whose_requests_were_removed_keeps_no_other_from_its_results(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    refusal = {"on": "create", "after": 1, "times": 1, "status": 429, "retry_after": 0}
    run = at_service(emulate({"faults": [refusal]}).url)
    created = await run("create", prompts=PROMPTS, max_per_job=4)
    (workspace / ".padwan" / "requests" / f"{created['id']}-2.jsonl").unlink()
    polled = await run("poll", job=created["job"], interval=1)
    assert polled["outcomes"] == {"missing": 3, "ok": 4}
    assert "removed from the workspace" in polled["error"]


async def test_nothing_more_of_a_job_is_sent_while_a_part_is_uncertain(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"faults": [{"on": "create", "after": 1, "times": 1, "drop": "before"}]})
    run = at_service(emulator.url)
    created = await run("create", prompts=PROMPTS, max_per_job=3)
    assert [part["state"] for part in created["parts"]] == ["PENDING", "SUBMIT_UNCERTAIN", "WAITING"]
    await run("status", job=created["job"])
    assert len(emulator.requests("create")) == 2
    assert (await run.error("poll", job=created["job"], interval=1)).code == "submit-uncertain"
    resolved = await run("resolve", job=created["job"], choice="resubmit")
    assert [part["state"] for part in resolved["job"]["parts"]] == ["SUCCEEDED", "PENDING", "PENDING"]
    assert (await run("poll", job=created["job"], interval=1))["outcomes"] == {"ok": 7}


async def test_parts_also_end_where_the_input_file_would_be_too_large(
    emulate: Emulate, at_service: AtService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "MAX_INPUT_FILE_BYTES", 250)
    emulator = emulate()
    run = at_service(emulator.url)
    created = await run("create", prompts=PROMPTS)
    assert [part["total"] for part in created["parts"]] == [2, 2, 2, 1]
    assert (await run("poll", job=created["job"], interval=1))["outcomes"] == {"ok": 7}


async def test_a_file_that_was_uploaded_is_not_uploaded_again_for_a_create_that_must_wait(
    emulate: Emulate, at_service: AtService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "INLINE_LIMIT_BYTES", 10)
    refusal = {"on": "create", "after": 1, "times": 2, "status": 429, "retry_after": 0}
    emulator = emulate({"faults": [refusal]})
    run = at_service(emulator.url)
    created = await run("create", prompts=PROMPTS[:2], max_per_job=1)
    polled = await run("poll", job=created["job"], interval=1)
    assert polled["outcomes"] == {"ok": 2}
    starts = [r for r in emulator.requests("upload") if r["path"].endswith("/files")]
    assert len(starts) == 2


async def test_progress_tells_which_parts_are_sent(emulate: Emulate, at_service: AtService) -> None:
    run = at_service(emulate().url)
    await run("create", prompts=PROMPTS, max_per_job=3)
    notes: list[Any] = [look.note for look in run.looks]
    assert notes[-3:] == ["1 of 3 parts sent.", "2 of 3 parts sent.", "3 of 3 parts sent."]


async def test_many_small_prompts_go_as_a_file_too(
    emulate: Emulate, at_service: AtService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "INLINE_PROMPTS", 2)
    emulator = emulate()
    run = at_service(emulator.url)
    await run("create", prompts=PROMPTS[:2])
    assert emulator.requests("upload") == []
    job = (await run("create", prompts=PROMPTS[:3]))["job"]
    assert emulator.requests("upload")
    assert (await run("poll", job=job, interval=1))["outcomes"] == {"ok": 3}
