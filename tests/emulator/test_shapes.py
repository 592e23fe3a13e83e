"""The fields of answers are those of recorded answers of the live service, and no others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator, start_emulator
from tests.support.emulated import call, raw, tenant, upload

Emulate = Callable[..., RunningEmulator]

STILL = {"clock": {"pending": 10, "running": 100, "speed": 0}}
PENDING = {"name", "metadata.@type", "metadata.model", "metadata.displayName", "metadata.createTime"}
PENDING |= {"metadata.updateTime", "metadata.state", "metadata.name"}
PENDING |= {"metadata.batchStats.requestCount", "metadata.batchStats.pendingRequestCount"}
RUNNING = PENDING | {"metadata.batchStats.successfulRequestCount"}
ENDED = (PENDING | {"metadata.endTime", "done"}) - {"metadata.batchStats.pendingRequestCount"}
ERROR = {"error.code", "error.message"}
USAGE = {"promptTokenCount", "candidatesTokenCount", "totalTokenCount", "serviceTier"}
USAGE |= {"promptTokensDetails[].modality", "promptTokensDetails[].tokenCount"}
RESPONSE = {f"response.usageMetadata.{field}" for field in USAGE} | {"response.modelVersion", "response.responseId"}
RESPONSE |= {
    f"response.candidates[].{field}" for field in ("content.parts[].text", "content.role", "finishReason", "index")
}
SUCCEEDED = "metadata.batchStats.successfulRequestCount"


@pytest.fixture(scope="module")
def standing() -> Iterator[RunningEmulator]:
    """One whose time is moved by hand."""
    with start_emulator(STILL) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def instant() -> Iterator[RunningEmulator]:
    """One whose jobs end at once."""
    with start_emulator({"clock": {"pending": 0, "running": 0}}) as emulator:
        yield emulator


def fields(value: Any, path: str = "") -> Iterator[str]:
    """The paths of all members that are no objects."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from fields(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from fields(item, f"{path}[]")
    else:
        yield path


def twice(output: set[str]) -> set[str]:
    """Output stands in the metadata and in the response, which names its type."""
    return {f"metadata.output.{field}" for field in output} | {f"response.{field}" for field in output | {"@type"}}


def inlined(result: set[str]) -> set[str]:
    return {f"inlinedResponses.inlinedResponses[].{field}" for field in result}


def create(emulator: RunningEmulator, *, file: bool, embeds: bool) -> str:
    content = {"parts": [{"text": "Hi"}]}
    request: Any = {"content": content} if embeds else {"contents": [content]}
    config: Any = {"requests": {"requests": [{"request": request, "metadata": {"key": key}} for key in "ab"]}}
    if file:
        lines = b"\n".join(json.dumps({"key": key, "request": request}).encode() for key in "ab")
        config = {"fileName": upload(emulator, lines)["name"]}
    method = "asyncBatchEmbedContent" if embeds else "batchGenerateContent"
    body = {"batch": {"displayName": "mine", "inputConfig": config}}
    status, job = call(emulator, "POST", f"models/m:{method}", body)
    assert status == 200, job
    assert set(fields(job)) == PENDING | ({"metadata.inputConfig.fileName"} if file else set())
    return str(job["name"])


@pytest.mark.parametrize(
    ("file", "embeds", "output"),
    [
        (False, False, inlined({"metadata.key"} | RESPONSE)),
        (
            False,
            True,
            inlined({"metadata.key", "response.embedding.values[]", "response.usageMetadata.promptTokenCount"}),
        ),
        (True, False, {"responsesFile"}),
        (True, True, {"responsesFile"}),
    ],
)
def test_a_job_on_its_way(standing: RunningEmulator, output: set[str], *, file: bool, embeds: bool) -> None:
    emulator = tenant(standing)
    job = create(emulator, file=file, embeds=embeds)
    named = {"metadata.inputConfig.fileName"} if file else set()
    emulator.advance(10 + 60)
    assert set(fields(call(emulator, "GET", job)[1])) == RUNNING | named
    emulator.advance(60)
    ended = (ENDED | {SUCCEEDED} | named) - ({"metadata.updateTime"} if embeds and not file else set())
    assert set(fields(call(emulator, "GET", job)[1])) == ended | twice(output)
    assert set(fields(call(emulator, "GET", "batches")[1])) == {f"operations[].{field}" for field in ended}


@pytest.mark.parametrize(
    ("embeds", "result"),
    [(False, {"key"} | RESPONSE), (True, {"key", "response.tokenCount", "response.embedding.values[]"})],
)
@pytest.mark.parametrize("path", ["v1beta", "v1", "download/v1beta", "download/v1"])
def test_a_line_of_a_file_of_results(instant: RunningEmulator, result: set[str], path: str, *, embeds: bool) -> None:
    emulator = tenant(instant)
    name = call(emulator, "GET", create(emulator, file=True, embeds=embeds))[1]["response"]["responsesFile"]
    status, headers, body = raw(emulator, "GET", f"/{path}/{name}:download?alt=media")
    assert (status, headers["content-length"]) == (200, str(len(body)))
    lines = body.splitlines()
    assert [set(fields(json.loads(line))) for line in lines] == [result, result]


def test_a_job_that_was_cancelled_before_its_start(standing: RunningEmulator) -> None:
    emulator = tenant(standing)
    job = create(emulator, file=False, embeds=False)
    assert call(emulator, "POST", f"{job}:cancel") == (200, {})
    answer = call(emulator, "GET", job)[1]
    assert set(fields(answer)) == ENDED | ERROR | {"metadata.batchStats.pendingRequestCount"}
    assert answer["error"] == {"code": 13, "message": "Batch was cancelled."}


def test_a_job_that_was_cancelled_after_its_start(standing: RunningEmulator) -> None:
    emulator = tenant(standing)
    job = create(emulator, file=False, embeds=False)
    emulator.advance(10 + 60)
    assert call(emulator, "POST", f"{job}:cancel", {}) == (200, {})
    emulator.advance(1000)
    answer = call(emulator, "GET", job)[1]
    results = answer["response"]["inlinedResponses"]["inlinedResponses"]
    assert [result.get("error") for result in results] == [None, {"code": 1}]
    counts = {"requestCount": "2", "successfulRequestCount": "1", "failedRequestCount": "1"}
    assert answer["metadata"]["batchStats"] == counts
    assert answer["metadata"]["state"] == "BATCH_STATE_SUCCEEDED"


@pytest.mark.parametrize("end", ["FAILED", "EXPIRED"])
def test_a_job_without_results(emulate: Emulate, end: str) -> None:
    emulator = emulate({"end": {"state": end, "code": 8, "message": "Enqueued token quota exceeded for this model."}})
    answer = call(emulator, "GET", create(emulator, file=False, embeds=False))[1]
    assert set(fields(answer)) == ENDED | ERROR | {"metadata.batchStats.pendingRequestCount"}
    assert answer["error"] == {"code": 8, "message": "Enqueued token quota exceeded for this model."}


def test_a_job_that_is_deleted_while_it_runs_is_gone(standing: RunningEmulator) -> None:
    emulator = tenant(standing)
    job = create(emulator, file=False, embeds=False)
    emulator.advance(60)
    assert call(emulator, "DELETE", job) == (200, {})
    for method, path in (("GET", job), ("POST", f"{job}:cancel"), ("DELETE", job)):
        assert call(emulator, method, path)[0] == 404
    assert call(emulator, "GET", "batches") == (200, {})


def test_a_prompt_that_is_blocked_has_no_candidates(emulate: Emulate) -> None:
    emulator = emulate({"default": {"blocked": "PROHIBITED_CONTENT"}})
    answer = call(emulator, "POST", "models/m:generateContent", {"contents": [{"parts": [{"text": "Hi"}]}]})[1]
    usage = {f"usageMetadata.{field}" for field in USAGE - {"candidatesTokenCount"}}
    assert set(fields(answer)) == usage | {"promptFeedback.blockReason", "modelVersion", "responseId"}


def test_many_who_ask_for_an_output_at_once_all_get_the_whole(instant: RunningEmulator) -> None:
    emulator = tenant(instant)
    name = upload(emulator, b'{"request": {"contents": [{"parts": [{"text": "Hi"}]}]}}\n' * 20_000)["name"]
    body = {"batch": {"displayName": "mine", "inputConfig": {"fileName": name}}}
    job = call(emulator, "POST", "models/m:batchGenerateContent", body)[1]["name"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: call(emulator, "GET", job), range(4)))
    assert {status for status, _ in answers} == {200}
    [output] = {answer["response"]["responsesFile"] for _, answer in answers}
    assert raw(emulator, "GET", f"/v1beta/{output}:download?alt=media")[2].count(b"\n") == 20_000
