"""Open documents with the protocol's line ends and exact edits, in place of pygls' own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from urllib.parse import unquote

from lsprotocol import types
from pygls.workspace import TextDocument, Workspace

from padwan_server.prompts.document import PromptDocument, parse
from padwan_server.prompts.format import PromptFormat, format_of
from padwan_server.prompts.text import Encoding, LineIndex

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

    @cached_property
    def index(self) -> LineIndex:
        """Where lines begin, until the next change."""
        return LineIndex(self.source)

    @cached_property
    def prompts(self) -> PromptDocument:
        """The document's prompts and problems, until the next change."""
        return parse(self.source, self.format)

    @property
    def format(self) -> PromptFormat:
        """By the name of the file; a document of no known kind may still say its language."""
        by_name = format_of(self.path)
        if by_name is PromptFormat.TEXT and self.language_id in ("json", "jsonl"):
            return PromptFormat(self.language_id)
        return by_name

    def apply_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        """Apply an edit, or replace the whole text."""
        text = change.text
        if isinstance(change, types.TextDocumentContentChangePartial):
            start = self._offset(change.range.start)
            end = max(self._offset(change.range.end), start)
            text = self.source[:start] + text + self.source[end:]
        self._source = text
        for outdated in ("index", "prompts"):
            self.__dict__.pop(outdated, None)

    def _offset(self, position: types.Position) -> int:
        return self.index.offset(position.line, position.character, self.encoding)


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

    def get(self, uri: str) -> PromptTextDocument | None:
        """The open document of this address, if there is one."""
        document = self.text_documents.get(unquote(uri))
        return document if isinstance(document, PromptTextDocument) else None

    def opened(self) -> list[PromptTextDocument]:
        """The documents that the client has open."""
        return [document for document in self.text_documents.values() if isinstance(document, PromptTextDocument)]
