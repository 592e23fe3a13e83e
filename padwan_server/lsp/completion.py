"""What can be written where the cursor stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lsprotocol import types

from padwan_server.lsp.convert import Converter
from padwan_server.prompts.completion import Suggestion, suggestions
from padwan_server.prompts.context import Expected
from padwan_server.prompts.format import PromptFormat

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer

_PLACE = re.compile(r"\$\{\d+:([^}]*)\}|\$\d+")


class Completions:
    """Completion."""

    def __init__(self, server: PadwanLanguageServer) -> None:
        self._server = server

    def register(self) -> None:
        """Take part in the protocol."""
        options = types.CompletionOptions(trigger_characters=['"', "{"])
        self._server.on(types.TEXT_DOCUMENT_COMPLETION, self._completions, options)

    async def _completions(self, params: types.CompletionParams) -> list[types.CompletionItem]:
        document = self._server.scope.document(params.text_document.uri)
        if document is None or document.format is PromptFormat.TEXT:
            return []
        prompts = await document.prompts()
        convert = Converter(document.uri, prompts, document.encoding)
        context = prompts.context(convert.offset(params.position))
        place, word = convert.range(context.span), prompts.between(context.span)
        if context.expected is Expected.ENTRY and word:
            # Within a string that is an entry: it is a prompt, and what it says is nobody's to complete.
            return []
        # A quote that is there is part of the word: editors filter by what stands in its place.
        quote = '"' if word.startswith('"') else ""
        return [self._item(suggestion, place, quote) for suggestion in suggestions(context)]

    def _item(self, suggestion: Suggestion, place: types.Range, quote: str) -> types.CompletionItem:
        snippet = suggestion.snippet and self._takes_snippets
        text = suggestion.text if snippet or not suggestion.snippet else _PLACE.sub(r"\1", suggestion.text)
        return types.CompletionItem(
            label=suggestion.label,
            kind=types.CompletionItemKind.Snippet if snippet else types.CompletionItemKind.Value,
            detail=suggestion.detail or None,
            documentation=suggestion.description or None,
            filter_text=quote + suggestion.label,
            insert_text_format=types.InsertTextFormat.Snippet if snippet else types.InsertTextFormat.PlainText,
            text_edit=types.TextEdit(place, text),
        )

    @property
    def _takes_snippets(self) -> bool:
        text_document = self._server.client_capabilities.text_document
        completion = text_document and text_document.completion
        item = completion and completion.completion_item
        return bool(item and item.snippet_support)
