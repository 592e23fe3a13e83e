"""Where the service is and who we are there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com"

_KEY = 16
"""Characters that a key has at least; what stands in for one at an emulator may be a word."""


@dataclass(frozen=True)
class Endpoint:
    """A service and the key to it. The key is kept out of every representation."""

    base_url: str
    api_key: str = field(repr=False)
    api_version: str = "v1beta"
    """google-genai 3 defaults to v1, but every document and recording of batches says v1beta."""

    @property
    def key_fingerprint(self) -> str:
        """Tells keys apart and leads to none: 12 hexadecimal digits of a hash."""
        return hashlib.blake2b(self.api_key.encode(), digest_size=6, person=b"padwan-key").hexdigest()

    def without_key(self, answer: bytes) -> bytes:
        """``answer``, in which a service or a proxy may quote the key, without it."""
        return answer.replace(self.api_key.encode(), b"(the API key)") if len(self.api_key) >= _KEY else answer

    def url(self, path: str, prefix: str = "") -> str:
        """The address of a resource, e.g. ``batches/x``; ``prefix`` is ``download/`` for the documents' downloads."""
        return f"{self.base_url}/{prefix}{self.api_version}/{path}"
