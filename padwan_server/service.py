"""What is known of the Gemini service that ages: its limits and its models, in one place.

A model that is not here is never refused.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

INLINE_LIMIT_BYTES = 19_500_000
"""Bytes of inline requests at most. The service takes less than 20 MB a create, names and brackets included
(https://ai.google.dev/gemini-api/docs/batch-api)."""

INLINE_PROMPTS = 20_000
"""Requests that go inline at most: our choice. More take hundreds of megabytes while the SDK encodes them, and come
back in one answer that must be read as a whole."""

MAX_INPUT_FILE_BYTES = 2_000_000_000
"""The service's limit for an input file (https://ai.google.dev/gemini-api/docs/batch-api)."""

MAX_PROMPTS = 200_000
"""Requests of one job that are known to be taken: Vertex AI documents this limit for its batches
(https://cloud.google.com/vertex-ai/generative-ai/docs/quotas), the Gemini API documents none."""

MAX_ACTIVE_JOBS = 100
"""Batch jobs of one key at once (https://ai.google.dev/gemini-api/docs/rate-limits#batch-api)."""

AIMED_AT = timedelta(hours=24)
"""Within which the service aims to end a job (https://ai.google.dev/gemini-api/docs/batch-api)."""

EXPIRES_AFTER = timedelta(hours=48)
"""After which a job that is pending or running becomes EXPIRED (same page)."""

FILES_LAST = timedelta(hours=48)
"""How long uploaded files are kept (https://ai.google.dev/gemini-api/docs/files)."""

DEFAULT_MODEL = "gemini-3.8-flash"
"""The model of Google's batch samples in November 2026."""


MODELS = (DEFAULT_MODEL, "gemini-3.7-flash", "gemini-3.5-flash-lite")
"""Models to suggest, newest first; the list ages like the others."""


class Retirement(NamedTuple):
    """When a model is shut down, and what to use in its place."""

    on: date
    successor: str


# https://ai.google.dev/gemini-api/docs/deprecations, read in November 2026
RETIREMENTS = {
    "gemini-1.5-flash": Retirement(date(2025, 9, 24), DEFAULT_MODEL),
    "gemini-1.5-pro": Retirement(date(2025, 9, 24), DEFAULT_MODEL),
    "gemini-2.0-flash": Retirement(date(2026, 6, 1), DEFAULT_MODEL),
    "gemini-2.0-flash-001": Retirement(date(2026, 6, 1), DEFAULT_MODEL),
    "gemini-2.0-flash-lite": Retirement(date(2026, 6, 1), DEFAULT_MODEL),
    "gemini-2.0-flash-lite-001": Retirement(date(2026, 6, 1), DEFAULT_MODEL),
    "gemini-2.5-flash": Retirement(date(2026, 12, 1), DEFAULT_MODEL),
    "gemini-2.5-pro": Retirement(date(2026, 12, 1), DEFAULT_MODEL),
}


def model_name(model: str) -> str:
    """``model`` without the prefix ``models/``."""
    return model.removeprefix("models/")


def model_warning(model: str, today: date) -> str | None:
    """What to say before using a model that is retired or soon will be."""
    retirement = RETIREMENTS.get(model_name(model))
    if retirement is None:
        return None
    verb = "was" if retirement.on <= today else "will be"
    return f"The model {model_name(model)} {verb} shut down on {retirement.on}: use {retirement.successor}."
