"""Which open documents are prompt files."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from padwan_server.lsp.convert import Converter
from padwan_server.lsp.documents import PromptTextDocument
from padwan_server.prompts.document import PromptDocument

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer


class PromptView(NamedTuple):
    """What a feature looks at: a document, its prompts, and what translates their places."""

    document: PromptTextDocument
    prompts: PromptDocument
    convert: Converter


class Scope:
    """Those whose names the settings list, and those that their user submitted."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server
        self._submitted: set[str] = set()

    def holds(self, document: PromptTextDocument) -> bool:
        """Whether a document is one."""
        name = PurePath(document.path).name
        return document.uri in self._submitted or any(fnmatch(name, glob) for glob in self._server.settings.files)

    def document(self, uri: str) -> PromptTextDocument | None:
        """The open prompt file of this address."""
        document = self._server.documents.get(uri)
        return document if document and self.holds(document) else None

    async def view(self, uri: str) -> PromptView | None:
        """An open prompt file with its prompts as they are now."""
        document = self.document(uri)
        if document is None:
            return None
        prompts = await document.prompts()
        return PromptView(document, prompts, Converter(document.uri, prompts, document.encoding))

    def add(self, document: PromptTextDocument) -> bool:
        """Look after a document from now on, whatever its name; whether that is new."""
        if self.holds(document):
            return False
        self._submitted.add(document.uri)
        return True

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._submitted.discard(uri)
