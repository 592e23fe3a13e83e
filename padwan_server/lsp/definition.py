"""From a prompt to its answer as it was received, and back; and from a job's key to its prompt."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from lsprotocol import types
from pygls.uris import from_fs_path

from padwan_server.lsp.convert import Converter
from padwan_server.lsp.documents import PromptTextDocument
from padwan_server.prompts.document import PromptDocument
from padwan_server.prompts.format import format_of
from padwan_server.prompts.text import LINE_END

if TYPE_CHECKING:
    from padwan_server.jobs.chain import Chain
    from padwan_server.lsp.server import PadwanLanguageServer
    from padwan_server.session.session import Session

PROMPT_PLACE = "padwan/promptPlace"
"""A request of ours: ``{job, key}``, answered with a Location or null. For tables of results."""


class Definitions:
    """Go to definition."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server

    def register(self) -> None:
        """Take part in the protocol."""
        self._server.on(types.TEXT_DOCUMENT_DEFINITION, self._definition)
        self._server.on(PROMPT_PLACE, self._prompt_place)

    async def _prompt_place(self, params: Any) -> types.Location | None:
        session = await self._server.session_of(params.job)
        chain = await session.history.chain(params.job)
        return await self._place(session, chain, params.key) if chain else None

    async def _definition(self, params: types.DefinitionParams) -> types.Location | None:
        document = self._server.scope.document(params.text_document.uri)
        if document:
            return await self._answer(document, params.position)
        results = self._server.documents.get(params.text_document.uri)
        return await self._prompt(results, params.position) if results else None

    async def _answer(self, document: PromptTextDocument, position: types.Position) -> types.Location | None:
        prompts = await document.prompts()
        record = prompts.record_at(Converter(document.uri, prompts, document.encoding).offset(position))
        job = await self._server.last_jobs.of(document)
        if record is None or job is None:
            return None
        [beside] = await job.beside([record])
        place = await job.history.read(lambda: job.chain.place(beside)) if beside else None
        if place is None:
            return None
        path, line = place
        start = types.Position(line, 0)
        return types.Location(from_fs_path(str(path)) or "", types.Range(start, start))

    async def _prompt(self, results: PromptTextDocument, position: types.Position) -> types.Location | None:
        """The prompt whose answer stands on a line of a results file."""
        path = Path(results.path)
        session = self._server.session_for(results.path)
        owner = await session.history.owner(path)
        key = _key_on(results.source, position.line)
        return await self._place(session, owner[0], key) if owner and key is not None else None

    async def _place(self, session: Session, chain: Chain, key: str) -> types.Location | None:
        """Where the prompt of a key stands in the file that a job was made from."""
        if not chain.root.source:
            return None
        source = session.workspace.root / chain.root.source
        document = self._server.open_document(source)
        uri = document.uri if document else from_fs_path(str(source)) or ""
        prompts = await document.prompts() if document else await asyncio.to_thread(_read, source)
        found = prompts.records_of(key) if prompts else []
        if prompts is None or not found:
            return None
        encoding = document.encoding if document else self._server.documents.encoding
        return types.Location(uri, Converter(uri, prompts, encoding).range(found[0].span))


def _key_on(text: str, line: int) -> str | None:
    """The key in a line of results."""
    lines = LINE_END.split(text, maxsplit=line + 1)
    try:
        result = msgspec.json.decode(lines[line])
    except (msgspec.MsgspecError, IndexError):
        return None
    if not isinstance(result, dict):
        return None
    metadata = result.get("metadata")
    key = result.get("key") or (metadata.get("key") if isinstance(metadata, dict) else None)
    return key if isinstance(key, str) else None


def _read(path: Path) -> PromptDocument | None:
    try:
        return PromptDocument(path.read_text(encoding="utf-8"), format_of(str(path)))
    except (OSError, UnicodeDecodeError):
        return None
