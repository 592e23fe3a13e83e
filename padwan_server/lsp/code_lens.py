"""Above a prompt file: what can be done with it, and how its last job stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from padwan_server.lsp.commands import PREFIX
from padwan_server.lsp.documents import PromptTextDocument, free_path
from padwan_server.lsp.last_jobs import LastJob
from padwan_server.prompts.document import PromptDocument
from padwan_server.prompts.rules import number_of

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer


class CodeLenses:
    """Lenses on the first line."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server

    def register(self) -> None:
        """Take part in the protocol."""
        self._server.on(types.TEXT_DOCUMENT_CODE_LENS, self._lenses, types.CodeLensOptions())

    async def _lenses(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        document = self._server.scope.document(params.text_document.uri)
        if document is None:
            return []
        prompts = await document.prompts()
        job = await self._server.last_jobs.of(document)
        commands = [self._run(document, prompts)]
        if job:
            commands += await _of_job(document, job)
        return [_lens(place, command) for place, command in enumerate(commands)]

    def _run(self, document: PromptTextDocument, prompts: PromptDocument) -> types.Command:
        what = "1 prompt" if prompts.prompts == 1 else f"{prompts.prompts} prompts"
        errors = number_of(prompts.counts(), self._server.settings.grades.stopping)
        if errors:
            return types.Command(f"{what}, {errors} {'error' if errors == 1 else 'errors'}", "")
        return _command(f"Run {what}", "create", file=document.path)


def _lens(place: int, command: types.Command) -> types.CodeLens:
    """On the first line, in a column of its own: Neovim sorts by columns, and equal ones anyhow."""
    at = types.Position(0, place)
    return types.CodeLens(types.Range(at, at), command)


async def _of_job(document: PromptTextDocument, job: LastJob) -> list[types.Command]:
    return list(_job_commands(document, job, await job.failed()))


def _job_commands(document: PromptTextDocument, job: LastJob, failed: int) -> Iterator[types.Command]:
    root, latest = job.chain.root, job.chain.jobs[-1]
    shown = latest if not latest.stored else root
    done = shown.succeeded + shown.failed
    state = f"{shown.state} {done}/{shown.total}"
    if not shown.name:
        yield types.Command(state, "")
        return
    yield _command(state, "status", job=shown.name, results=False)
    if not shown.stored:
        yield _command("Poll", "poll", job=shown.name, results=False)
        yield _command("Cancel", "cancel", job=shown.name)
    if root.stored:
        yield _command("Export", "export", job=root.name, output=str(free_path(document.path, ".results", ".json")))
    if root.stored and latest.stored and failed:
        yield _command(f"Retry {failed} failed", "retry", job=root.name, submit=True)


def _command(title: str, operation: str, **arguments: Any) -> types.Command:
    return types.Command(title, PREFIX + operation, arguments=[arguments])
