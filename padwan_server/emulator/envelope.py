"""Errors in the service's envelope and words (recorded answers; https://cloud.google.com/apis/design/errors)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_STATUSES = {code: status for status, code in reversed(_CODES.items())}


class RpcError(Exception):
    """An answer that is an error."""

    def __init__(self, status: str, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = _CODES[status]
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
    error = RpcError(_STATUSES.get(code, "INTERNAL"), message, [wait] if retry_after is not None else None)
    error.code = code
    return error


_RPC_CODES = {
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    12: "UNIMPLEMENTED",
    14: "UNAVAILABLE",
}


def of_rpc_code(code: int, message: str) -> RpcError:
    """The error of a google.rpc code, as it is over HTTP."""
    return RpcError(_RPC_CODES.get(code, "INTERNAL"), message)


def bad_key() -> RpcError:
    """The key is unknown, or there is none."""
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }
    return RpcError("INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [info])


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
