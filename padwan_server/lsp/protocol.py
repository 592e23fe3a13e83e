"""pygls' protocol with the repairs that docs/architecture.md lists: each has a test in tests/lsp/test_protocol.py."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.workspace import Workspace

from padwan_server.lsp.errors import log_internal, response_error

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer

logger = logging.getLogger(__name__)
# pygls logs messages whole when it cannot read them, and they hold prompts.
logging.getLogger("pygls").setLevel(logging.CRITICAL)

INVALID_REQUEST = types.ResponseError(code=types.ErrorCodes.InvalidRequest, message="Invalid request.")
PARSE_ERROR = types.ResponseError(code=types.ErrorCodes.ParseError, message="The message is not JSON.")
NOT_INITIALIZED = types.ResponseError(
    code=types.ErrorCodes.ServerNotInitialized, message="Send initialize first, and wait for its answer."
)
CANCELLED = types.ResponseError(code=types.LSPErrorCodes.RequestCancelled, message="Cancelled.")


def _decoded(body: bytes) -> Any:
    """The JSON value of a message. Raises ValueError."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        # Half a surrogate pair is to be kept as it is, which msgspec does not.
        return json.loads(body)


class PadwanProtocol(LanguageServerProtocol):
    """Answers every request exactly once, cancels what runs, and keeps nothing of what is done."""

    _server: PadwanLanguageServer

    def install_workspace(self, workspace: Workspace) -> None:
        """Put our documents in the place of pygls' own; once, while initializing."""
        self._workspace = workspace

    def receive(self, body: bytes) -> None:
        """Handle one message. What cannot be understood is answered with an error, not with a popup."""
        try:
            message = _decoded(body)
        except ValueError:
            return self._respond(None, PARSE_ERROR)
        if not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            return self._respond(None, INVALID_REQUEST)
        if self._shutdown and "id" in message and "method" in message:
            return self._respond(message["id"], INVALID_REQUEST)
        if self._workspace is None and message.get("method") not in (types.INITIALIZE, types.EXIT):
            return self._respond(message["id"], NOT_INITIALIZED) if "id" in message else None
        try:
            structured = self.structure_message(message)
        except JsonRpcException:
            return self._malformed(message)
        self.handle_message(structured)
        return None

    def _malformed(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if "id" in message and method:
            text = f"The parameters of {method} are not those of the protocol."
            self._respond(message["id"], types.ResponseError(code=types.ErrorCodes.InvalidParams, message=text))
        else:
            logger.warning("ignored a malformed message: %s", method)

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # type: ignore[override]
        self, params: types.ExecuteCommandParams
    ) -> Any:
        """A coroutine, so that it is the request's own task and a cancelled request ends it."""
        return await self._server.execute_command(params)

    @lsp_method(types.SHUTDOWN)
    async def lsp_shutdown(self, *_: object) -> None:  # type: ignore[override]
        """Cancel what runs, then let the server put its things away before the answer goes out."""
        current = self.msg_id
        for msg_id, future in list(self._request_futures.items()):
            if msg_id != current and not future.done():
                future.cancel()
        self._shutdown = True
        await self._server.close_sessions()

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: object) -> None:  # type: ignore[override]
        """End with 0 after a shutdown, else with 1, as the specification says."""
        self._server.stop(0 if self._shutdown else 1)

    def _execute_handler(
        self,
        msg_id: Any,
        handler: Any,
        callback: Callable[[Any], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        """As pygls does, but forget the future once it is done, for notifications too."""

        def done(future: Any) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, done, args, kwargs)

    def _send_handler_result(self, future: Any, *, msg_id: Any) -> None:
        """Answer a request with its result, or with an error that holds no traceback."""
        if future.cancelled():
            return self._respond(msg_id, CANCELLED)
        error = future.exception()
        if error is not None:
            if isinstance(error, asyncio.CancelledError):
                return self._respond(msg_id, CANCELLED)
            return self._respond(msg_id, response_error(error))
        try:
            self._send_response(msg_id, result=future.result())
        except (TypeError, ValueError, AttributeError) as unserialisable:
            self._respond(msg_id, response_error(unserialisable))
        return None

    def _handle_request(self, msg_id: Any, method_name: str, params: Any) -> None:
        try:
            handler = self._get_handler(method_name)
        except JsonRpcException as error:
            return self._respond(msg_id, response_error(error))
        self._ctx_msg_id.set(msg_id)
        self._execute_handler(msg_id, handler, lambda f: self._send_handler_result(f, msg_id=msg_id), (params,))
        return None

    def _check_handler_result(self, future: Any) -> None:
        """A notification has nobody to tell of its failure: log it, without a popup."""
        if not future.cancelled() and (error := future.exception()) is not None:
            log_internal(error)

    def _respond(self, msg_id: Any, error: types.ResponseError) -> None:
        self._result_types.pop(msg_id, None)
        self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "error": self._converter.unstructure(error)})

    def _send_data(self, data: Any) -> None:
        """Write one message. Its body is never logged, and what cannot be encoded is the sender's to handle."""
        body = json.dumps(data, default=self._serialize_message).encode()
        if self.writer is None:
            return
        try:
            self.writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        except (OSError, ValueError):
            # Nobody reads any more: end as if the client had closed its side.
            self._server.stop(1)
