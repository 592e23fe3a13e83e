"""The prompts of a file as its outline."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from lsprotocol import types

from padwan_server.lsp.convert import Converter
from padwan_server.prompts.record import Record

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer

SYMBOLS_SHOWN = 1000
"""Prompts in an outline at most: nobody looks through more, and editors slow down."""


class Symbols:
    """Document symbols."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server

    def register(self) -> None:
        """Take part in the protocol."""
        self._server.on(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, self._symbols)

    async def _symbols(self, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        view = await self._server.scope.view(params.text_document.uri)
        if view is None:
            return []
        _, prompts, convert = view
        return [_symbol(record, convert) for record in islice(prompts.records_from(0), SYMBOLS_SHOWN)]


def _symbol(record: Record, convert: Converter) -> types.DocumentSymbol:
    name = " ".join(record.key.split()) or "(no key)"
    return types.DocumentSymbol(
        name=name,
        detail=" ".join(record.text[:80].split()),
        kind=types.SymbolKind.String if record.request is None else types.SymbolKind.Object,
        range=convert.range(record.span),
        selection_range=convert.range(record.key_span or record.prompt_span),
    )
