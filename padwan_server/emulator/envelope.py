"""Errors in the service's envelope and words (recorded answers; https://cloud.google.com/apis/design/errors)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_CODES = {
    "INVALID_ARGUMENT": (3, 400),
    "FAILED_PRECONDITION": (9, 400),
    "OUT_OF_RANGE": (11, 400),
    "UNAUTHENTICATED": (16, 401),
    "PERMISSION_DENIED": (7, 403),
    "NOT_FOUND": (5, 404),
    "ALREADY_EXISTS": (6, 409),
    "ABORTED": (10, 409),
    "RESOURCE_EXHAUSTED": (8, 429),
    "CANCELLED": (1, 499),
    "INTERNAL": (13, 500),
    "UNKNOWN": (2, 500),
    "DATA_LOSS": (15, 500),
    "UNIMPLEMENTED": (12, 501),
    "UNAVAILABLE": (14, 503),
    "DEADLINE_EXCEEDED": (4, 504),
}
"""Of each status its code and the one of HTTP (google/rpc/code.proto), the usual one of an HTTP code first."""

_OF_HTTP = {http: status for status, (_, http) in reversed(_CODES.items())}
_OF_RPC = {code: status for status, (code, _) in _CODES.items()}


class RpcError(Exception):
    """An answer that is an error."""

    def __init__(self, status: str, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = _CODES[status][1]
        self.message = message
        self.details = details or []

    def body(self) -> dict[str, Any]:
        """The envelope."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": self.status}
        if self.details:
            error["details"] = self.details
        return {"error": error}


def of_http_status(code: int, message: str, retry_after: float | None = None) -> RpcError:
    """The error that comes with an HTTP status, asking to wait ``retry_after`` seconds if given."""
    wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after or 0:g}s"}
    error = RpcError(_OF_HTTP.get(code, "INTERNAL"), message, [wait] if retry_after is not None else None)
    error.code = code
    return error


def of_rpc_code(code: int, message: str) -> RpcError:
    """The error of a google.rpc code, as it is over HTTP."""
    return RpcError(_OF_RPC[code], message)


def bad_key() -> RpcError:
    """The key is unknown (recorded)."""
    message = "API key not valid. Please pass a valid API key."
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }
    localized = {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": message}
    return RpcError("INVALID_ARGUMENT", message, [info, localized])


def no_key() -> RpcError:
    """The request carries no key."""
    return RpcError(
        "PERMISSION_DENIED",
        "Method doesn't allow unregistered callers (callers without established identity). "
        "Please use API Key or other form of API consumer identity to call this API.",
    )


def invalid(field: str, description: str) -> RpcError:
    """A field that cannot be read."""
    return unreadable([(field, description)])


def unreadable(violations: Iterable[tuple[str, str]]) -> RpcError:
    """Fields that cannot be read, each with what is wrong with it; that of the whole message has no name."""
    told = list(violations)
    described = [{**({"field": field} if field else {}), "description": text} for field, text in told]
    bad_request = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": described}
    return RpcError("INVALID_ARGUMENT", "\n".join(text for _, text in told), [bad_request])


def refused(field: str, reason: str) -> RpcError:
    """A field that can be read and not be accepted; the service sends no details with these (recorded)."""
    return RpcError("INVALID_ARGUMENT", f"* {field}: {reason}\n")
