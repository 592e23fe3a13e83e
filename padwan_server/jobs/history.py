"""What a workspace remembers of its jobs, told without asking any service: for what stands beside the prompts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from padwan_server.jobs.background import Background
from padwan_server.jobs.chain import Chain
from padwan_server.jobs.database import examine
from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.job import Job
from padwan_server.jobs.ledger import Ledger
from padwan_server.jobs.retention import Pruned, prune

T = TypeVar("T")


class History:
    """The ledger of one workspace, read; there is none before the first job."""

    def __init__(self, folder: JobsFolder) -> None:
        self._folder = folder
        self._background = Background()
        self._ledger: Ledger | None = None

    async def aclose(self) -> None:
        """Give the ledger free."""
        if self._ledger:
            await self._background.run(self._ledger.close)
        self._background.close()

    async def knows(self, job: str) -> bool:
        """Whether a job of this name, with or without its prefix, is remembered."""
        names = (job, f"batches/{job}")
        return await self.read(lambda: bool((ledger := self._opened()) and any(map(ledger.find, names))))

    async def any_unfinished(self, endpoint: str) -> bool:
        """Whether any job at this endpoint has results that are not here yet."""
        return await self.read(lambda: bool((ledger := self._opened()) and ledger.unfinished(endpoint)))

    async def latest(self, endpoint: str, source: str) -> Chain | None:
        """The newest job that was made from a prompt file at this endpoint, with its retries."""

        def look() -> Chain | None:
            ledger = self._opened()
            job = ledger.latest(endpoint, source) if ledger else None
            return Chain(ledger.chain(job), ledger, self._folder) if ledger and job else None

        return await self.read(look)

    async def recent(self, endpoint: str, limit: int) -> list[Job]:
        """The newest jobs at this endpoint, as last seen."""
        return await self.read(lambda: ledger.recent(endpoint, limit) if (ledger := self._opened()) else [])

    async def version(self) -> object:
        """Another value whenever the ledger may have changed, by whichever process; None before the first job."""
        return await self.read(lambda: ledger.version if (ledger := self._opened()) else None)

    async def examine(self) -> bool:
        """Read the ledger through and leave it as it is; False before the first job.

        Raises PadwanError ``ledger-newer`` or ``ledger-unreadable``.
        """

        def look() -> bool:
            there = self._folder.ledger.exists()
            if there:
                examine(self._folder.ledger)
            return there

        return await self._background.run(look)

    async def chain(self, job: str) -> Chain | None:
        """The chain that a job belongs to, by its name or the workspace's own."""

        def look() -> Chain | None:
            ledger = self._opened()
            found = ledger.find(job) if ledger else []
            return Chain(ledger.chain(found[0]), ledger, self._folder) if ledger and found else None

        return await self.read(look)

    async def owner(self, results: Path) -> tuple[Chain, Job] | None:
        """The chain that a results file belongs to, and its job."""

        def look() -> tuple[Chain, Job] | None:
            ledger = self._opened()
            if ledger is None or results.parent != self._folder.results("").parent:
                return None
            found = ledger.find(results.stem)
            return (Chain(ledger.chain(found[0]), ledger, self._folder), found[0]) if found else None

        return await self.read(look)

    async def prune(self, before: datetime, *, dry_run: bool) -> Pruned:
        """Forget jobs that ended and were made before a moment; with ``dry_run`` only tell which."""

        def work() -> Pruned:
            ledger = self._opened()
            return prune(ledger, self._folder, before, dry_run=dry_run) if ledger else Pruned([], 0)

        return await self.read(work)

    async def read(self, function: Callable[[], T]) -> T:
        """Call ``function``, which reads a chain, where it blocks nobody. Raises PadwanError as the ledger does."""
        return await self._background.run(function)

    def _opened(self) -> Ledger | None:
        if self._ledger is None and self._folder.ledger.exists():
            self._ledger = Ledger(self._folder)
        return self._ledger
