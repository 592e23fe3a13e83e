"""What the model says: an echo that tells where it comes from, or what the scenario wants."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from padwan_server.emulator.messages import several
from padwan_server.emulator.scenario import Failure, Outcome

AnswerFunction = Callable[[dict[str, Any], str, str], str]
"""Makes the text of an answer of a request, its key and the model."""


def result(
    request: Mapping[str, Any], outcome: Outcome, model: str, key: str = "", function: AnswerFunction | None = None
) -> dict[str, Any]:
    """``{"response": …}`` or ``{"error": …}`` for a GenerateContentRequest."""
    prompt = prompt_text(request)
    if outcome.error is not None:
        return failure(outcome.error)
    if outcome.blocked is not None:
        return {"response": {"promptFeedback": {"blockReason": outcome.blocked}, **_meta(prompt, "", "", model)}}
    if outcome.finish is not None:
        return {"response": {"candidates": [_candidate([], outcome.finish)], **_meta(prompt, "", "", model)}}
    text = _text(request, outcome, model, key, function)
    if outcome.truncated:
        text = text[: max(len(text) // 2, 1)]
    thoughts = outcome.thoughts or ""
    parts = ([{"text": thoughts, "thought": True}] if thoughts else []) + [{"text": text}]
    candidate = _candidate(parts, "MAX_TOKENS" if outcome.truncated else "STOP")
    return {"response": {"candidates": [candidate], **_meta(prompt, text, thoughts, model)}}


def _text(request: Mapping[str, Any], outcome: Outcome, model: str, key: str, function: AnswerFunction | None) -> str:
    if outcome.text is not None:
        return outcome.text
    if function is not None:
        return function(dict(request), key, model)
    prompt = prompt_text(request)
    template = outcome.template or "[padwan emulator] You asked: {prompt}"
    filled = {"prompt": prompt, "key": key, "model": model}
    return re.sub(r"\{(prompt|key|model)\}", lambda match: filled[match[1]], template)


def failure(error: Failure) -> dict[str, Any]:
    """``{"error": …}``; the service leaves out a message that is empty."""
    return {"error": {"code": error.code, **({"message": error.message} if error.message is not None else {})}}


def prompt_text(request: Mapping[str, Any]) -> str:
    """The joined text of a request's contents."""
    turns = several(request.get("contents"))
    parts = [part for turn in turns if isinstance(turn, dict) for part in several(turn.get("parts"))]
    return "".join(str(part["text"]) for part in parts if isinstance(part, dict) and "text" in part)


def _candidate(parts: list[dict[str, Any]], reason: str) -> dict[str, Any]:
    content = {"parts": parts, "role": "model"} if parts else {}
    return {"content": content, "finishReason": reason, "index": 0}


def _meta(prompt: str, text: str, thoughts: str, model: str) -> dict[str, Any]:
    asked, answered, thought = map(tokens, (prompt, text, thoughts))
    usage: dict[str, Any] = {"promptTokenCount": asked}
    usage |= {"candidatesTokenCount": answered} if answered else {}
    usage |= {"totalTokenCount": asked + answered + thought}
    usage |= {"promptTokensDetails": [{"modality": "TEXT", "tokenCount": asked}]}
    usage |= {"thoughtsTokenCount": thought} if thought else {}
    usage |= {"serviceTier": "standard"}
    identity = hashlib.blake2b(f"{model}\0{prompt}\0{text}".encode("utf-8", "replace"), digest_size=12).hexdigest()
    return {"usageMetadata": usage, "modelVersion": model, "responseId": identity}


def tokens(text: str) -> int:
    """About four characters are a token (https://ai.google.dev/gemini-api/docs/tokens)."""
    return -(-len(text) // 4)
