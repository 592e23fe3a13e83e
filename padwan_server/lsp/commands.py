"""workspace/executeCommand: every operation of the table as ``padwan.batch.<name>``."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.uris import to_fs_path

from padwan_server.errors import PadwanError
from padwan_server.lsp.confirmation import confirm
from padwan_server.lsp.outcomes import in_words
from padwan_server.lsp.progress import CommandProgress
from padwan_server.lsp.questions import Questions
from padwan_server.operations.names import NAMES

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer
    from padwan_server.operations.operation import Operation
    from padwan_server.session.session import Session

PREFIX = "padwan.batch."
_PATHS = ("file", "output", "root")


class Commands:
    """Runs operations for the client."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server
        self._questions = Questions(server)

    def register(self) -> None:
        """Announce the commands. Their calls come through ``execute``: pygls cannot cancel its own handlers."""
        for name in NAMES:
            self._server.command(PREFIX + name)(lambda *_: None)

    async def execute(self, params: types.ExecuteCommandParams) -> dict[str, Any]:
        """Run one command. Raises PadwanError."""
        operation = _operation(params.command)
        if params.arguments:
            return await self._run(operation, params)
        try:
            result = await self._run(operation, params)
        except PadwanError as error:
            self._tell(types.MessageType.Error, str(error))
            raise
        self._tell(types.MessageType.Info, in_words(result))
        return result

    def _tell(self, kind: types.MessageType, words: str) -> None:
        """Show a person what became of a command that their editor sent without arguments."""
        if self._questions.anybody:
            self._server.window_show_message(types.ShowMessageParams(kind, words))

    async def _run(self, operation: Operation[Any, Any], params: types.ExecuteCommandParams) -> dict[str, Any]:
        arguments = _arguments(params.arguments)
        # Which of several folders is meant is the editor's affair: no operation knows of more than one.
        root = arguments.pop("root", None)
        if self._questions.arise(operation, arguments):
            await self._server.configuration.ready()
            arguments = await self._questions.filled(operation, arguments)
        operation.parse(arguments)
        await self._server.configuration.ready()
        session = await self._session(arguments, root)
        if "file" in arguments:
            self._server.submitted(arguments["file"])
        from padwan_server.session.session import no_progress  # noqa: PLC0415 loaded with the session

        shows = operation.long_running or params.work_done_token is not None
        progress = CommandProgress(self._server, operation.title, params.work_done_token) if shows else None
        try:
            async with progress or nullcontext():
                report = progress.report if progress else no_progress
                context = session.context(report, partial(confirm, self._server))
                result = await operation(arguments, context)
        finally:
            if "job" in arguments or operation.long_running:
                self._server.jobs_changed()
        dumped: dict[str, Any] = result.model_dump(mode="json")
        return dumped

    async def _session(self, arguments: dict[str, Any], root: Any) -> Session:
        if isinstance(root, str):
            return self._server.session_for(root)
        if "job" in arguments:
            return await self._server.session_of(arguments["job"])
        return self._server.session_for(arguments.get("file"))


def _operation(command: str) -> Operation[Any, Any]:
    from padwan_server.operations.table import OPERATIONS  # noqa: PLC0415 no key needs it, and it takes its time

    name = command.removeprefix(PREFIX)
    if not command.startswith(PREFIX) or name not in NAMES:
        raise PadwanError(
            "unknown-command",
            f"There is no command {command}.",
            f"The commands are {', '.join(PREFIX + known for known in NAMES)}.",
        )
    return OPERATIONS[name]


def _arguments(given: Any) -> dict[str, Any]:
    """The one object that a command takes; none at all is an empty one. Files may be URIs, as editors have them."""
    if given is not None and (not isinstance(given, list | tuple) or len(given) > 1):
        raise PadwanError("invalid-params", "A command takes one object.", "Pass arguments: [{…}].")
    arguments = given[0] if given else {}
    if arguments is None:
        return {}
    if not isinstance(arguments, dict):
        raise PadwanError("invalid-params", "The argument of a command must be an object.", "Pass arguments: [{…}].")
    return {name: _path(value) if name in _PATHS else value for name, value in arguments.items()}


def _path(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("file:"):
        return to_fs_path(value) or value
    return value
