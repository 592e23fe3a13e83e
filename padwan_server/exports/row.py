"""One row of an export."""

from __future__ import annotations

import msgspec


class Row(msgspec.Struct, frozen=True, gc=False):
    """A prompt's result. The first five fields and their order are those of padwan-cli, which others read."""

    key: str
    content: str
    input_tokens: int | None
    output_tokens: int | None
    total_tokens: int | None
    error: str
    """Why there is no good answer, so that a failed prompt is never a blank row."""
    finish_reason: str


FIELDS = Row.__struct_fields__
"""The fields that json and csv hold."""
