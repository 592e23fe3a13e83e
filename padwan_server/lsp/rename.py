"""Giving a prompt another key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lsprotocol import types

from padwan_server.errors import PadwanError
from padwan_server.prompts.document import PromptDocument
from padwan_server.prompts.record import Record

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer


class Renames:
    """Rename."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server

    def register(self) -> None:
        """Take part in the protocol."""
        self._server.on(types.TEXT_DOCUMENT_PREPARE_RENAME, self._prepare)
        self._server.on(types.TEXT_DOCUMENT_RENAME, self._rename, types.RenameOptions(prepare_provider=True))

    async def _prepare(self, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        found = await self._found(params)
        if found is None:
            return None
        record, place, _ = found
        return types.PrepareRenamePlaceholder(place, record.key)

    async def _rename(self, params: types.RenameParams) -> types.WorkspaceEdit | None:
        found = await self._found(params)
        if found is None:
            return None
        record, place, prompts = found
        key = params.new_name
        if not key.strip():
            raise PadwanError("invalid-params", "A key cannot be empty.", "Type another one.")
        if any(other.index != record.index for other in prompts.records_of(key)):
            raise PadwanError("invalid-params", f"Another prompt has the key {key[:60]} already.", "Type another one.")
        edit = types.TextEdit(place, json.dumps(key, ensure_ascii=False))
        return types.WorkspaceEdit(changes={params.text_document.uri: [edit]})

    async def _found(
        self, params: types.PrepareRenameParams | types.RenameParams
    ) -> tuple[Record, types.Range, PromptDocument] | None:
        """The record whose written key stands at a position, and the place of the key."""
        view = await self._server.scope.view(params.text_document.uri)
        if view is None:
            return None
        _, prompts, convert = view
        offset = convert.offset(params.position)
        record = prompts.record_at(offset)
        if record is None or record.key_span is None or record.generated:
            return None
        inside = record.key_span.start <= offset <= record.key_span.end
        return (record, convert.range(record.key_span), prompts) if inside else None
