"""The service's answers with all their oddities, as recordings of it show them."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padwan_server.gemini.answers import Outcome, parse_answer, parse_answers
from padwan_server.gemini.errors import ServiceError, answer_error
from padwan_server.gemini.job import RequestCounts, line_of, parse_job, parse_page
from padwan_server.gemini.states import JobState, parse_state

ITEM = {"response": {"candidates": [{"content": {"parts": [{"text": "hi"}]}}]}, "metadata": {"key": "k", "own": 1}}
OUTPUT = {"inlinedResponses": {"inlinedResponses": [ITEM]}}


def operation(**metadata: Any) -> dict[str, Any]:
    return {"name": "batches/a", "metadata": {"state": "BATCH_STATE_SUCCEEDED", "model": "models/m", **metadata}}


def job(value: Any) -> Any:
    return parse_job(json.dumps(value).encode())


def test_counts_are_strings_and_zeros_are_left_out() -> None:
    stats = {"requestCount": "10", "successfulRequestCount": "9", "failedRequestCount": "1"}
    assert job(operation(batchStats=stats)).counts == RequestCounts(10, 9, 1, 0)


def test_results_are_taken_once_although_they_are_in_two_places() -> None:
    both = {**operation(output=OUTPUT), "response": {"@type": "x", **OUTPUT}}
    assert len(job(both).inline_responses) == 1
    assert len(job(operation(output=OUTPUT)).inline_responses) == 1
    assert job(operation(output={"responsesFile": "files/x"})).responses_file == "files/x"


def test_times_have_nanoseconds() -> None:
    assert job(operation(createTime="2026-11-20T10:11:12.123456789Z")).create_time == datetime(
        2026, 11, 20, 10, 11, 12, 123456, UTC
    )
    assert job(operation(endTime="2026-11-20T10:11:12Z")).end_time == datetime(2026, 11, 20, 10, 11, 12, tzinfo=UTC)
    assert job(operation(endTime="soon")).end_time is None


def test_a_failed_job_says_why() -> None:
    failed = {**operation(state="BATCH_STATE_FAILED"), "done": True, "error": {"code": 8, "message": "No quota."}}
    assert job(failed).error.message == "No quota."


@pytest.mark.parametrize("prefix", ["BATCH_STATE_", "JOB_STATE_", ""])
def test_states_come_under_two_prefixes(prefix: str) -> None:
    assert {parse_state(prefix + state) for state in JobState} == set(JobState)
    assert parse_state(prefix + "INVENTED") is JobState.UNSPECIFIED


def test_an_operation_without_a_state_is_known_by_done() -> None:
    assert job({"name": "batches/a", "done": True, "response": {}}).state is JobState.SUCCEEDED
    assert job({"name": "batches/a", "done": True, "error": {"code": 13}}).state is JobState.FAILED
    assert job({"name": "batches/a"}).state is JobState.UNSPECIFIED


def test_an_empty_list_is_an_empty_object() -> None:
    assert parse_page(b"{}").jobs == []


def test_the_key_moves_from_the_metadata_to_the_line() -> None:
    assert json.loads(line_of(json.dumps(ITEM).encode())) == {
        "key": "k",
        "response": ITEM["response"],
        "metadata": {"own": 1},
    }


@pytest.mark.parametrize(
    "line",
    [
        b'{"key": "a", "response": ' + b"[" * 100_000,
        b'{"key": "a", "response": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"key": "\\ud800", "response": 5}',
    ],
)
def test_an_odd_line_spoils_no_other(line: bytes) -> None:
    good = json.dumps(ITEM).encode()
    odd, plain = parse_answers(line + b"\n" + good + b"\n", 2)
    assert (odd, plain) == (parse_answer(line), parse_answer(good))
    assert odd.outcome is Outcome.ERROR
    assert (odd.key or "").encode()[:1] in (b"", b"?")


@given(
    st.binary()
    | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_whatever_comes_is_an_answer_or_a_clear_error(body: bytes) -> None:
    assert parse_answer(body).outcome in set(Outcome)
    for parse in (parse_job, parse_page):
        with contextlib.suppress(ServiceError):
            parse(body)


def response(**fields: Any) -> bytes:
    return json.dumps({"key": "k", "response": fields}).encode()


def candidate(*parts: Any, reason: str = "STOP") -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, "finishReason": reason}]}


@pytest.mark.parametrize(
    ("line", "outcome", "content", "error"),
    [
        (response(**candidate({"text": "a"}, {"text": "b"})), "ok", "ab", ""),
        (response(**candidate({"text": "hm", "thought": True}, {"text": "b"})), "ok", "b", ""),
        (response(**candidate({"text": "cut"}, reason="MAX_TOKENS")), "truncated", "cut", ""),
        (response(**candidate(reason="MAX_TOKENS")), "empty", "", "The model gave no text (MAX_TOKENS)."),
        (response(**candidate({"text": "x", "thought": True})), "empty", "", "The model gave no text (STOP)."),
        (response(**candidate(reason="SAFETY")), "blocked", "", "The answer was blocked: SAFETY."),
        (response(promptFeedback={"blockReason": "OTHER"}), "blocked", "", "The prompt was blocked: OTHER."),
        (response(), "empty", "", "The model gave no answer."),
        (response(candidates=[{"finishReason": "STOP"}]), "empty", "", "The model gave no text (STOP)."),
        (response(**candidate({"inlineData": {"mimeType": "image/png", "data": "AA"}})), "ok", "", ""),
        (b'{"key": "k", "error": {"code": 13, "message": "It broke."}}', "error", "", "It broke."),
        (b'{"key": "k", "error": {"code": 1}}', "error", "", "CANCELLED (1)"),
        (b'{"metadata": {"key": "k"}, "response": {}}', "empty", "", "The model gave no answer."),
        (b'{"key": "k"}', "error", "", "The service sent neither an answer nor an error."),
        (b'{"key": "k", "response": [', "error", "", "The service's answer cannot be read."),
    ],
)
def test_answers_are_told_apart(line: bytes, outcome: str, content: str, error: str) -> None:
    answer = parse_answer(line)
    assert (answer.outcome, answer.content, answer.error) == (outcome, content, error)
    assert answer.key == ("k" if b"[" not in line[-2:] else None)


def test_tokens_are_unknown_rather_than_zero() -> None:
    assert parse_answer(response(**candidate({"text": "x"}))).input_tokens is None
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 2, "thoughtsTokenCount": 3, "totalTokenCount": 6}
    answer = parse_answer(response(**candidate({"text": "x"}), usageMetadata=usage))
    tokens = (answer.input_tokens, answer.output_tokens, answer.thought_tokens, answer.total_tokens)
    assert tokens == (1, 2, 3, 6)


def envelope(code: int, **more: Any) -> bytes:
    return json.dumps({"error": {"code": code, "message": "said so", "status": "X", **more}}).encode()


RETRY_INFO = {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}]}
BAD_KEY = {"details": [{"@type": "x", "reason": "API_KEY_INVALID"}]}


@pytest.mark.parametrize(
    ("status", "body", "headers", "code", "retry_after"),
    [
        (400, envelope(400, **BAD_KEY), {}, "api-key-invalid", None),
        (400, envelope(400), {}, "service-refused", None),
        (401, envelope(401), {}, "api-key-invalid", None),
        (403, envelope(403), {}, "permission-denied", None),
        (404, envelope(404), {}, "job-not-found", None),
        (429, envelope(429, **RETRY_INFO), {"retry-after": "5"}, "rate-limited", 34.07),
        (429, b"busy", {"retry-after": "5"}, "rate-limited", 5.0),
        (429, b"busy", {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, "rate-limited", 0.0),
        (429, b"busy", {"retry-after": "soon"}, "rate-limited", None),
        (503, b"<html>", {}, "service-unavailable", None),
        (504, b"", {}, "service-unavailable", None),
    ],
)
def test_errors_have_codes_and_the_pause_that_is_asked_for(
    status: int, body: bytes, headers: dict[str, str], code: str, retry_after: float | None
) -> None:
    error = answer_error(status, body, headers, "job-not-found")
    assert (error.code, error.retry_after) == (code, retry_after)
    assert error.transient == (status in (429, 503, 504))
    assert error.hint
