"""What is sent of a record: its key, and its text or its request, wherever it stands."""

from __future__ import annotations

from typing import Any

import msgspec

from padwan_server.prompts.record import request_digest, text_digest


class Prompt(msgspec.Struct, frozen=True, gc=False):
    """A prompt with its key. ``request`` is a Gemini request as written, and ``text`` does not count then."""

    key: str
    text: str
    request: dict[str, Any] | None = None

    @property
    def digest(self) -> str:
        """As a record's: a fingerprint, in hex, of what would be sent."""
        return text_digest(self.text) if self.request is None else request_digest(self.request)
