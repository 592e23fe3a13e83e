"""Errors in the service's envelope and words (recorded answers; https://cloud.google.com/apis/design/errors)."""

from __future__ import annotations

from typing import Any

_CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
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
    """A field that cannot be accepted."""
    violation = {"field": field, "description": description} if field else {"description": description}
    bad_request = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
    return RpcError("INVALID_ARGUMENT", description, [bad_request])


def unknown_field(name: str, where: str) -> RpcError:
    """A field that the message does not have, worded as the service's JSON parser does."""
    place = f" at '{where}'" if where else ""
    return invalid(where, f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.')
