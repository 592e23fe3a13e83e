"""Open documents with the protocol's line ends and exact edits, in place of pygls' own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lsprotocol import types
from pygls.workspace import TextDocument, Workspace

from padwan_server.prompts.document import PromptDocument
from padwan_server.prompts.format import PromptFormat, format_of
from padwan_server.prompts.text import Encoding, LineIndex

_READ_AT_ONCE = 200_000
"""Characters that take less than 20 ms to read: larger documents are read beside the event loop."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class PromptTextDocument(TextDocument):
    """A document whose lines end at ``\\n``, ``\\r\\n`` and ``\\r`` alone: pygls also splits at U+2028 and others."""

    @property
    def lines(self) -> Sequence[str]:
        """The lines with their ends."""
        return tuple(_LINE.findall(self.source))

    @property
    def encoding(self) -> Encoding:
        """The unit of the client's columns."""
        return Encoding(types.PositionEncodingKind(self.position_codec.encoding).value)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prompts: PromptDocument | None = None
        self._opening: asyncio.Task[PromptDocument] | None = None
        self._meanwhile: list[types.TextDocumentContentChangeEvent] = []

    @property
    def source(self) -> str:
        """The whole text."""
        if self._source is None and self._prompts is not None:
            self._source = self._prompts.text
        return super().source

    async def prompts(self) -> PromptDocument:
        """The prompts of the text as it is when they are ready; those of a large one are read beside the loop."""
        if self._prompts is None and len(self.source) <= _READ_AT_ONCE:
            self._prompts = PromptDocument(self.source, self.format)
        while self._prompts is None:
            await asyncio.shield(self._opened())
        return self._prompts

    def _opened(self) -> asyncio.Task[PromptDocument]:
        if self._opening is None:
            self._opening = asyncio.create_task(asyncio.to_thread(PromptDocument, self.source, self.format))
            self._opening.add_done_callback(self._finish_opening)
        return self._opening

    def _finish_opening(self, opening: asyncio.Task[PromptDocument]) -> None:
        """Make good what was typed while the document was read."""
        if opening is not self._opening:
            return
        self._opening = None
        prompts = opening.result()
        for change in self._meanwhile:
            _apply(change, prompts, self.encoding)
        self._meanwhile.clear()
        self._prompts = prompts

    @property
    def format(self) -> PromptFormat:
        """By the name of the file; a document of no known kind may still say its language."""
        by_name = format_of(self.path)
        if by_name is PromptFormat.TEXT and "." not in self.path and self.language_id in ("json", "jsonl"):
            return PromptFormat(self.language_id)
        return by_name

    def apply_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        """Apply an edit, or replace the whole text."""
        if not isinstance(change, types.TextDocumentContentChangePartial):
            self._source, self._prompts, self._opening = change.text, None, None
            self._meanwhile.clear()
        elif self._prompts is not None:
            _apply(change, self._prompts, self.encoding)
            self._source = None
        else:
            if self._opening is not None:
                self._meanwhile.append(change)
            index = LineIndex(self.source)
            start, end = _offsets(change.range, index, self.encoding)
            self._source = self.source[:start] + change.text + self.source[end:]


def _apply(change: types.TextDocumentContentChangeEvent, prompts: PromptDocument, encoding: Encoding) -> None:
    if isinstance(change, types.TextDocumentContentChangePartial):
        prompts.edit(*_offsets(change.range, prompts, encoding), change.text)


def _offsets(place: types.Range, text: PromptDocument | LineIndex, encoding: Encoding) -> tuple[int, int]:
    start = text.offset(place.start.line, place.start.character, encoding)
    return start, max(text.offset(place.end.line, place.end.character, encoding), start)


def free_path(file: str, suffix: str, extension: str) -> Path:
    """A path beside a prompt file, named after it, at which there is no file."""
    path = Path(file)
    base = path.with_suffix("")
    base = base.with_suffix("") if base.suffix == ".prompts" else base
    kind = ".prompts" if path.with_suffix("").suffix == ".prompts" and suffix != ".results" else ""
    numbers = ("", *(f"-{number}" for number in range(2, 1000)))
    named = (base.with_name(f"{base.name}{suffix}{number}{kind}{extension}") for number in numbers)
    return next(candidate for candidate in named if not candidate.exists())


class PromptWorkspace(Workspace):
    """A workspace of such documents."""

    def _create_text_document(
        self, doc_uri: str, source: str | None = None, version: int | None = None, language_id: str | None = None
    ) -> TextDocument:
        return PromptTextDocument(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )

    @property
    def encoding(self) -> Encoding:
        """The unit of the client's columns."""
        return Encoding(types.PositionEncodingKind(self.position_encoding or "utf-16").value)

    def get(self, uri: str) -> PromptTextDocument | None:
        """The open document of this address, if there is one."""
        document = self.text_documents.get(unquote(uri))
        return document if isinstance(document, PromptTextDocument) else None

    def opened(self) -> list[PromptTextDocument]:
        """The documents that the client has open."""
        return [document for document in self.text_documents.values() if isinstance(document, PromptTextDocument)]
