"""Asks for what a command was not given: pickers of some editors can pass no arguments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcRequestCancelled

from padwan_server.errors import PadwanError
from padwan_server.exports.format import ExportFormat
from padwan_server.lsp.documents import free_path

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer
    from padwan_server.operations.operation import Operation
    from padwan_server.operations.views import JobView

_JOBS_OFFERED = 10

_DONE = {"cancel": False, "retry": True, "export": True}
"""Whether an operation is for jobs that have ended or for those that have not; of the others it is for both."""


class Questions:
    """Puts questions to the person at the editor. Where there is one possible answer, none is put."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server

    @property
    def anybody(self) -> bool:
        """Whether there is a person to ask: a client that shows no documents is a program."""
        return self._server.client_capabilities.text_document is not None

    def arise(self, operation: Operation[Any, Any], arguments: Mapping[str, Any]) -> bool:
        """Whether there is something to ask, and somebody."""
        known = set(operation.params.model_fields)
        return self.anybody and known.issuperset(arguments) and bool(_missing(operation, arguments))

    async def filled(self, operation: Operation[Any, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments with what was missing. Raises PadwanError ``invalid-params`` when nobody can be asked."""
        answers = dict(arguments)
        ask = {"file": self._files, "job": self._jobs, "output": self._outputs}
        for name in _missing(operation, arguments):
            choices = await ask[name](operation, answers)
            answers[name] = await self._chosen(operation, name, choices)
        return answers

    async def _chosen(self, operation: Operation[Any, Any], name: str, choices: dict[str, str]) -> str:
        """The value behind the title that was picked."""
        if not choices:
            raise PadwanError("invalid-params", f"{operation.name}: {_NONE[name]}", f"Pass {name}.")
        if len(choices) == 1:
            return next(iter(choices.values()))
        question = types.ShowMessageRequestParams(
            type=types.MessageType.Info,
            message=f"{operation.title}: which {name}?",
            actions=[types.MessageActionItem(title) for title in choices],
        )
        try:
            picked = await self._server.window_show_message_request_async(question)
        except JsonRpcException:
            # Helix, for one, knows no such request.
            raise PadwanError(
                "invalid-params",
                f"{operation.name}: which {name}? There are {', '.join(choices.values())}.",
                f"This editor cannot be asked: pass {name}.",
            ) from None
        if picked is None or picked.title not in choices:
            raise JsonRpcRequestCancelled("Nothing was chosen.")
        return choices[picked.title]

    async def _files(self, _: Operation[Any, Any], __: Mapping[str, Any]) -> dict[str, str]:
        """The prompt files that are open."""
        files = [document.path for document in self._server.documents.opened() if self._server.scope.holds(document)]
        return {self._shown(file): file for file in files}

    async def _jobs(self, operation: Operation[Any, Any], _: Mapping[str, Any]) -> dict[str, str]:
        """The recent jobs that the operation is for."""
        done = _DONE.get(operation.name)
        jobs = [job for job in await self._recent() if done in (None, job.done)]
        return {_title(job): job.job or job.id for job in jobs}

    async def _outputs(self, _: Operation[Any, Any], arguments: Mapping[str, Any]) -> dict[str, str]:
        """A free name of each format, beside the prompt file of the job."""
        session = await self._server.session_of(arguments["job"])
        file = next((job.file for job in await self._recent() if arguments["job"] in (job.job, job.id)), "")
        beside = str(session.workspace.root / (file or "batch"))
        paths = [free_path(beside, ".results", f".{kind.value}") for kind in ExportFormat]
        return {self._shown(str(path)): str(path) for path in paths}

    async def _recent(self) -> list[JobView]:
        from padwan_server.operations.table import OPERATIONS  # noqa: PLC0415 no key needs it, and it takes its time

        context = self._server.session_for(None).context()
        jobs: list[JobView] = (await OPERATIONS["list"]({"limit": _JOBS_OFFERED}, context)).jobs
        return jobs

    def _shown(self, file: str) -> str:
        return self._server.session_for(file).workspace.display_path(Path(file))


_NONE = {
    "file": "no prompt file is open.",
    "job": "there is no job that this could be done with.",
    "output": "no file was named.",
}


def _missing(operation: Operation[Any, Any], arguments: Mapping[str, Any]) -> list[str]:
    """The parameters to ask for, in the order of the questions."""
    fields = operation.params.model_fields
    given = {name for name, value in arguments.items() if value is not None}
    missing = [name for name in ("job", "output") if name in fields and fields[name].is_required()]
    if {"file", "prompts"} <= set(fields) and not given & {"file", "prompts"}:
        missing.append("file")
    return [name for name in missing if name not in given]


def _title(job: JobView) -> str:
    return f"{job.name} · {job.state} {job.succeeded + job.failed}/{job.total} · {job.job or job.id}"
