"""One workspace at work: what a front end holds on to and asks for contexts."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from padwan_server.gemini.gateway import Gateway
from padwan_server.jobs.chain import Chain
from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.history import History
from padwan_server.jobs.jobs import Jobs
from padwan_server.jobs.pending import Changed
from padwan_server.jobs.progress import JobProgress
from padwan_server.operations.context import Approve, Confirm, Context, Progress, Shown
from padwan_server.operations.settings import Settings
from padwan_server.session.backend import EMULATOR, Backend, backend_label, emulator_backend, gemini_backend
from padwan_server.session.emulator import WorkspaceEmulator
from padwan_server.session.watching import Watching
from padwan_server.session.workspace import FolderWorkspace, OpenText, ReadBytes


async def no_progress(_: JobProgress) -> None:
    """For callers that show none."""


async def nobody_to_ask(_: str) -> bool | None:
    """For callers behind whom there is no person."""
    return None


class Session:
    """A workspace with its settings and, once needed, its jobs at the chosen backend."""

    def __init__(
        self,
        root: Path,
        settings: Settings,
        *,
        open_text: OpenText = lambda _: None,
        standard_input: ReadBytes | None = None,
    ) -> None:
        """``open_text`` knows what the editor has open; ``standard_input`` is the prompt file ``-``, where given."""
        self.settings = settings
        self.workspace = FolderWorkspace(root, open_text=open_text, standard_input=standard_input)
        self._for_assistants = FolderWorkspace(root, confined=True, open_text=open_text)
        self._folder = JobsFolder(root)
        self._emulator = WorkspaceEmulator(self._folder.path / "emulator")
        self.history = History(self._folder)
        self._opened: dict[Backend, Jobs] = {}
        self._opening = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    async def latest(self, path: Path) -> Chain | None:
        """The newest job of a prompt file at the chosen backend, as last seen, with its retries."""
        return await self.history.latest(self.backend_label, self.workspace.display_path(path))

    @property
    def backend_label(self) -> str:
        """What the ledger calls the chosen backend."""
        return backend_label(self.settings.backend)

    def context(self, progress: Progress = no_progress, confirm: Confirm = nobody_to_ask) -> Context:
        """What an operation needs, with this caller's way to show progress and to ask."""
        return Context(self.workspace, self.settings, progress, confirm, self.history, self._jobs)

    def assistants_context(self, progress: Progress, confirm: Confirm, approve: Approve, shown: Shown) -> Context:
        """What an operation needs that no person called: its paths stay in the workspace, and spending is asked for."""
        return Context(self._for_assistants, self.settings, progress, confirm, self.history, self._jobs, approve, shown)

    def watch(self, changed: Changed) -> None:
        """See from now on how unfinished jobs go; ``changed`` hears of each change, whoever submitted the job."""
        watching = Watching(self._folder, self.history, lambda: self.backend_label, self._jobs, changed)
        self._watching = asyncio.create_task(watching.run())

    async def aclose(self) -> None:
        """Give everything free; submissions on their way are finished first."""
        if self._watching:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        async with self._opening:
            for jobs in self._opened.values():
                await jobs.aclose()
            self._opened.clear()
            await self.history.aclose()
            await asyncio.to_thread(self._emulator.leave)

    async def service_clock(self) -> datetime | None:
        """The time at the chosen backend, if it tells it: for a look at whether key and way there are good.

        Raises PadwanError ``no-api-key``, or as every read of the service does.
        """
        gateway = Gateway((await self._backend()).endpoint, timeout=10.0)
        try:
            return await gateway.clock()
        finally:
            await gateway.aclose()

    async def _jobs(self) -> Jobs:
        async with self._opening:
            backend = await self._backend()
            if backend not in self._opened:
                gateway = Gateway(backend.endpoint)
                jobs = Jobs(
                    self._folder,
                    gateway,
                    backend.label,
                    backend.endpoint.key_fingerprint,
                    tags=self.settings.submission_tags,
                )
                self._opened[backend] = await jobs.open()
            return self._opened[backend]

    async def _backend(self) -> Backend:
        if self.settings.backend == EMULATOR:
            self._folder.create()
            url = await asyncio.to_thread(self._emulator.join)
            return emulator_backend(url, self.settings.api_version)
        return gemini_backend(self.settings.api_version)
