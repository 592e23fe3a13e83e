"""Embeddings: vectors that say nothing, the same for the same text."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

from padwan_server.emulator.answers import failure, prompt_text, tokens
from padwan_server.emulator.scenario import Outcome

DIMENSIONS = 3072
"""Of Google's embedding models unless a request says otherwise (https://ai.google.dev/gemini-api/docs/embeddings)."""


def embedding_result(request: Mapping[str, Any], outcome: Outcome, *, inline: bool) -> dict[str, Any]:
    """``{"response": …}`` or ``{"error": …}`` for an EmbedContentRequest, as a batch has it."""
    if outcome.error is not None:
        return failure(outcome.error)
    content = request.get("content")
    text = prompt_text({"contents": [content]})
    wanted = request.get("outputDimensionality", request.get("output_dimensionality"))
    embedding = {"values": _values(text, wanted if isinstance(wanted, int) and wanted > 0 else DIMENSIONS)}
    # Recorded: results in a file count their tokens otherwise than inline ones.
    if inline:
        return {"response": {"embedding": embedding, "usageMetadata": {"promptTokenCount": tokens(text)}}}
    return {"response": {"tokenCount": str(tokens(text)), "embedding": embedding}}


def _values(text: str, dimensions: int) -> list[float]:
    """A unit vector."""
    chance = random.Random(text)  # noqa: S311 meant to be repeatable
    values = [chance.uniform(-1, 1) for _ in range(dimensions)]
    length = math.sqrt(sum(value * value for value in values))
    return [round(value / length, 9) for value in values]
