"""padwan/prompts: where prompts stand, for editors that lead from a key to its prompt and back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.uris import to_fs_path

from padwan_server.errors import PadwanError
from padwan_server.lsp.configuration import plain
from padwan_server.lsp.convert import Converter
from padwan_server.prompts.document import PromptDocument
from padwan_server.prompts.record import Record

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer

PROMPTS = "padwan/prompts"
PLACES_TOLD = 1000
"""Prompts of one answer at most."""


class PromptPlaces:
    """A request of ours: ``textDocument`` and ``keys`` or a ``range`` → ``[{key, range}]``, in the file's order."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server

    def register(self) -> None:
        """Take part in the protocol."""
        self._server.on(PROMPTS, self._places)

    async def _places(self, given: Any) -> list[dict[str, Any]]:
        found: Iterator[Record]
        match plain(given):
            case {"textDocument": {"uri": str(uri)}, "keys": list(keys)}:
                prompts, convert = await self._view(uri)
                found = (record for key in keys if isinstance(key, str) for record in prompts.records_of(key))
            case {"textDocument": {"uri": str(uri)}, "range": {"start": start, "end": end}}:
                prompts, convert = await self._view(uri)
                place = types.Range(types.Position(**start), types.Position(**end))
                found = _touched(prompts, convert, place)
            case _:
                raise PadwanError(
                    "invalid-params", f"{PROMPTS} takes textDocument, and keys or a range.", "Pass an object of these."
                )
        return [_place(record, convert) for record in islice(found, PLACES_TOLD)]

    async def _view(self, uri: str) -> tuple[PromptDocument, Converter]:
        """A file as it is in the editor, else on the disk. Raises PadwanError ``file-not-found`` and the like."""
        document = self._server.documents.get(uri)
        if document:
            prompts = await document.prompts()
        else:
            path = to_fs_path(uri) or ""
            file = await self._server.session_for(path).workspace.prompt_file(str(Path(path)))
            prompts = await file.document()
        encoding = document.encoding if document else self._server.documents.encoding
        return prompts, Converter(uri, prompts, encoding)


def _touched(prompts: PromptDocument, convert: Converter, place: types.Range) -> Iterator[Record]:
    span = convert.span(place)
    for record in prompts.records_from(span.start):
        if record.span.start > span.end:
            return
        yield record


def _place(record: Record, convert: Converter) -> dict[str, Any]:
    place = convert.range(record.span)
    start, end = ({"line": p.line, "character": p.character} for p in (place.start, place.end))
    return {"key": record.key, "range": {"start": start, "end": end}}
