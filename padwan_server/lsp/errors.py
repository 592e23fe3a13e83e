"""What a client is told when something goes wrong: our errors, never a traceback."""

from __future__ import annotations

import logging
import traceback

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from padwan_server.errors import PadwanError

logger = logging.getLogger(__name__)

_INVALID_PARAMS = {
    "invalid-params",
    "invalid-job",
    "keys-or-range",
    "prompts-or-file",
    "unknown-command",
    "unknown-format",
}


def response_error(error: BaseException) -> types.ResponseError:
    """``error`` for the client. ``data`` of a PadwanError holds its code, message, hint and data."""
    if isinstance(error, PadwanError):
        invalid = error.code in _INVALID_PARAMS
        code = types.ErrorCodes.InvalidParams if invalid else types.LSPErrorCodes.RequestFailed
        return types.ResponseError(code=code, message=str(error), data=error.to_json())
    if isinstance(error, JsonRpcException):
        return types.ResponseError(code=error.code, message=error.message)
    log_internal(error)
    internal = PadwanError(
        "internal", "padwan-server met an error of its own.", "Its log names the place; please report it."
    )
    return types.ResponseError(code=types.ErrorCodes.InternalError, message=str(internal), data=internal.to_json())


def log_internal(error: BaseException) -> None:
    """Log the kind of an unexpected error and where it arose, but not its text: that may quote a prompt."""
    places = traceback.extract_tb(error.__traceback__)
    last = f"{places[-1].name}, line {places[-1].lineno}" if places else "unknown place"
    logger.error("internal error: %s in %s", type(error).__name__, last)


def log_not_shown(error: PadwanError) -> None:
    """Log why something is not beside the prompts: whoever asks for it by a command is told in full."""
    logger.warning("not shown: %s", error.code)
