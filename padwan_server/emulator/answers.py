"""What the model says: an echo that tells where it comes from, or what the scenario wants."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from padwan_server.emulator.scenario import Outcome


def result(request: Mapping[str, Any], outcome: Outcome, model: str) -> dict[str, Any]:
    """``{"response": …}`` or ``{"error": …}`` for a GenerateContentRequest."""
    prompt = prompt_text(request)
    if outcome.error is not None:
        message = {"message": outcome.error.message} if outcome.error.message is not None else {}
        return {"error": {"code": outcome.error.code, **message}}
    if outcome.blocked is not None:
        return {"response": {"promptFeedback": {"blockReason": outcome.blocked}, **_meta(prompt, "", "", model)}}
    if outcome.finish is not None:
        return {"response": {"candidates": [_candidate([], outcome.finish)], **_meta(prompt, "", "", model)}}
    text = outcome.text if outcome.text is not None else f"[padwan emulator] You asked: {prompt}"
    if outcome.truncated:
        text = text[: max(len(text) // 2, 1)]
    thoughts = outcome.thoughts or ""
    parts = ([{"text": thoughts, "thought": True}] if thoughts else []) + [{"text": text}]
    candidate = _candidate(parts, "MAX_TOKENS" if outcome.truncated else "STOP")
    return {"response": {"candidates": [candidate], **_meta(prompt, text, thoughts, model)}}


def prompt_text(request: Mapping[str, Any]) -> str:
    """The joined text of a request's contents."""
    contents = request.get("contents")
    turns = contents if isinstance(contents, list) else [contents]
    parts = [part for turn in turns if isinstance(turn, dict) for part in turn.get("parts") or ()]
    return "".join(str(part["text"]) for part in parts if isinstance(part, dict) and "text" in part)


def _candidate(parts: list[dict[str, Any]], reason: str) -> dict[str, Any]:
    content = {"parts": parts, "role": "model"} if parts else {}
    return {"content": content, "finishReason": reason, "index": 0}


def _meta(prompt: str, text: str, thoughts: str, model: str) -> dict[str, Any]:
    asked, answered, thought = map(_tokens, (prompt, text, thoughts))
    usage: dict[str, Any] = {"promptTokenCount": asked}
    usage |= {"candidatesTokenCount": answered} if answered else {}
    usage |= {"totalTokenCount": asked + answered + thought}
    usage |= {"promptTokensDetails": [{"modality": "TEXT", "tokenCount": asked}]}
    usage |= {"thoughtsTokenCount": thought} if thought else {}
    identity = hashlib.blake2b(f"{model}\0{prompt}\0{text}".encode("utf-8", "replace"), digest_size=12).hexdigest()
    return {"usageMetadata": usage, "modelVersion": model, "responseId": identity}


def _tokens(text: str) -> int:
    """About four characters are a token (https://ai.google.dev/gemini-api/docs/tokens)."""
    return -(-len(text) // 4)
