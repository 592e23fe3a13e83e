"""The language server put together, and its life from first message to exit."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from padwan_server import __version__
from padwan_server.jobs.folder import JobsFolder
from padwan_server.lsp.code_actions import CodeActions
from padwan_server.lsp.code_lens import CodeLenses
from padwan_server.lsp.commands import Commands
from padwan_server.lsp.completion import Completions
from padwan_server.lsp.configuration import Configuration
from padwan_server.lsp.definition import Definitions
from padwan_server.lsp.diagnostics import Diagnostics
from padwan_server.lsp.documents import PromptTextDocument, PromptWorkspace
from padwan_server.lsp.errors import log_internal
from padwan_server.lsp.folding import Folding
from padwan_server.lsp.hover import Hovers
from padwan_server.lsp.inlay_hints import InlayHints
from padwan_server.lsp.last_jobs import LastJobs
from padwan_server.lsp.progress import JOB_PROGRESS
from padwan_server.lsp.prompt_places import PromptPlaces
from padwan_server.lsp.protocol import PadwanProtocol
from padwan_server.lsp.rename import Renames
from padwan_server.lsp.scope import Scope
from padwan_server.lsp.symbols import Symbols
from padwan_server.lsp.transport import Streams, accept_one, bodies, stdio
from padwan_server.operations.settings import Settings
from padwan_server.session.roots import find_root, stateless_root

if TYPE_CHECKING:
    from padwan_server.jobs.progress import JobProgress
    from padwan_server.session.session import Session

Companion = Callable[["PadwanLanguageServer"], Coroutine[Any, Any, None]]
"""Serves others from the sessions of a language server, until cancelled."""

_CLIENT_WATCH_INTERVAL = 2.0
"""Seconds between two looks whether the client's process still lives."""


_AFTER_START = 1.0
"""Seconds until unfinished jobs are picked up: what the editor asks for first comes first."""


FEATURES = (
    CodeActions,
    CodeLenses,
    Completions,
    Definitions,
    Folding,
    Hovers,
    InlayHints,
    PromptPlaces,
    Renames,
    Symbols,
)
"""What is told of prompt files beside their problems."""


class PadwanLanguageServer(LanguageServer):
    """Serves one client."""

    protocol: PadwanProtocol

    def __init__(self, companion: Callable[[], Companion] | None = None) -> None:
        """``companion`` loads what is served beside the editor; it takes its time and is called in a thread."""
        super().__init__("padwan-server", __version__, protocol_cls=PadwanProtocol)
        self._companion = companion
        self._beside: asyncio.Task[None] | None = None
        self.configuration = Configuration(self)
        self._commands = Commands(self)
        self._diagnostics = Diagnostics(self)
        self.scope = Scope(self)
        self.last_jobs = LastJobs(self)
        self._sessions: dict[Path, Session] = {}
        self._stopped: asyncio.Future[int] | None = None
        self._picking_up: asyncio.Task[None] | None = None
        self.on(types.INITIALIZE, self._initialize)
        for part in (self.configuration, self._commands, self._diagnostics, *(feature(self) for feature in FEATURES)):
            part.register()

    def on(self, method: str, handler: Callable[[Any], Any], options: Any = None) -> None:
        """Handle a message. pygls marks what it registers, which a bound method does not allow."""
        self.feature(method, options)(partial(handler))

    # Its life

    async def serve(self, streams: Streams) -> int:
        """Handle messages until the client exits, vanishes or a signal comes; the exit code."""
        self._stopped = asyncio.get_running_loop().create_future()
        self.protocol.set_writer(streams.writer)
        _on_signals(lambda: self.stop(0))
        reading = asyncio.create_task(self._read(bodies(streams.reader)))
        code = await self._stopped
        reading.cancel()
        if self._beside:
            self._beside.cancel()
            await asyncio.wait({self._beside})
        if self._picking_up:
            self._picking_up.cancel()
        await self.close_sessions()
        return code

    def stop(self, code: int) -> None:
        """End with this exit code."""
        if self._stopped and not self._stopped.done():
            self._stopped.set_result(code)

    async def close_sessions(self) -> None:
        """Give everything free; submissions on their way are finished first."""
        sessions = list(self._sessions.values())
        self._sessions.clear()
        for session in sessions:
            await session.aclose()

    async def _read(self, messages: asyncio.Queue[bytes | None]) -> None:
        while (body := await messages.get()) is not None:
            self.protocol.receive(body)
        # The client closed its side without an exit.
        self.stop(1)

    def _initialize(self, params: types.InitializeParams) -> None:
        protocol = self.protocol
        protocol.install_workspace(
            PromptWorkspace(
                protocol.workspace.root_uri,
                self._text_document_sync_kind,
                params.workspace_folders or [],
                protocol.workspace.position_encoding,
            )
        )
        self.configuration.initial(params.initialization_options)
        if params.process_id:
            watch = asyncio.ensure_future(self._watch_client(params.process_id))
            watch.add_done_callback(lambda _: self.stop(1))

        if self._companion:
            self._beside = asyncio.create_task(self._accompanied(self._companion))

    async def _accompanied(self, load: Callable[[], Companion]) -> None:
        """Serve the others who work with the same sessions; their trouble is not the editor's."""
        try:
            serve = await asyncio.to_thread(load)
            await self.configuration.ready()
            await serve(self)
        except Exception as error:  # noqa: BLE001 see above
            log_internal(error)

    async def _watch_client(self, process_id: int) -> None:
        """Return when the client's process is gone: its pipe may live on in a child of its."""
        await asyncio.sleep(_CLIENT_WATCH_INTERVAL)
        import psutil  # noqa: PLC0415 not before the first answers

        while psutil.pid_exists(process_id):  # noqa: ASYNC110 the system tells nobody but the parent
            await asyncio.sleep(_CLIENT_WATCH_INTERVAL)

    # What its parts ask for

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.configuration.settings

    @property
    def documents(self) -> PromptWorkspace:
        """The client's documents."""
        workspace = self.workspace
        if not isinstance(workspace, PromptWorkspace):
            raise TypeError("the workspace was not installed")
        return workspace

    async def execute_command(self, params: types.ExecuteCommandParams) -> Any:
        """Run a command of the client."""
        return await self._commands.execute(params)

    def settings_changed(self) -> None:
        """Let all that depends on settings follow them."""
        for session in self._sessions.values():
            session.settings = self.settings
        if self._stopped:
            self.jobs_changed()

    def jobs_changed(self) -> None:
        """Show anew what stands beside prompts."""
        workspace = self.client_capabilities.workspace
        if workspace and workspace.code_lens and workspace.code_lens.refresh_support:
            self.workspace_code_lens_refresh(None)
        if workspace and workspace.inlay_hint and workspace.inlay_hint.refresh_support:
            self.workspace_inlay_hint_refresh(None)
        self._diagnostics.refresh()

    def pick_up_jobs(self) -> None:
        """Watch the jobs that were unfinished when the last program ended."""
        self._picking_up = asyncio.create_task(self._pick_up())

    async def _pick_up(self) -> None:
        await asyncio.sleep(_AFTER_START)
        await self.configuration.ready()
        roots = [root for root in self._roots() if JobsFolder(root).ledger.exists()]
        if roots:
            await asyncio.to_thread(import_module, "padwan_server.session.session")
        for root in roots:
            self._session(root)

    async def _job_changed(self, look: JobProgress) -> None:
        self.protocol.notify(JOB_PROGRESS, asdict(look))
        self.jobs_changed()

    def remembers(self, path: Path) -> bool:
        """Whether the workspace that holds a file has had any job."""
        return JobsFolder(self._root_of(path)).ledger.exists()

    def sessions(self) -> list[Session]:
        """The sessions of all workspaces that the client has open."""
        return [self._session(root) for root in self._roots()]

    def session_for(self, file: str | None) -> Session:
        """The session of the workspace that holds ``file``, else of the first one."""
        return self._session(self._root_of(Path(file) if file else None))

    def _root_of(self, file: Path | None) -> Path:
        roots = self._roots()
        return next((root for root in roots if file and _holds(root, file)), roots[0])

    async def session_of(self, job: str) -> Session:
        """The session of the workspace that remembers ``job``, else of the first one."""
        sessions = self.sessions()
        for session in sessions[1:]:
            if await session.history.knows(job):
                return session
        return sessions[0]

    def _session(self, root: Path) -> Session:
        from padwan_server.session.session import Session  # noqa: PLC0415 no key needs it, and it takes its time

        if root not in self._sessions:
            self._sessions[root] = Session(root, self.settings, open_text=self._open_text)
            self._sessions[root].watch(self._job_changed)
        return self._sessions[root]

    def submitted(self, file: str) -> None:
        """Show the problems of a file that its user submits, whatever its name."""
        document = self.open_document(self.session_for(file).workspace.root / file)
        if document:
            self._diagnostics.submitted(document)

    def _roots(self) -> list[Path]:
        uris = [folder.uri for folder in self.workspace.folders.values()]
        uris = uris or [uri for uri in (self.workspace.root_uri,) if uri]
        folders = [path for uri in uris if (path := to_fs_path(uri))]
        return list(dict.fromkeys(map(_root_around, folders))) or [stateless_root()]

    def open_document(self, path: Path) -> PromptTextDocument | None:
        """The open document of a file."""
        real = os.path.realpath(path)
        return next((doc for doc in self.documents.opened() if os.path.realpath(doc.path) == real), None)

    def _open_text(self, path: Path) -> str | None:
        """What the editor has of a file that is open."""
        document = self.open_document(path)
        return document.source if document else None


@cache
def _root_around(folder: str) -> Path:
    """The workspace around a folder of the client: looked for once, and asked for at every key."""
    return find_root(Path(folder))


def _holds(root: Path, file: Path) -> bool:
    """Whether a file is in a workspace; a relative one is if it is there."""
    return file.is_relative_to(root) if file.is_absolute() else (root / file).exists()


def _on_signals(stop: Any) -> None:
    # Windows has no signal handlers on the loop; there the client's pipe closes.
    with contextlib.suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop)


def run(tcp: tuple[str, int] | None = None, companion: Callable[[], Companion] | None = None) -> NoReturn:
    """Serve on stdio, or to one client at ``tcp``, and end the process: a thread may still wait for input.

    ``companion`` loads what is served beside the editor, if anything is.
    """
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    # What was made for the start stays: no collection has to look at it again.
    gc.freeze()
    streams = accept_one(*tcp) if tcp else stdio()
    code = asyncio.run(PadwanLanguageServer(companion).serve(streams))
    logging.shutdown()
    os._exit(code)
