"""The demo's editor: a language client that keeps what the server tells it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

from padwan_server import __version__
from padwan_server.errors import PadwanError

_ANSWER_WITHIN = 30.0


class DemoEditor:
    """One prompt file open in an editor."""

    def __init__(self, file: Path) -> None:
        self.client = LanguageClient("padwan-demo", __version__)
        self.file = file
        self.text = file.read_text(encoding="utf-8")
        self.version = 1
        self.on_progress: Callable[[Any], None] = lambda _: None
        self._published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

        # As partials, since pygls marks what it registers, which a bound method does not allow.
        self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(partial(self._published.put_nowait))
        self.client.feature("padwan/jobProgress")(partial(self._progress))

    def _progress(self, look: Any) -> None:
        self.on_progress(look)

    async def open(self) -> list[types.Diagnostic]:
        """Open the file; its problems."""
        item = types.TextDocumentItem(self.file.as_uri(), "json", self.version, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.problems()

    async def problems(self) -> list[types.Diagnostic]:
        """The problems of the text as it stands."""
        async with asyncio.timeout(_ANSWER_WITHIN):
            while True:
                published = await self._published.get()
                if published.version == self.version:
                    return list(published.diagnostics)

    async def fix(self, problem: types.Diagnostic) -> str:
        """Apply the server's quick fix for a problem and save; its title."""
        document = types.TextDocumentIdentifier(self.file.as_uri())
        context = types.CodeActionContext(diagnostics=[problem])
        offered = await self.client.text_document_code_action_async(
            types.CodeActionParams(document, problem.range, context)
        )
        action = next(action for action in offered or () if isinstance(action, types.CodeAction))
        edits = ((action.edit and action.edit.changes) or {})[self.file.as_uri()]
        self.text = apply_edits(self.text, edits)
        self.version += 1
        changed = types.VersionedTextDocumentIdentifier(self.version, self.file.as_uri())
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(changed, [types.TextDocumentContentChangeWholeDocument(self.text)])
        )
        self.file.write_text(self.text, encoding="utf-8")
        return action.title

    async def command(self, name: str, /, **arguments: Any) -> Any:
        """Run ``padwan.batch.<name>``. Raises PadwanError as the server tells it."""
        params = types.ExecuteCommandParams(f"padwan.batch.{name}", [arguments])
        try:
            return await self.client.workspace_execute_command_async(params)
        except JsonRpcException as error:
            code = error.data.get("code") if isinstance(error.data, dict) else None
            raise PadwanError(code or "internal", error.message) from None


@asynccontextmanager
async def open_editor(file: Path, backend: str) -> AsyncIterator[DemoEditor]:
    """Start the language server on the file's folder, as an editor does, and end it afterwards."""
    editor = DemoEditor(file)
    client = editor.client
    await client.start_io(sys.executable, "-P", "-m", "padwan_server", "lsp", cwd=str(file.parent))
    await client.initialize_async(
        types.InitializeParams(
            capabilities=types.ClientCapabilities(),
            root_uri=file.parent.as_uri(),
            initialization_options={"backend": backend},
        )
    )
    client.initialized(types.InitializedParams())
    try:
        yield editor
    finally:
        await client.shutdown_async(None)
        client.exit(None)
        await client.stop()  # type: ignore[no-untyped-call]


def apply_edits(text: str, edits: list[types.TextEdit] | Any) -> str:
    """``text`` with the edits of a client without a position encoding of its own (UTF-16) applied."""
    for edit in sorted(edits, key=lambda edit: edit.range.start, reverse=True):
        start, end = _offset(text, edit.range.start), _offset(text, edit.range.end)
        text = text[:start] + edit.new_text + text[end:]
    return text


def _offset(text: str, position: types.Position) -> int:
    line_start = 0
    for _ in range(position.line):
        line_start = text.index("\n", line_start) + 1
    line = text[line_start:].encode("utf-16-le")[: 2 * position.character]
    return line_start + len(line.decode("utf-16-le"))
