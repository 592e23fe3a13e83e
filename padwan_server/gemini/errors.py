"""What can go wrong at the service, each with its code and whether it passes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from padwan_server.errors import PadwanError

REFUSED = "The service refused: "
FAILED = "The service failed: "
"""After these, messages quote what the service said."""

_TRANSIENT_REFUSALS = (408, 429)
"""Statuses below 500 that pass. From 500 on all do: proxies have numbers of their own, as 524 for a time-out."""


class ServiceError(PadwanError):
    """The service, or the way to it, failed.

    ``transient``: it may pass, so a read can be repeated after ``retry_after`` seconds (None: as one likes).
    ``ambiguous``: a create that the service may have accepted all the same.
    """

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        transient: bool = False,
        retry_after: float | None = None,
        ambiguous: bool = False,
    ) -> None:
        super().__init__(code, message, hint)
        self.transient = transient
        self.retry_after = retry_after
        self.ambiguous = ambiguous


class _Violation(msgspec.Struct, rename="camel"):
    quota_metric: str = ""
    quota_id: str = ""
    quota_value: str = ""

    def __str__(self) -> str:
        name = self.quota_id or self.quota_metric.rpartition("/")[2]
        return f"{name} (limit {self.quota_value})" if self.quota_value else name


class _Detail(msgspec.Struct, rename={"type": "@type", "retry_delay": "retryDelay"}):
    type: str = ""
    reason: str = ""
    retry_delay: str = ""
    violations: list[_Violation] = []


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""
    status: str = ""
    details: list[_Detail] = []


class _Envelope(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


_decode = msgspec.json.Decoder(_Envelope, strict=False).decode

_HINTS = {
    "api-key-invalid": "Check GEMINI_API_KEY (https://aistudio.google.com/apikey).",
    "permission-denied": "Check what the key's project may use.",
    "rate-limited": "Wait and try again; a poll does so by itself.",
    "service-unavailable": "Try again in a while; a poll does so by itself.",
    "job-not-found": "List the jobs to see their names; jobs made with another API key are not visible.",
    "model-not-found": "Choose another model.",
    "file-not-found": "Uploaded files are kept for 48 hours: send the prompts again.",
    "service-refused": "Correct what it names and send again.",
}


def answer_error(status: int, body: bytes, headers: Mapping[str, str], missing: str) -> ServiceError:
    """The error in an answer of the service. ``missing`` is the code of a 404: which thing was asked for."""
    try:
        error = _decode(body).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        error = _Error()
    code = _code(status, error, missing)
    message = " ".join(error.message.split())[:500] or f"it answered {status}"
    quotas = ", ".join(filter(None, (str(violation) for detail in error.details for violation in detail.violations)))
    message += f" Quota: {quotas[:300]}." if quotas else ""
    return ServiceError(
        code,
        f"{REFUSED if status < 500 else FAILED}{message}",
        _HINTS[code],
        transient=status >= 500 or status in _TRANSIENT_REFUSALS,
        retry_after=_retry_after(error, headers),
    )


def _code(status: int, error: _Error, missing: str) -> str:
    if any(detail.reason == "API_KEY_INVALID" for detail in error.details) or status == 401:
        return "api-key-invalid"
    if status >= 500 or status == 408:
        return "service-unavailable"
    return {403: "permission-denied", 404: missing, 429: "rate-limited"}.get(status, "service-refused")


def _retry_after(error: _Error, headers: Mapping[str, str]) -> float | None:
    """Seconds that the service asks to wait: RetryInfo in the body, else the header ``retry-after``."""
    asked = [detail.retry_delay for detail in error.details if detail.retry_delay] + [headers.get("retry-after", "")]
    for delay in asked:
        if re.fullmatch(r"\d+(\.\d+)?s?", delay):
            return float(delay.removesuffix("s"))
        if date := _http_date(delay):
            return max((date - datetime.now(UTC)).total_seconds(), 0.0)
    return None


def _http_date(word: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(word)
    except ValueError:
        return None
    return date.replace(tzinfo=date.tzinfo or UTC)


def network_error(error: BaseException, *, ambiguous: bool = False) -> ServiceError:
    """The service was not reached, or not heard to the end. The cause is told by its kind, without addresses."""
    return ServiceError(
        "network",
        f"The service cannot be reached ({type(error).__name__}).",
        "Check the network and GOOGLE_GEMINI_BASE_URL; a poll goes on by itself.",
        transient=True,
        ambiguous=ambiguous,
    )


def silent() -> ServiceError:
    """The service has not answered in the time that its caller has."""
    return ServiceError(
        "network",
        "The service does not answer.",
        "Try again in a while; a poll goes on by itself.",
        transient=True,
    )


def bad_answer(error: BaseException) -> ServiceError:
    """The service, or a proxy before it, sent what it never should."""
    return ServiceError(
        "bad-answer",
        f"The service's answer cannot be read ({type(error).__name__}).",
        "Try again; if it stays so, something between you and the service changes its answers.",
        transient=True,
    )


def no_output() -> ServiceError:
    """A job has succeeded and its results are not there: nothing is to be concluded from that."""
    return ServiceError(
        "bad-answer",
        "The service says that the job has succeeded and does not tell its results yet.",
        "Ask again in a while; a poll does so by itself.",
        transient=True,
    )


def not_sent(error: BaseException) -> ServiceError:
    """The SDK refused to make a request of it."""
    return ServiceError(
        "service-refused",
        f"Nothing was sent: no request can be made of this ({type(error).__name__}).",
        "Check the model's name.",
    )


def uncertain(cause: str) -> ServiceError:
    """A create left and nobody can say what became of it."""
    return ServiceError(
        "submit-uncertain",
        f"The job was sent, but the service's answer did not arrive ({cause}): it may or may not run.",
        "Look for it with batch list before you send the prompts again, or you may pay twice.",
        ambiguous=True,
    )
