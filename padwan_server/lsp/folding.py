"""Folding of long files and entries, and selections that grow from a word to its entry."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from lsprotocol import types

from padwan_server.lsp.convert import Converter
from padwan_server.prompts.block import Block
from padwan_server.prompts.document import PromptDocument
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.record import Record
from padwan_server.prompts.span import Span
from padwan_server.prompts.text import Encoding

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer

GROUP = 100
"""Lines that fold together where each prompt has a line of its own."""

FOLDS_SHOWN = 5000
"""Folds of one answer at most: VS Code takes no more."""


class Folding:
    """Folding and selection ranges."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server

    def register(self) -> None:
        """Take part in the protocol."""
        self._server.on(types.TEXT_DOCUMENT_FOLDING_RANGE, self._folds)
        self._server.on(types.TEXT_DOCUMENT_SELECTION_RANGE, self._selections)

    async def _folds(self, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
        document = self._server.scope.document(params.text_document.uri)
        if document is None:
            return []
        prompts = await document.prompts()
        if document.format is PromptFormat.JSON:
            folds = await asyncio.to_thread(_folded_entries, prompts.snapshot())
        else:
            folds = list(islice(_folded_groups(prompts.position(len(prompts), Encoding.UTF32)), FOLDS_SHOWN))
        return [types.FoldingRange(first, last) for first, last in folds]

    async def _selections(self, params: types.SelectionRangeParams) -> list[types.SelectionRange]:
        view = await self._server.scope.view(params.text_document.uri)
        if view is None:
            return []
        _, prompts, convert = view
        return [_selection(prompts, convert, position) for position in params.positions]


def _folded_entries(blocks: list[tuple[int, Block]]) -> list[tuple[int, int]]:
    """First and last line of each entry over several lines. A block finds its own once and keeps them."""
    folds = ((line + first, line + last) for line, block in blocks for first, last in block.folds)
    return list(islice(folds, FOLDS_SHOWN))


def _folded_groups(end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """First and last line of each group of lines, in a file that ends at this line and character."""
    lines = end[0] + (1 if end[1] else 0)
    for first in range(0, lines if lines > GROUP else 0, GROUP):
        last = min(first + GROUP, lines) - 1
        if last > first:
            yield first, last


def _selection(prompts: PromptDocument, convert: Converter, position: types.Position) -> types.SelectionRange:
    """From the inside out: the text of a string, the string, the entry, its line, the file."""
    offset = convert.offset(position)
    record = prompts.record_at(offset)
    selection = types.SelectionRange(convert.range(Span(0, len(prompts))))
    for span in _spans_in(record, offset, prompts.format) if record else ():
        selection = types.SelectionRange(convert.range(span), selection)
    return selection


def _spans_in(record: Record, offset: int, format: PromptFormat) -> Iterator[Span]:  # noqa: A002 the field's own word
    yield record.span
    for span in (record.key_span, record.prompt_span):
        if span and span.start <= offset <= span.end and span != record.span:
            yield span
            if record.request is None or span == record.key_span:
                yield Span(span.start + 1, span.end - 1)
            return
    if format is not PromptFormat.TEXT and record.is_string:
        yield Span(record.span.start + 1, record.span.end - 1)
