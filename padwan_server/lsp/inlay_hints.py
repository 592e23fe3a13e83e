"""Behind each prompt in view: how its last request ended, and what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from padwan_server.lsp.convert import Converter
from padwan_server.prompts.record import Record

if TYPE_CHECKING:
    from padwan_server.jobs.chain import Beside
    from padwan_server.lsp.server import PadwanLanguageServer

HINTS_SHOWN = 1000
"""Hints of one answer at most; a screen has fewer lines."""


class InlayHints:
    """Inlay hints, if the settings want them."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server

    def register(self) -> None:
        """Take part in the protocol."""
        self._server.on(types.TEXT_DOCUMENT_INLAY_HINT, self._hints, types.InlayHintOptions())

    async def _hints(self, params: types.InlayHintParams) -> list[types.InlayHint]:
        document = self._server.scope.document(params.text_document.uri)
        job = await self._server.last_jobs.of(document) if document and self._server.settings.inlay_hints else None
        if document is None or job is None:
            return []
        prompts = await document.prompts()
        convert = Converter(document.uri, prompts, document.encoding)
        start, end = convert.span(params.range)
        records: list[Record] = []
        for record in prompts.records_from(start):
            if record.span.start > end or len(records) == HINTS_SHOWN:
                break
            records.append(record)
        shown = zip(records, await job.beside(records), strict=True)
        return [_hint(record, beside, convert) for record, beside in shown if beside]


def _hint(record: Record, beside: Beside, convert: Converter) -> types.InlayHint:
    if beside.answer is None:
        label = "changed since"
    else:
        tokens = beside.answer.answer.total_tokens
        label = beside.answer.outcome + (f" · {tokens} tokens" if tokens else "")
    place = convert.range(record.span).end
    return types.InlayHint(place, label, padding_left=True, tooltip=f"Job {beside.job.name}")
