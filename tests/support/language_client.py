"""A real language client that drives the real server over stdio."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.uris import from_fs_path
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client

SERVER = [sys.executable, "-m", "padwan_server", "lsp"]
REFRESHES = (
    types.WORKSPACE_CODE_LENS_REFRESH,
    types.WORKSPACE_INLAY_HINT_REFRESH,
    types.WORKSPACE_DIAGNOSTIC_REFRESH,
    types.CLIENT_REGISTER_CAPABILITY,
)
WITHIN = 30.0
"""Seconds after which a test gives up waiting."""


class Editor:
    """What a test does in place of a person at an editor."""

    def __init__(self, client: LanguageClient, root: Path) -> None:
        self.client = client
        self.root = root
        self.published: dict[str, deque[types.PublishDiagnosticsParams]] = {}
        self.job_progress: list[dict[str, Any]] = []
        self.refreshed: Counter[str] = Counter()
        self._news = asyncio.Condition()

    def uri(self, name: str) -> str:
        """The address of a file of the workspace."""
        uri = from_fs_path(str(self.root / name))
        assert uri is not None
        return uri

    def open(self, name: str, text: str, language: str = "json") -> None:
        """Open a document, whatever is on the disk."""
        item = types.TextDocumentItem(self.uri(name), language, 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, name: str, version: int, *edits: tuple[tuple[int, int, int, int], str]) -> None:
        """Edit an open document: ranges are start line, start character, end line, end character."""
        changes = [
            types.TextDocumentContentChangePartial(types.Range(types.Position(*at[:2]), types.Position(*at[2:])), text)
            for at, text in edits
        ]
        document = types.VersionedTextDocumentIdentifier(version, self.uri(name))
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, list(changes)))

    async def command(self, name: str, /, token: str | None = None, **arguments: Any) -> dict[str, Any]:
        """Run ``padwan.batch.<name>``; the result as plain JSON."""
        params = types.ExecuteCommandParams(f"padwan.batch.{name}", [arguments], token)
        return plain(await self.client.workspace_execute_command_async(params))

    async def pull(self, name: str) -> list[types.Diagnostic]:
        """Ask for a document's problems."""
        params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(self.uri(name)))
        report = await self.client.text_document_diagnostic_async(params)
        assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
        return list(report.items)

    async def pushed(self, name: str, version: int) -> list[types.Diagnostic]:
        """Wait for the problems of this version."""
        uri = self.uri(name)
        await self.until(lambda: any(p.version == version for p in self.published.get(uri, ())))
        return list(self.published[uri][-1].diagnostics)

    async def problems(self, name: str, version: int = 1) -> list[types.Diagnostic]:
        """A document's problems, in the way that this client gets them."""
        return await self.pull(name) if self.pulls else await self.pushed(name, version)

    @property
    def pulls(self) -> bool:
        """Whether this client asks for problems."""
        capabilities = self.client.capabilities
        return bool(capabilities and capabilities.text_document and capabilities.text_document.diagnostic)

    async def actions(
        self, name: str, at: tuple[int, int, int, int], only: list[str] | None = None
    ) -> dict[str, types.CodeAction]:
        """The code actions at a range, by title."""
        place = types.Range(types.Position(*at[:2]), types.Position(*at[2:]))
        context = types.CodeActionContext([], only=only)
        params = types.CodeActionParams(self.document(name), place, context)
        found = await self.client.text_document_code_action_async(params) or ()
        return {action.title: action for action in found if isinstance(action, types.CodeAction)}

    async def lenses(self, name: str) -> dict[str, types.Command]:
        """The commands of the code lenses, by title."""
        lenses = await self.client.text_document_code_lens_async(types.CodeLensParams(self.document(name)))
        return {lens.command.title: lens.command for lens in lenses or () if lens.command}

    async def run(self, command: types.Command) -> dict[str, Any]:
        """Run the command of a lens; the result as plain JSON."""
        params = types.ExecuteCommandParams(command.command, command.arguments)
        return plain(await self.client.workspace_execute_command_async(params))

    async def request(self, method: str, **params: Any) -> Any:
        """Send a request that is not of the protocol; the answer as plain JSON."""
        return plain(await self.client.protocol.send_request_async(method, params))

    async def hover(self, name: str, line: int, character: int) -> str:
        """What is told at a place, empty if nothing."""
        params = types.HoverParams(self.document(name), types.Position(line, character))
        hover = await self.client.text_document_hover_async(params)
        if hover is None:
            return ""
        assert isinstance(hover.contents, types.MarkupContent)
        return hover.contents.value

    def document(self, name: str) -> types.TextDocumentIdentifier:
        """A document as the protocol names it."""
        return types.TextDocumentIdentifier(self.uri(name))

    async def _refresh(self, method: str, _: Any) -> None:
        self.refreshed[method] += 1
        await self.tell()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a notification makes ``condition`` true."""
        async with asyncio.timeout(WITHIN), self._news:
            await self._news.wait_for(condition)

    async def tell(self) -> None:
        """Something came from the server."""
        async with self._news:
            self._news.notify_all()

    def watch(self) -> None:
        """Collect what the server sends; pytest-lsp's own handler keeps the latest problems alone."""
        for method in (types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, *REFRESHES):
            self.client.protocol.fm.features.pop(method, None)

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        async def published(params: types.PublishDiagnosticsParams) -> None:
            self.published.setdefault(params.uri, deque(maxlen=100)).append(params)
            await self.tell()

        for method in REFRESHES:
            self.client.feature(method)(partial(self._refresh, method))

        @self.client.feature("padwan/jobProgress")
        async def progress(params: Any) -> None:
            self.job_progress.append(plain(params))
            await self.tell()


@asynccontextmanager
async def open_editor(
    root: Path,
    *,
    name: str = "visual-studio-code",
    environment: Mapping[str, str],
    options: Mapping[str, Any] | None = None,
    encodings: list[str] | None = None,
    arguments: Sequence[str] = (),
) -> AsyncIterator[Editor]:
    """Start the server as the editor ``name`` would, on ``root``; ``options`` are its initializationOptions."""
    options = {"backend": "emulator"} if options is None else options
    client = make_test_lsp_client()
    client.set_configuration({"padwan": dict(options)})
    editor = Editor(client, root)
    editor.watch()
    await client.start_io(*SERVER, *arguments, env=dict(environment), cwd=str(root))
    capabilities = client_capabilities(name)
    if encodings is not None:
        capabilities.general = types.GeneralClientCapabilities(
            position_encodings=[types.PositionEncodingKind(encoding) for encoding in encodings]
        )
    folder = types.WorkspaceFolder(from_fs_path(str(root)) or "", root.name)
    await client.initialize_session(
        types.InitializeParams(
            capabilities=capabilities, workspace_folders=[folder], initialization_options=dict(options)
        )
    )
    try:
        yield editor
    finally:
        async with asyncio.timeout(WITHIN):
            await client.shutdown_session()
            await client.stop()


def plain(value: Any) -> Any:
    """JSON as Python's own types: pygls makes named tuples of untyped objects."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return [plain(member) for member in value] if isinstance(value, list | tuple) else value
