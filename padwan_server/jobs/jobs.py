"""All batch jobs of one workspace at one endpoint: what the operations work with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from padwan_server.errors import PadwanError
from padwan_server.gemini.errors import ServiceError
from padwan_server.gemini.gateway import Gateway
from padwan_server.gemini.job import RemoteJob
from padwan_server.jobs.background import Background
from padwan_server.jobs.chain import Chain
from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.job import SUBMITTING, UNCERTAIN, Job, now
from padwan_server.jobs.ledger import Ledger, Record
from padwan_server.jobs.progress import JobProgress
from padwan_server.jobs.reconciliation import Reconciliation
from padwan_server.jobs.results import index, keep
from padwan_server.jobs.submission import Request, Submission, seen, stored_requests
from padwan_server.jobs.tag import tag_in, tag_of, untagged
from padwan_server.jobs.watcher import Watcher

T = TypeVar("T")


@dataclass(frozen=True)
class Page:
    """Some jobs, newest first. ``next_page_token`` is empty at the end; ``warning`` says what could not be asked."""

    jobs: list[Job]
    next_page_token: str = ""
    warning: str = ""


class Jobs:
    """Submits, finds, watches, cancels and retries jobs, and hands out their answers."""

    def __init__(self, folder: JobsFolder, gateway: Gateway, endpoint: str, key_fingerprint: str) -> None:
        """``endpoint`` is what the ledger calls it: ``emulator`` or an address."""
        self._folder = folder
        self._gateway = gateway
        self._endpoint = endpoint
        self._key_fingerprint = key_fingerprint
        self._background = Background()
        self._ledger: Ledger | None = None
        self._watchers: dict[str, Watcher] = {}
        self._fetching: dict[str, asyncio.Lock] = {}
        self._sending: set[asyncio.Task[Job]] = set()

    async def open(self) -> Jobs:
        """Open the workspace's memory. Raises PadwanError as JobsFolder.create and Ledger do."""
        await self._background.run(self._folder.create)
        self._ledger = await self._background.run(Ledger, self._folder.ledger)
        return self

    async def aclose(self) -> None:
        """End cleanly: submissions on their way are waited for, so that their job's name is not lost."""
        await asyncio.gather(*self._sending, return_exceptions=True)
        if self._ledger:
            await self._background.run(self._ledger.close)
        self._background.close()
        await self._gateway.aclose()

    @property
    def ledger(self) -> Ledger:
        """The opened ledger."""
        if self._ledger is None:
            raise RuntimeError("Jobs.open was not awaited")
        return self._ledger

    # Submitting

    async def submit(
        self, model: str, display_name: str, requests: Sequence[Request], source: str = "", retry_of: str = ""
    ) -> Job:
        """Send requests as a new job. A cancelled caller does not stop it: the job could not be found again.

        Raises ServiceError; ``submit-uncertain`` when nobody can say whether the service has the job.
        """
        job = Job(
            endpoint=self._endpoint,
            key_fingerprint=self._key_fingerprint,
            display_name=display_name,
            model=model,
            source=source,
            retry_of=retry_of,
        )
        sending = asyncio.create_task(self._send(job, requests))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        return await asyncio.shield(sending)

    async def _send(self, job: Job, requests: Sequence[Request]) -> Job:
        """Submit once; after silence, look whether the service has the job all the same."""
        submission = Submission(self._gateway, self.ledger, self._folder, self._background)
        try:
            return await submission.send(job, requests)
        except ServiceError as error:
            if not error.ambiguous:
                raise
            found = await self._reconciliation.of(await self.remembered(job))
            if not found.known_to_service:
                raise
            return found

    @property
    def _reconciliation(self) -> Reconciliation:
        return Reconciliation(self._gateway, self.ledger, self._background)

    # Finding

    async def find(self, name: str) -> Job:
        """The job of this name as the service has it now, its results stored once it has ended.

        Raises ServiceError, or PadwanError ``other-backend`` for a job that was made elsewhere.
        """
        job = await self.known(name)
        return job if job.stored or not job.known_to_service else await self._look(job)

    async def known(self, name: str) -> Job:
        """The job of this name as it was last seen; only one that the ledger does not have is asked for.

        Raises as ``find`` does.
        """
        return await self._remembered(name) or await self._adopt(await self._gateway.get(name))

    async def remembered(self, job: Job) -> Job:
        """``job`` as the ledger has it now."""
        return (await self._call(self.ledger.find, job.id))[0]

    async def _remembered(self, name: str) -> Job | None:
        wanted = name if "/" in name else f"batches/{name}"
        found = await self._call(self.ledger.find, wanted) or await self._call(self.ledger.find, name)
        for job in found:
            if job.endpoint == self._endpoint:
                return await self._named(job)
        if found:
            raise PadwanError(
                "other-backend",
                f"The job {name} was made at {found[0].endpoint}, and this session works with {self._endpoint}.",
                "Set padwan.backend (or --backend) to the one that it was made with.",
                {"job": name, "endpoint": found[0].endpoint},
            )
        return None

    async def _named(self, job: Job) -> Job:
        """A job, with its name at the service if it lacks one and the service can be asked."""
        if job.known_to_service:
            return job
        try:
            [job] = await self._reconciliation.all([job])
        except ServiceError as error:
            if not error.transient:
                raise
        return job

    async def _adopt(self, remote: RemoteJob) -> Job:
        """Remember a job that another program made with the same key, or know it as our own that got no answer."""
        tag = tag_in(remote.display_name)
        mine = [job for job in await self._call(self.ledger.unnamed, self._endpoint) if tag_of(job.id) == tag]
        if mine:
            job = await self._call(self.ledger.update, mine[0], **seen(remote))
            return await self._with_results(job, remote)
        job = Job(
            endpoint=self._endpoint,
            key_fingerprint=self._key_fingerprint,
            display_name=untagged(remote.display_name),
            model=remote.model,
            created=remote.create_time or now(),
        )
        job = replace(job, **seen(remote))
        await self._call(self.ledger.add, job)
        return await self._with_results(job, remote)

    async def recent(self, limit: int, page_token: str = "") -> Page:
        """The newest jobs at the service, with what the ledger knows of them.

        When the service cannot be reached, those of the ledger alone, with a warning.
        """
        unsent = [] if page_token else await self._call(self.ledger.recent, self._endpoint, limit, unnamed=True)
        try:
            unsent = [job for job in await self._reconciliation.all(unsent) if not job.known_to_service]
            page = await self._gateway.list(limit, page_token)
        except ServiceError as error:
            if not error.transient or page_token:
                raise
            remembered = await self._call(self.ledger.recent, self._endpoint, limit)
            return Page(remembered, warning=f"{error.message} These are the jobs as last seen.")
        known = await self._call(self.ledger.named, self._endpoint, [remote.name for remote in page.jobs])
        listed = [self._listed(remote, known.get(remote.name)) for remote in page.jobs]
        return Page([*unsent, *listed], page.next_page_token)

    def _listed(self, remote: RemoteJob, job: Job | None) -> Job:
        """A list may lag behind: what the ledger has of an ended job stands."""
        if job and job.terminal:
            return job
        job = job or Job(self._endpoint, self._key_fingerprint, untagged(remote.display_name), remote.model, id="")
        return replace(job, created=remote.create_time or job.created, **seen(remote))

    async def _look(self, job: Job, attempts: int = 3) -> Job:
        """Ask the service once more. An answer by another key than the job's looks like a lost job: say so."""
        try:
            remote = await self._gateway.get(job.name, attempts=attempts)
        except ServiceError as error:
            if error.code == "job-not-found" and job.key_fingerprint != self._key_fingerprint:
                error.hint = "It was submitted with another API key: set that key to see it."
            raise
        job = await self._call(self.ledger.update, job, **seen(remote))
        return await self._with_results(job, remote)

    # Watching

    async def watch(self, job: Job, interval: float) -> AsyncGenerator[JobProgress]:
        """Every look at the job until it has ended. Temporary troubles are told in ``note`` and looked past.

        Raises ServiceError when the service refuses for good.
        """
        self._refuse_unnamed(job)
        watcher = self._watchers.get(job.id)
        if watcher is None:
            watcher = self._watchers[job.id] = Watcher(job, lambda job: self._look(job, attempts=1))
        try:
            async with aclosing(watcher.follow(interval)) as looks:
                async for look in looks:
                    yield look
        finally:
            if not watcher.followed:
                self._watchers.pop(job.id, None)

    # Cancelling

    async def cancel(self, job: Job) -> Job:
        """Ask the service to cancel, and return the job as it is after that: it may still run, or have ended."""
        self._refuse_unnamed(job)
        if job.terminal:
            return job
        await self._gateway.cancel(job.name)
        return await self._look(job)

    # Results

    async def _with_results(self, job: Job, remote: RemoteJob) -> Job:
        if not job.terminal or job.stored:
            return job
        async with self._fetching.setdefault(job.id, asyncio.Lock()):
            current = await self.remembered(job)
            return current if current.stored else await self._fetch(current, remote)

    async def _fetch(self, job: Job, remote: RemoteJob) -> Job:
        path = self._folder.results(job.id)
        await keep(self._gateway.results(remote), path, self._background)
        sent = [record.key for record in await self.records(job)]
        found = await self._call(index, path, sent)
        return await self._call(self.ledger.store, job, found.records, found.warning)

    async def chain(self, job: Job) -> Chain:
        """The job with its retries. Raises PadwanError ``job-not-done`` when the first has no results yet."""
        self._refuse_unnamed(job)
        jobs = [await self._named(member) for member in await self._call(self.ledger.chain, job)]
        for retry in jobs:
            if retry.known_to_service and not retry.stored and retry.id != job.id:
                await self._look(retry)
        chain = Chain(await self._call(self.ledger.chain, job), self.ledger, self._folder)
        if not chain.root.stored:
            raise PadwanError(
                "job-not-done",
                f"The job {chain.root.name} is {chain.root.state}: it has no results yet.",
                "Poll it until it has ended, then ask again.",
                {"job": chain.root.name, "state": chain.root.state},
            )
        return chain

    async def read(self, function: Callable[..., T], *args: Any) -> T:
        """Call ``function``, which reads the ledger or stored results, where it blocks nobody."""
        return await self._call(function, *args)

    # Retrying

    async def requests(self, jobs: Iterable[Job], keys: set[str]) -> list[Request]:
        """The stored requests of these keys, from the newest of the jobs that has each, in the first one's order."""

        def collect() -> list[Request]:
            latest: dict[str, Request] = {}
            for job in jobs:
                path = self._folder.requests(job.id)
                if path.exists():
                    latest |= {found.key: found for found in stored_requests(path) if found.key in keys}
            return list(latest.values())

        return await self._call(collect)

    async def records(self, job: Job) -> list[Record]:
        """What the ledger has of each request of a job, in the order in which they were sent."""
        return await self._call(lambda: list(self.ledger.records(job)))

    async def _call(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return await self._background.run(function, *args, **kwargs)

    @staticmethod
    def _refuse_unnamed(job: Job) -> None:
        if job.state in (SUBMITTING, UNCERTAIN) and not job.name:
            raise PadwanError(
                "submit-uncertain",
                "This submission never got an answer, so nobody knows its job's name at the service.",
                "Look for it with batch list before you send the prompts again: the service may be running it.",
                {"id": job.id},
            )
