"""A peer: what a language server in pygls is by its tutorial, with json.loads on every change."""

from __future__ import annotations

import json

from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("plain-pygls", "1")


def check(uri: str) -> None:
    document = server.workspace.get_text_document(uri)
    found = []
    keys = set()
    try:
        for entry in json.loads(document.source):
            if not entry.get("prompt") or entry.get("key") in keys:
                found.append(types.Diagnostic(types.Range(types.Position(0, 0), types.Position(0, 1)), "bad entry"))
            keys.add(entry.get("key"))
    except ValueError as error:
        found.append(types.Diagnostic(types.Range(types.Position(0, 0), types.Position(0, 1)), str(error)))
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, document.version))


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
def opened(params: types.DidOpenTextDocumentParams) -> None:
    check(params.text_document.uri)


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def changed(params: types.DidChangeTextDocumentParams) -> None:
    check(params.text_document.uri)


if __name__ == "__main__":
    server.start_io()
