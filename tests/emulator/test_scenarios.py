"""What a scenario orders happens: time, quotas, order, answers, pages, and what is there from the start."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator, start_emulator
from tests.support.emulated import call, created, inline, raw, results, state, upload

Emulate = Callable[..., RunningEmulator]
STILL = {"clock": {"pending": 10, "running": 100, "speed": 0}}
DAY = 24 * 3600


# Time


def test_time_stands_still_until_it_is_moved(emulate: Emulate) -> None:
    emulator = emulate(STILL)
    job = created(emulator, *"abcd")
    assert state(emulator, job) == "PENDING"
    emulator.advance(10 + 50)
    metadata = call(emulator, "GET", job)[1]["metadata"]
    assert metadata["state"] == "BATCH_STATE_RUNNING"
    assert metadata["batchStats"] == {
        "requestCount": "4",
        "successfulRequestCount": "2",
        "pendingRequestCount": "2",
    }
    assert "done" not in call(emulator, "GET", job)[1]
    emulator.advance(50)
    answer = call(emulator, "GET", job)[1]
    assert answer["done"] is True
    assert answer["metadata"]["batchStats"] == {"requestCount": "4", "successfulRequestCount": "4"}
    assert answer["metadata"]["output"]["inlinedResponses"] == answer["response"]["inlinedResponses"]


def test_time_goes_as_fast_as_it_is_told(emulate: Emulate) -> None:
    emulator = emulate({"clock": {"pending": 0, "running": DAY, "speed": 1e9}})
    assert state(emulator, created(emulator, "a")) == "SUCCEEDED"


def test_a_job_expires_after_two_days_without_results(emulate: Emulate) -> None:
    clock = {"pending": 3 * DAY, "running": 1, "speed": 0}
    emulator = emulate({"clock": clock, "end": {"state": "FAILED", "code": 8, "message": "No quota."}})
    job = created(emulator, "a")
    emulator.advance(2 * DAY - 1)
    assert state(emulator, job) == "PENDING"
    emulator.advance(1)
    answer = call(emulator, "GET", job)[1]
    assert answer["metadata"]["state"] == "BATCH_STATE_EXPIRED"
    assert answer["error"] == {"code": 13, "message": "Batch expired."}
    assert "response" not in answer


def test_a_file_is_gone_after_two_days(emulate: Emulate) -> None:
    emulator = emulate({**STILL, "files": [{"name": "files/mine"}]})
    assert call(emulator, "GET", "files/mine")[0] == 200
    emulator.advance(2 * DAY)
    assert call(emulator, "GET", "files/mine")[0] == 403
    assert call(emulator, "GET", "files")[1] == {}
    batch = {"batch": {"displayName": "d", "inputConfig": {"fileName": "files/mine"}}}
    assert call(emulator, "POST", "models/m:batchGenerateContent", batch)[0] == 403


def test_time_goes_on_from_where_it_was_after_a_restart(emulate: Emulate, tmp_path: Path) -> None:
    first = emulate(STILL, "--state", str(tmp_path))
    job = created(first, "a")
    first.advance(200)
    first.process.terminate()
    first.process.wait()
    assert state(emulate(STILL, "--state", str(tmp_path)), job) == "SUCCEEDED"


@pytest.mark.parametrize("speed", [0, 1, 100])
def test_what_there_was_is_there_after_the_emulator_was_killed(emulate: Emulate, tmp_path: Path, speed: float) -> None:
    clock = {"pending": 0, "running": 1e9, "speed": speed}
    first = emulate({"clock": clock}, "--state", str(tmp_path))
    running, cancelled, deleted = (created(first, "a", "b") for _ in range(3))
    call(first, "POST", f"{cancelled}:cancel", {})
    call(first, "DELETE", deleted)
    file = upload(first, b"{}")["name"]
    before = call(first, "GET", running)[1]["metadata"]["createTime"]
    first.process.kill()
    first.process.wait()
    second = emulate({"clock": clock}, "--state", str(tmp_path))
    assert [state(second, job) for job in (running, cancelled)] == ["RUNNING", "SUCCEEDED"]
    assert call(second, "GET", running)[1]["metadata"]["createTime"] == before
    assert call(second, "GET", deleted)[0] == 404
    assert [found["name"] for found in call(second, "GET", "files")[1]["files"]] == [file]
    assert len(second.job_requests(running)) == 2
    assert created(second, "c")
    listed = [job["metadata"] for job in call(second, "GET", "batches")[1]["operations"]]
    times = [metadata["createTime"] for metadata in listed]
    assert times == sorted(times, reverse=True)


def test_a_job_waits_for_those_before_it(emulate: Emulate) -> None:
    emulator = emulate({"clock": {**STILL["clock"], "parallel": 1}})
    jobs = [created(emulator, "a") for _ in range(3)]
    emulator.advance(11)
    assert [state(emulator, job) for job in jobs] == ["RUNNING", "PENDING", "PENDING"]
    emulator.advance(100)
    assert [state(emulator, job) for job in jobs] == ["SUCCEEDED", "RUNNING", "PENDING"]
    emulator.advance(100)
    assert [state(emulator, job) for job in jobs] == ["SUCCEEDED", "SUCCEEDED", "RUNNING"]


# Quotas


def exceeded(answer: tuple[int, Any]) -> str:
    status, body = answer
    assert status == 429
    assert body["error"]["status"] == "RESOURCE_EXHAUSTED"
    details = {detail["@type"].rsplit(".", 1)[1]: detail for detail in body["error"]["details"]}
    assert details["RetryInfo"]["retryDelay"] == "30s"
    return str(details["QuotaFailure"]["violations"][0]["quotaId"])


def test_so_many_jobs_of_a_key_at_once(emulate: Emulate) -> None:
    emulator = emulate({**STILL, "limits": {"jobs": 2}})
    jobs = [created(emulator, "a") for _ in range(2)]
    again = ("POST", "models/m:batchGenerateContent", inline("a"))
    assert exceeded(call(emulator, *again)) == "BatchConcurrentRequestsPerProject"
    created(emulator, "a", key="another")
    call(emulator, "POST", f"{jobs[0]}:cancel", {})
    created(emulator, "a")


def test_so_many_tokens_of_a_model_at_once(emulate: Emulate) -> None:
    emulator = emulate({**STILL, "limits": {"tokens": 10}})
    created(emulator, "x" * 24)
    answer = call(emulator, "POST", "models/m:batchGenerateContent", inline("x" * 24))
    assert exceeded(answer) == "BatchEnqueuedTokensPerModelPerProject"
    assert len(call(emulator, "GET", "batches")[1]["operations"]) == 1
    created(emulator, "x" * 16)


def test_so_many_bytes_of_files(emulate: Emulate) -> None:
    emulator = emulate({"limits": {"storage": 100}})
    request = urllib.request.Request(
        f"{emulator.url}/upload/v1beta/files",
        b"{}",
        {"x-goog-api-key": "k", "x-goog-upload-command": "start", "x-goog-upload-header-content-length": "101"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert exceeded((refused.value.code, json.loads(refused.value.read()))) == "FileStorageBytesPerProject"


# Answers


@pytest.mark.parametrize(
    ("scenario", "keys"),
    [
        ({}, ["k0", "k1", "k2"]),
        ({"order": "reversed"}, ["k2", "k1", "k0"]),
        ({"answers": {"k1": {"missing": True}}}, ["k0", "k2"]),
        ({"answers": {"k1": {"twice": True}}}, ["k0", "k1", "k1", "k2"]),
        ({"keys": False}, [None, None, None]),
    ],
)
def test_results_come_back_as_ordered(emulate: Emulate, scenario: dict[str, Any], keys: list[str | None]) -> None:
    emulator = emulate(scenario)
    found = results(emulator, created(emulator, *"abc"))
    assert [result.get("metadata", {}).get("key") for result in found] == keys


def test_a_shuffled_file_is_whole(emulate: Emulate, tmp_path: Path) -> None:
    lines = [json.dumps({"key": str(n), "request": {"contents": [{"parts": [{"text": "x"}]}]}}) for n in range(500)]
    scenario = {"order": "shuffled", "seed": 3, "files": [{"name": "files/in", "text": "\n".join(lines)}]}
    orders = []
    for _ in range(2):
        emulator = emulate(scenario)
        batch = {"batch": {"displayName": "d", "inputConfig": {"fileName": "files/in"}}}
        job = call(emulator, "POST", "models/m:batchGenerateContent", batch)[1]["name"]
        name = call(emulator, "GET", job)[1]["response"]["responsesFile"]
        request = urllib.request.Request(
            f"{emulator.url}/v1beta/{name}:download?alt=media", headers={"x-goog-api-key": "k"}
        )
        with urllib.request.urlopen(request) as answer:
            orders.append([int(json.loads(line)["key"]) for line in answer.read().splitlines()])
    assert sorted(orders[0]) == list(range(500))
    assert orders[0] != sorted(orders[0])
    assert orders[0] == orders[1]


def test_an_answer_by_a_template(emulate: Emulate) -> None:
    emulator = emulate({"default": {"template": "{key} of {model}: {prompt} {other}"}})
    [result] = results(emulator, created(emulator, "{key}"))
    assert result["response"]["candidates"][0]["content"]["parts"] == [{"text": "k0 of m: {key} {other}"}]


def test_an_answer_by_a_function(emulate: Emulate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "answering.py").write_text(
        "def shout(request, key, model):\n    return request['contents'][0]['parts'][0]['text'].upper() + key + model\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    emulator = emulate({}, "--answer", "answering:shout")
    [result] = results(emulator, created(emulator, "hi"))
    assert result["response"]["candidates"][0]["content"]["parts"] == [{"text": "HIk0m"}]


def test_a_page_in_the_middle_is_empty(emulate: Emulate) -> None:
    emulator = emulate({"empty_page": 2})
    jobs = [created(emulator, "a") for _ in range(6)]
    pages, token = [], ""
    while True:
        page = call(emulator, "GET", f"batches?pageSize=2&pageToken={token}")[1]
        pages.append([job["name"] for job in page.get("operations", [])])
        if not (token := page.get("nextPageToken", "")):
            break
    assert pages == [jobs[:3:-1], [], jobs[1::-1]]


def test_a_slow_body_arrives_whole(emulate: Emulate) -> None:
    emulator = emulate({"faults": [{"on": "list", "slow": 0.2}], "latency": 0.01})
    job = created(emulator, "a")
    assert call(emulator, "GET", "batches")[1]["operations"][0]["name"] == job


def test_a_slow_download_arrives_whole(emulate: Emulate) -> None:
    emulator = emulate(
        {"faults": [{"on": "download", "slow": 0.2}], "files": [{"name": "files/old", "text": "xyz" * 9}]}
    )
    status, headers, body = raw(emulator, "GET", "/v1beta/files/old:download?alt=media")
    assert (status, headers["content-length"], body) == (200, "27", b"xyz" * 9)


def test_trouble_with_any_request_comes_after_so_many_of_all_kinds(emulate: Emulate) -> None:
    emulator = emulate({"faults": [{"on": "any", "after": 2, "times": 2, "status": 503}]})
    paths = ["batches", "models", "files", "batches", "models", "batches"]
    assert [call(emulator, "GET", path)[0] for path in paths] == [200, 200, 503, 503, 200, 200]


NAMES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 409: "ALREADY_EXISTS", 499: "CANCELLED"}
NAMES |= {500: "INTERNAL", 502: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}


def test_an_ordered_status_has_its_name(emulate: Emulate) -> None:
    emulator = emulate({"faults": [{"on": "list", "status": code} for code in NAMES]})
    answers = [call(emulator, "GET", "batches") for _ in NAMES]
    assert {status: body["error"]["status"] for status, body in answers} == NAMES


def test_an_ordered_error_of_a_single_request_has_its_name(emulate: Emulate) -> None:
    emulator = emulate({"default": {"error": {"code": 16}}})
    status, body = call(emulator, "POST", "models/m:generateContent", {"contents": [{"parts": [{"text": "x"}]}]})
    assert (status, body["error"]["status"]) == (401, "UNAUTHENTICATED")


# What is there from the start


MODES = ["inline", "file", "embed"]
STATES = ["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"]


@pytest.fixture(scope="module")
def furnished() -> Iterator[RunningEmulator]:
    jobs = [{"name": f"batches/{m}-{s}", "state": s, "mode": m} for m in MODES for s in STATES]
    with start_emulator({"jobs": jobs, "files": [{"name": "files/old", "text": "x"}]}) as emulator:
        yield emulator


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wanted", STATES)
def test_jobs_are_there_from_the_start_for_every_key(furnished: RunningEmulator, mode: str, wanted: str) -> None:
    job = f"batches/{mode}-{wanted}"
    for key in ("one", "two"):
        assert state(furnished, job, key) == wanted
    answer = call(furnished, "GET", job)[1]
    assert answer["metadata"]["@type"].endswith("EmbedContentBatch" if mode == "embed" else "GenerateContentBatch")
    assert ("inputConfig" in answer["metadata"]) is (mode == "file")
    assert answer.get("done", False) is (wanted not in ("PENDING", "RUNNING"))
    assert ("response" in answer, "error" in answer) == (
        wanted == "SUCCEEDED",
        wanted in ("FAILED", "CANCELLED", "EXPIRED"),
    )


def test_states_are_written_as_the_service_or_the_sdk_writes_them(emulate: Emulate) -> None:
    wanted = {"batches/wire": "BATCH_STATE_RUNNING", "batches/sdk": "JOB_STATE_FAILED"}
    jobs = [{"name": name, "state": state} for name, state in wanted.items()]
    emulator = emulate({"jobs": jobs, "end": {"state": "JOB_STATE_EXPIRED"}})
    assert [state(emulator, name) for name in wanted] == ["RUNNING", "FAILED"]
    assert state(emulator, created(emulator, "a")) == "EXPIRED"


def test_files_are_there_from_the_start_for_every_key(furnished: RunningEmulator) -> None:
    for key in ("one", "two"):
        assert raw(furnished, "GET", "/v1beta/files/old:download?alt=media", key=key)[2] == b"x"


def test_the_page_shows_jobs_and_requests(emulate: Emulate) -> None:
    emulator = emulate({**STILL, "faults": [{"on": "get", "drop": "before", "after": 1}]})
    job = created(emulator, *["a"] * 4)
    emulator.advance(60)
    call(emulator, "GET", "batches/%3Cb%3E?key=secret")
    with pytest.raises(http.client.RemoteDisconnected):
        call(emulator, "GET", job)
    with urllib.request.urlopen(emulator.url) as answer:
        page = answer.read().decode()
    jobs, requests = page.split("Latest requests")
    for shown in (job, "RUNNING", "2/4", f"/emulator/{job.replace('batches', 'jobs')}/requests"):
        assert shown in jobs
    for shown in ("models/m:batchGenerateContent", job, "batches/&lt;b&gt;", "404", "dropped"):
        assert shown in requests
    assert "secret" not in page
    assert "<b>" not in requests


def test_the_log_tells_when_a_request_came_and_which_got_no_answer(emulate: Emulate) -> None:
    emulator = emulate({**STILL, "faults": [{"on": "list", "drop": "after", "after": 1}]})
    call(emulator, "GET", "batches")
    emulator.advance(60)
    with pytest.raises(http.client.RemoteDisconnected):
        call(emulator, "GET", "batches")
    first, second = emulator.requests("list")
    assert (first["status"], "dropped" in first) == (200, False)
    assert ("status" in second, second["dropped"]) == (False, True)
    came = [datetime.fromisoformat(entry["time"]) for entry in (first, second)]
    assert came[1] - came[0] == timedelta(seconds=60)


def test_other_projects_have_a_fixture(gemini_emulator: Callable[..., RunningEmulator]) -> None:
    assert call(gemini_emulator(), "GET", "batches") == (200, {})


def test_a_function_that_fails_is_a_fault_of_the_emulator_and_leaves_nothing(
    emulate: Emulate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "failing.py").write_text("def fail(request, key, model):\n    raise ValueError(key)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    emulator = emulate({}, "--answer", "failing:fail", "--state", str(tmp_path / "state"))
    status, answer = call(emulator, "POST", "models/m:batchGenerateContent", inline("hi"))
    assert (status, answer["error"]["status"]) == (500, "INTERNAL")
    assert call(emulator, "GET", "batches") == (200, {})
    assert list((tmp_path / "state" / "batches").iterdir()) == []
