"""Which service a session talks to, with which key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from padwan_server.errors import PadwanError
from padwan_server.gemini.endpoint import DEFAULT_BASE_URL, Endpoint

EMULATOR = "emulator"
EMULATOR_KEY = "emulator"
"""What the emulator is given for a key: never the user's own."""


@dataclass(frozen=True)
class Backend:
    """An endpoint and what the ledger calls it."""

    endpoint: Endpoint
    label: str


def gemini_backend(api_version: str, environment: Mapping[str, str] = os.environ) -> Backend:
    """The Gemini API as the environment names it, with the official SDK's variables and their order.

    GOOGLE_API_KEY comes before GEMINI_API_KEY, GOOGLE_GEMINI_BASE_URL replaces the address
    (google-genai, _api_client.py). Raises PadwanError ``no-api-key``.
    """
    key = (environment.get("GOOGLE_API_KEY") or environment.get("GEMINI_API_KEY") or "").strip()
    if not key:
        raise PadwanError(
            "no-api-key",
            "No API key is set.",
            "Set the environment variable GEMINI_API_KEY (https://aistudio.google.com/apikey gives keys), "
            "or set padwan.backend (--backend) to emulator to try everything without one.",
        )
    url = _base_url(environment)
    return Backend(Endpoint(base_url=url, api_key=key, api_version=api_version), label=url)


def backend_label(backend: str, environment: Mapping[str, str] = os.environ) -> str:
    """What the ledger calls the service that this setting chooses, whether or not it can be reached."""
    return EMULATOR if backend == EMULATOR else _base_url(environment)


def _base_url(environment: Mapping[str, str]) -> str:
    return (environment.get("GOOGLE_GEMINI_BASE_URL") or DEFAULT_BASE_URL).rstrip("/")


def emulator_backend(url: str, api_version: str) -> Backend:
    """The workspace's emulator at ``url``. Its port changes from start to start, its name in the ledger does not."""
    return Backend(Endpoint(base_url=url, api_key=EMULATOR_KEY, api_version=api_version), label=EMULATOR)
