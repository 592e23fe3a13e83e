"""One row of an export."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A prompt's result. The first five fields and their order are those of padwan-cli, which others read."""

    key: str
    content: str
    input_tokens: int | None
    output_tokens: int | None
    total_tokens: int | None
    error: str
    """Why there is no good answer, so that a failed prompt is never a blank row."""
    finish_reason: str
    raw: bytes
    """The whole result as a line of JSON, as the service sent it; only jsonl holds it."""


FIELDS = ("key", "content", "input_tokens", "output_tokens", "total_tokens", "error", "finish_reason")
"""The fields that json and csv hold."""
