"""One entry of a prompt file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from padwan_server.prompts.span import Span

_DIGEST_BYTES = 16


DEFAULT_PREFIX = "prompt-"


def default_key(index: int) -> str:
    """The key of the record at ``index`` when the file gives it none."""
    return f"{DEFAULT_PREFIX}{index}"


def number_in(key: str) -> int | None:
    """The index in a key that looks like a default key."""
    if not key.startswith(DEFAULT_PREFIX):
        return None
    number = key.removeprefix(DEFAULT_PREFIX)
    sound = number.isascii() and number.isdecimal() and len(number) < 16 and (number == "0" or number[0] != "0")
    return int(number) if sound else None


def text_digest(text: str) -> str:
    """A fingerprint, in hex, of a prompt's text."""
    return _digest(text.encode("utf-8", "surrogatepass"))


def request_digest(request: dict[str, Any]) -> str:
    """A fingerprint, in hex, of a request whatever its spelling."""
    return _digest(json.dumps(request, sort_keys=True, separators=(",", ":")).encode("ascii"))


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()


@dataclass(frozen=True, slots=True)
class Record:
    """A prompt with its key, and where both stand in the file.

    ``index`` counts the file's entries from 0, the broken ones too. ``generated`` says that the key comes from the
    index. ``text`` is the decoded prompt; of a Gemini request, the text parts of its contents, joined by line feeds.
    ``request`` is that request as written, or None for a plain prompt. ``span`` covers the whole entry, ``key_span``
    and ``prompt_span`` the values with their quotes (``prompt_span`` is the request's value for a request, and the
    stripped line in a text file).
    """

    index: int
    key: str
    generated: bool
    text: str
    request: dict[str, Any] | None
    span: Span
    key_span: Span | None
    prompt_span: Span

    @property
    def written_key(self) -> str | None:
        """The key that the file gives it, if any."""
        return None if self.generated else self.key

    @property
    def is_string(self) -> bool:
        """Whether the prompt is the whole entry, and not a member of an object."""
        return self.span == self.prompt_span

    def shifted(self, offset: int, entries: int = 0) -> Record:
        """The same record in a text that begins ``offset`` and so many ``entries`` earlier."""
        index = self.index + entries
        return Record(
            index=index,
            key=default_key(index) if self.generated else self.key,
            generated=self.generated,
            text=self.text,
            request=self.request,
            span=self.span.shifted(offset),
            key_span=self.key_span.shifted(offset) if self.key_span else None,
            prompt_span=self.prompt_span.shifted(offset),
        )

    @property
    def digest(self) -> str:
        """A fingerprint, in hex, of what would be sent: the prompt's text, or the request whatever its spelling."""
        return text_digest(self.text) if self.request is None else request_digest(self.request)
