"""Fixes put into effect."""

from __future__ import annotations

from collections.abc import Iterable

from padwan_server.prompts.problem import Edit


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text after the edits, whose spans all count in the text before. Raises ValueError if two of them overlap."""
    pieces = []
    done = 0
    for edit in sorted(edits, key=lambda edit: edit.span):
        if edit.span.start < done:
            raise ValueError(f"two edits overlap at offset {edit.span.start}")
        pieces += [text[done : edit.span.start], edit.text]
        done = edit.span.end
    return "".join([*pieces, text[done:]])
