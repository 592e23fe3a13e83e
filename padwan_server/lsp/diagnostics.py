"""The problems of prompt files while they are edited: pulled by clients that can, else pushed, never both."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from padwan_server.lsp.convert import SOURCE, Converter
from padwan_server.lsp.documents import PromptTextDocument
from padwan_server.lsp.errors import log_internal
from padwan_server.prompts.document import PROBLEMS_SHOWN
from padwan_server.prompts.rules import Code

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer


_AT_ONCE = 200
"""Problems that can be found and put into the protocol's words without holding the event loop for long."""


class Diagnostics:
    """Checks open documents whose names the settings list, and those that their user submitted."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server
        self._checks: dict[str, asyncio.Task[None]] = {}

    def register(self) -> None:
        """Take part in the protocol."""
        on = self._server.on
        on(types.TEXT_DOCUMENT_DID_OPEN, self._changed)
        on(types.TEXT_DOCUMENT_DID_CHANGE, self._changed)
        on(types.TEXT_DOCUMENT_DID_CLOSE, self._closed)
        pull = types.DiagnosticOptions(inter_file_dependencies=False, workspace_diagnostics=False, identifier=SOURCE)
        on(types.TEXT_DOCUMENT_DIAGNOSTIC, self._pulled, pull)

    def submitted(self, document: PromptTextDocument) -> None:
        """Check this document from now on, whatever its name."""
        if self._server.scope.add(document):
            self._check(document)

    def refresh(self) -> None:
        """Check every open document anew: the settings have changed."""
        if self._pulls:
            if self._refreshes:
                self._server.workspace_diagnostic_refresh(None)
            return
        for document in self._server.documents.opened():
            self._check(document)

    @property
    def _pulls(self) -> bool:
        text_document = self._server.client_capabilities.text_document
        return bool(text_document and text_document.diagnostic)

    @property
    def _refreshes(self) -> bool:
        workspace = self._server.client_capabilities.workspace
        return bool(workspace and workspace.diagnostics and workspace.diagnostics.refresh_support)

    def _changed(self, params: types.DidOpenTextDocumentParams | types.DidChangeTextDocumentParams) -> None:
        document = self._server.documents.get(params.text_document.uri)
        if document and not self._pulls:
            self._check(document)

    def _closed(self, params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        self._server.scope.forget(uri)
        if not self._pulls:
            self._publish(uri, None, [])

    def _check(self, document: PromptTextDocument) -> None:
        """Push the problems soon. Changes that come meanwhile are checked once, together."""
        uri = document.uri
        if uri not in self._checks:
            self._checks[uri] = asyncio.create_task(self._push(uri))
            self._checks[uri].add_done_callback(_log_failure)

    async def _push(self, uri: str) -> None:
        # Changes already read from the client are applied before this goes on.
        await asyncio.sleep(0)
        del self._checks[uri]
        document = self._server.documents.get(uri)
        if document:
            found = await self._found(document)
            # What was typed meanwhile has a check of its own on its way.
            if uri not in self._checks and document is self._server.documents.get(uri):
                self._publish(uri, document.version, found)

    async def _found(self, document: PromptTextDocument | None) -> list[types.Diagnostic]:
        while document and self._server.scope.holds(document):
            version = document.version
            prompts, grades = await document.prompts(), self._server.settings.grades
            failed = (
                await self._server.last_jobs.failed(document, prompts) if Code.FAILED_REQUEST in grades.shown else []
            )
            problems = prompts.find(PROBLEMS_SHOWN, grades.shown)
            if len(problems) > _AT_ONCE:
                await asyncio.sleep(0)
            # What was found while something was typed is of no text any more.
            if version == document.version:
                convert = Converter(document.uri, prompts, document.encoding)
                untold = self._server.last_jobs.untold(document) if failed else 0
                return convert.diagnostics(problems, grades, [grades.graded(found) for found in failed], untold)
        return []

    def _publish(self, uri: str, version: int | None, found: list[types.Diagnostic]) -> None:
        self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))

    async def _pulled(self, params: types.DocumentDiagnosticParams) -> types.RelatedFullDocumentDiagnosticReport:
        document = self._server.documents.get(params.text_document.uri)
        return types.RelatedFullDocumentDiagnosticReport(items=await self._found(document))


def _log_failure(check: asyncio.Task[None]) -> None:
    if not check.cancelled() and (error := check.exception()):
        log_internal(error)
