"""What happens around every request: the key, the log, what the scenario orders, and the service's way to answer."""

from __future__ import annotations

import asyncio
import hashlib
import traceback
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from html import escape
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from padwan_server.emulator import wire
from padwan_server.emulator.clock import EmulatedClock, timestamp
from padwan_server.emulator.envelope import RpcError, bad_key, invalid, no_key, of_http_status
from padwan_server.emulator.faults import Faults
from padwan_server.emulator.scenario import Fault, Scenario
from padwan_server.emulator.server import HANG_UP

LOGGED = 10_000
"""Requests that are remembered for those who look."""

BODY_LIMIT = 20_000_000
"""Bytes of a create with inline requests (https://ai.google.dev/gemini-api/docs/batch-api)."""

_DRIPS = 10
"""Pieces in which a slow body arrives."""

_SHARED = {"key", "alt", "$alt", "fields", "prettyPrint", "$prettyPrint", "quotaUser", "callback", "access_token"}
_SHARED |= {"oauth_token", "uploadType", "upload_protocol", "upload_id", "$.xgafv"}
_OF_LISTS = {"pageSize", "page_size", "pageToken", "page_token", "filter", "returnPartialSuccess"}
_PARAMETERS = _SHARED | _OF_LISTS
"""Those that all methods of Google's APIs have, and those of lists (Google's description of the API)."""

Handler = Callable[[Request], Awaitable[Response]]


class Exchange:
    """Answers requests by handlers that know nothing of all this."""

    def __init__(self, scenario: Scenario, clock: EmulatedClock) -> None:
        self._scenario = scenario
        self._clock = clock
        self._faults = Faults(scenario.faults)
        self.log: deque[dict[str, Any]] = deque(maxlen=LOGGED)

    def route(self, path: str, kind: str, handler: Handler, method: str = "GET", *, keyed: bool = True) -> Route:
        """A route to a handler; ``kind`` is what the scenario and the log call it."""

        async def answer(request: Request) -> Response:
            came = timestamp(self._clock.now())
            request.state.entry = {"time": came, "method": request.method, "path": request.url.path, "kind": kind}
            self.log.append(request.state.entry)
            fault = self._faults.next(kind)
            await asyncio.sleep(self._scenario.latency)
            try:
                if keyed:
                    self._check_key(request)
                    _check_parameters(request)
                response = await (self._troubled(fault, request, handler) if fault else handler(request))
            except RpcError as error:
                response = error_response(error)
            except ClientDisconnect:
                response = _hang_up()
            hung_up = HANG_UP.decode() in response.headers
            request.state.entry |= {"dropped": True} if hung_up else {"status": response.status_code}
            return response

        return Route(path, answer, methods=[method])

    async def _troubled(self, fault: Fault, request: Request, handler: Handler) -> Response:
        await asyncio.sleep(fault.delay)
        if fault.drop == "before":
            return _hang_up()
        if fault.status is not None:
            headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
            return error_response(of_http_status(fault.status, "Ordered by the scenario.", fault.retry_after), headers)
        response = await handler(request)
        if fault.drop == "after":
            return _hang_up()
        if fault.body is not None:
            response = Response(fault.body, media_type="application/json")
        return _slowed(response, fault.slow) if fault.slow else response

    def _check_key(self, request: Request) -> None:
        key = _key(request)
        if not key:
            raise no_key()
        if key in self._scenario.refuse_keys:
            raise bad_key()


def _check_parameters(request: Request) -> None:
    """Refuse parameters that no method has."""
    for name in request.query_params:
        if name not in _PARAMETERS:
            raise invalid(
                "",
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                f"Field '{name}' could not be found in request message.",
            )


def _hang_up() -> Response:
    return Response(headers={HANG_UP.decode(): "1"})


def _slowed(response: Response, seconds: float) -> Response:
    total = int(response.headers["content-length"])
    size = -(-total // _DRIPS) or 1

    async def drip() -> AsyncIterator[bytes]:
        async for piece in _pieces(response):
            for at in range(0, len(piece), size):
                drop = piece[at : at + size]
                await asyncio.sleep(seconds * len(drop) / total)
                yield drop

    headers = dict(response.headers)
    return StreamingResponse(drip(), status_code=response.status_code, headers=headers)


async def _pieces(response: Response) -> AsyncIterator[bytes]:
    if not isinstance(response, StreamingResponse):
        yield bytes(response.body)
        return
    async for piece in response.body_iterator:
        yield piece.encode() if isinstance(piece, str) else bytes(piece)


def _key(request: Request) -> str:
    return request.headers.get("x-goog-api-key") or request.query_params.get("key") or ""


async def body_of(request: Request) -> bytes:
    """The body of a request that is JSON. Raises RpcError for one that is too large, of which no more is kept."""
    body = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= BODY_LIMIT:
            body += chunk
    if size > BODY_LIMIT:
        raise RpcError("INVALID_ARGUMENT", f"Request payload size exceeds the limit: {BODY_LIMIT} bytes.")
    return bytes(body)


def owner_of(request: Request) -> str:
    """Whose a thing is: told by the key, which is not kept."""
    return hashlib.blake2b(_key(request).encode(), digest_size=8).hexdigest()


def version_of(request: Request) -> str:
    """The version of the API that a request is for."""
    return "v1" if "/v1/" in request.url.path else "v1beta"


def json_response(value: Any, shape: type[msgspec.Struct], headers: dict[str, str] | None = None) -> Response:
    """An answer in the service's encoding, held against its shape."""
    body = msgspec.json.encode(value)
    wire.check(body, shape)
    return Response(body, media_type="application/json; charset=UTF-8", headers=headers)


def operation_response(value: Any) -> Response:
    """A job, held against its shape."""
    body = msgspec.json.encode(value)
    wire.check_operation(body)
    return Response(body, media_type="application/json; charset=UTF-8")


def error_response(error: RpcError, headers: dict[str, str] | None = None) -> Response:
    """An error in its envelope."""
    body = msgspec.json.encode(error.body())
    wire.check(body, wire.ErrorResponse)
    return Response(body, error.code, headers, "application/json; charset=UTF-8")


async def not_found(request: Request, _: Exception | None) -> Response:
    """What the service has for a path or a method that is none of its own: a page, no envelope."""
    told = f"The requested URL <code>{escape(request.url.path)}</code> was not found on this server."
    return HTMLResponse(f"<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n<p>{told}\n", 404)


async def broken(_: Request, error: Exception) -> Response:
    """A fault of the emulator itself: told on standard error, and answered as the service tells of its own."""
    traceback.print_exception(error)
    return error_response(RpcError("INTERNAL", "Internal error encountered."))
