"""The answer to one prompt, out of one line of results."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

import msgspec

_RPC_CODES = {
    1: "CANCELLED",
    2: "UNKNOWN",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    10: "ABORTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
}
"""google.rpc.Code, for errors that come without a message."""

_BLOCKING = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE"}
"""Finish reasons by which the service withholds an answer (https://ai.google.dev/api/generate-content#FinishReason)."""


class Outcome(StrEnum):
    """What became of a prompt."""

    OK = "ok"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    BLOCKED = "blocked"
    ERROR = "error"


_OK = Outcome.OK
"""Not looked up for each answer: a member of an enumeration takes as long as the answer itself."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """One answer. ``content`` joins all parts of the first candidate that are no thoughts; tokens may be unknown."""

    key: str | None
    outcome: Outcome
    content: str = ""
    finish_reason: str = ""
    error: str = ""
    error_code: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    thought_tokens: int | None = None
    total_tokens: int | None = None


class _Present(msgspec.Struct, gc=False):
    """An object whose members do not matter here."""


class _Part(msgspec.Struct, rename="camel", gc=False):
    text: str | None = None
    thought: bool | None = None
    inline_data: _Present | None = None
    function_call: _Present | None = None
    executable_code: _Present | None = None


class _Content(msgspec.Struct, gc=False):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, rename="camel", gc=False):
    content: _Content | None = None
    finish_reason: str | None = None


class _Feedback(msgspec.Struct, rename="camel"):
    block_reason: str | None = None


class _Usage(msgspec.Struct, rename="camel", gc=False):
    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    total_token_count: int | None = None


_NO_USAGE = _Usage()


class _Response(msgspec.Struct, rename="camel", gc=False):
    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: _Usage | None = None


class _Error(msgspec.Struct):
    code: int | None = None
    message: str | None = None


class _Line(msgspec.Struct, gc=False):
    key: str | None = None
    metadata: dict[str, Any] | None = None
    response: _Response | None = None
    error: _Error | None = None


_decode = msgspec.json.Decoder(_Line, strict=False).decode
_decode_lines = msgspec.json.Decoder(_Line, strict=False).decode_lines


def parse_answer(line: bytes | msgspec.Raw) -> Answer:
    """The answer in a line ``{"key" | "metadata", "response" | "error"}``. What cannot be read is an error answer."""
    try:
        return _answer(_decode(line))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _unusual(bytes(line))


def is_result(line: bytes) -> bool:
    """Whether a line is one of results, whatever they say."""
    try:
        value = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and not value.keys().isdisjoint(("key", "metadata", "response", "error"))


def parse_answers(lines: bytes, count: int) -> list[Answer]:
    """The answers in ``count`` lines, each as ``parse_answer`` reads it; as many as there are if that is not so."""
    try:
        found = _decode_lines(lines)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = []
    if len(found) == count:
        return list(map(_answer, found))
    return list(map(parse_answer, lines.removesuffix(b"\n").split(b"\n")))


def _unusual(line: bytes) -> Answer:
    """Lines that the strict decoder refuses: half surrogate pairs (which json reads), or what is no answer at all."""
    try:
        value = json.loads(line.decode("utf-8", "replace"))
        return _answer(msgspec.convert(_without_surrogates(value), _Line, strict=False))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return Answer(_readable_key(line), Outcome.ERROR, error="The service's answer cannot be read.")


def _without_surrogates(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
    return json.loads(text)


def _readable_key(line: bytes) -> str | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    key = value.get("key") if isinstance(value, dict) else None
    return key.encode("utf-8", "replace").decode() if isinstance(key, str) else None


def _answer(line: _Line) -> Answer:
    response = line.response
    if line.key is None or line.error is not None or response is None or not response.candidates:
        return _any(line)
    # What nearly all answers are, without a look at what they are not: one text that ended by itself.
    candidate, usage = response.candidates[0], response.usage_metadata
    parts = candidate.content.parts if candidate.content is not None else None
    if candidate.finish_reason != "STOP" or not parts or len(parts) > 1 or usage is None:
        return _any(line)
    [part] = parts
    if part.thought or not part.text:
        return _any(line)
    return Answer(
        line.key,
        _OK,
        part.text,
        "STOP",
        "",
        None,
        usage.prompt_token_count,
        usage.candidates_token_count,
        usage.thoughts_token_count,
        usage.total_token_count,
    )


def _any(line: _Line) -> Answer:
    key = line.key if line.key is not None else _metadata_key(line.metadata)
    if line.error is not None:
        return Answer(key, Outcome.ERROR, error=_failure(line.error), error_code=line.error.code)
    if line.response is None:
        return Answer(key, Outcome.ERROR, error="The service sent neither an answer nor an error.")
    return _response(key, line.response)


def _metadata_key(metadata: dict[str, Any] | None) -> str | None:
    key = (metadata or {}).get("key")
    return None if key is None else str(key)


def _failure(error: _Error) -> str:
    if error.message:
        return error.message
    return f"{_RPC_CODES.get(error.code or 0, 'error')} ({error.code})" if error.code is not None else "unknown error"


def _response(key: str | None, response: _Response) -> Answer:
    candidate = response.candidates[0] if response.candidates else None
    text, answered = _content(candidate.content if candidate else None)
    outcome, error = _outcome(response, candidate, answered=answered)
    usage = response.usage_metadata or _NO_USAGE
    return Answer(
        key,
        outcome,
        text,
        (candidate.finish_reason or "") if candidate else "",
        error,
        None,
        usage.prompt_token_count,
        usage.candidates_token_count,
        usage.thoughts_token_count,
        usage.total_token_count,
    )


def _content(content: _Content | None) -> tuple[str, bool]:
    """The text of all parts that are no thoughts, and whether there is any answer: an image or a call counts."""
    text, answered = "", False
    for part in (content and content.parts) or ():
        if not part.thought:
            text += part.text or ""
            answered = answered or bool(part.text or part.inline_data or part.function_call or part.executable_code)
    return text, answered


def _outcome(response: _Response, candidate: _Candidate | None, *, answered: bool) -> tuple[Outcome, str]:
    if candidate is None:
        reason = response.prompt_feedback.block_reason if response.prompt_feedback else None
        if reason:
            return Outcome.BLOCKED, f"The prompt was blocked: {reason}."
        return Outcome.EMPTY, "The model gave no answer."
    reason = candidate.finish_reason or ""
    if reason in _BLOCKING:
        return Outcome.BLOCKED, f"The answer was blocked: {reason}."
    if not answered:
        return Outcome.EMPTY, f"The model gave no text ({reason or 'no finish reason'})."
    return (Outcome.TRUNCATED if reason == "MAX_TOKENS" else Outcome.OK), ""
