"""All batch jobs of one workspace at one endpoint: what the operations work with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, TypeVar

from padwan_server.errors import PadwanError
from padwan_server.gemini.errors import ServiceError
from padwan_server.gemini.gateway import Gateway
from padwan_server.gemini.job import RemoteJob
from padwan_server.jobs.background import Background
from padwan_server.jobs.chain import Chain
from padwan_server.jobs.clock import in_time, without_haste
from padwan_server.jobs.decisions import Decisions
from padwan_server.jobs.diagnosis import diagnose
from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.job import SUBMITTING, WAITING, Job, Part, now
from padwan_server.jobs.ledger import Findings, Ledger
from padwan_server.jobs.listing import Listing
from padwan_server.jobs.lock import Lock
from padwan_server.jobs.looks import Looks, asking
from padwan_server.jobs.progress import JobProgress
from padwan_server.jobs.reconciliation import Reconciliation
from padwan_server.jobs.refusals import forgotten, not_done, of_another_key, still_sending, undecided
from padwan_server.jobs.requests import Request
from padwan_server.jobs.rescue import note
from padwan_server.jobs.submission import Submission, Told
from padwan_server.jobs.tag import tag_in
from padwan_server.jobs.watcher import Watcher
from padwan_server.service import MAX_PROMPTS

T = TypeVar("T")

_LOOKS_AT_ONCE = 8
"""Jobs that are asked for at the same time; a workspace may have a hundred at work."""
_KEYS_TOLD = 100
"""Keys of one finding at most."""
_PATIENCE = 30.0
"""Seconds to wait for another's look; its program may have been stopped in the midst of it."""
_ANSWERED_WITHIN = 90.0
"""Seconds in which a create that is on its way is answered, or given up."""


async def nobody(_: JobProgress) -> None:
    """Hears nothing."""


class Jobs:
    """Submits, finds, watches, cancels and retries jobs, and hands out their answers."""

    def __init__(
        self, folder: JobsFolder, gateway: Gateway, endpoint: str, key_fingerprint: str, *, tags: bool = True
    ) -> None:
        """``endpoint`` is what the ledger calls it: ``emulator`` or an address.

        ``tags`` end display names at the service, so that a job whose name got lost is found again.
        """
        self.endpoint = endpoint
        self.key_fingerprint = key_fingerprint
        self._folder = folder
        self._gateway = gateway
        self._tags = tags
        self._background = Background()
        self._ledger: Ledger | None = None
        self._watchers: dict[str, Watcher] = {}
        self._sending: set[asyncio.Task[Job]] = set()
        self._slots = asyncio.Semaphore(_LOOKS_AT_ONCE)

    async def open(self) -> Jobs:
        """Open the workspace's memory. Raises PadwanError as JobsFolder.create and Ledger do."""
        await self._background.run(self._folder.create)
        self._ledger = await self._background.run(Ledger, self._folder)
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
        self,
        model: str,
        display_name: str,
        requests: Iterable[Request],
        source: str = "",
        retry_of: str = "",
        *,
        per_part: int = MAX_PROMPTS,
        again: bool = False,
        told: Told = nobody,
    ) -> Job:
        """Send requests as a new job, in parts of ``per_part`` at most; ``told`` hears how far it is.

        Once requests leave, no cancelled caller stops it: the job could not be found again.
        Raises PadwanError ``already-submitted`` if an unfinished job has the same content, unless ``again``, and
        ServiceError; ``submit-uncertain`` when nobody can say whether the service has the job, and ``still-sending``
        when it goes on beyond the caller's patience.
        """
        job = Job(self.endpoint, self.key_fingerprint, display_name, model, source=source, retry_of=retry_of)
        leaving = asyncio.Event()
        task = without_haste(self._submit(job, requests, per_part, leaving, told, again=again))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        try:
            async with in_time():
                return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not leaving.is_set():
                task.cancel()
            raise
        except TimeoutError:
            raise still_sending(job) from None

    async def _submit(
        self, job: Job, requests: Iterable[Request], per_part: int, leaving: asyncio.Event, told: Told, *, again: bool
    ) -> Job:
        await self._background.run(self._folder.create)
        await self._clean()
        async with self._folder.lock(job.id):
            submission = self._submission(told)
            job = await submission.prepare(job, requests, per_part, tags=self._tags, again=again)
            leaving.set()
            try:
                return await submission.send(job)
            except ServiceError:
                # Of a job that the service has begun with, the rest is sent by whoever watches it.
                sent = await self.remembered(job)
                if not sent.sent:
                    raise
                return sent

    async def _clean(self) -> None:
        """Forget submissions whose program ended while it wrote their requests: nobody was told of them."""
        for job in await self._background.run(self.ledger.unready):
            await self.gave_way(job)

    def _submission(self, told: Told = nobody) -> Submission:
        return Submission(
            self._gateway, self.ledger, self._folder, self._background, self._reconciliation, told, self._asked
        )

    @property
    def _reconciliation(self) -> Reconciliation:
        return Reconciliation(self._gateway, self.ledger, self._folder, self._background)

    @property
    def _looks(self) -> Looks:
        return Looks(self._gateway, self.ledger, self._folder, self._background, self.key_fingerprint)

    @property
    def listing(self) -> Listing:
        """The jobs of the service and those of the workspace in one list."""
        return Listing(
            self._gateway, self.ledger, self._background, self._reconciliation, self.endpoint, self.key_fingerprint
        )

    @property
    def decisions(self) -> Decisions:
        """What people decide about a job."""
        return Decisions(
            self._gateway,
            self.ledger,
            self._folder,
            self._background,
            self._reconciliation,
            self._looks,
            self._submission(),
            self.key_fingerprint,
            tags=self._tags,
        )

    # Finding

    async def find(self, name: str) -> Job:
        """The job of this name, as the service has it now if it can be asked, its results stored once it has ended.

        What kept it from being asked is the job's ``trouble``. Raises ServiceError for a job that the ledger does not
        know, and PadwanError ``other-backend`` for one that was made elsewhere.
        """
        return await self._asked(await self.known(name))

    async def _asked(self, job: Job) -> Job:
        try:
            async with asking():
                return job if job.stored else await self.look(job)
        except ServiceError as error:
            # One that was not waited for has noted nothing yet.
            await self._background.run(self.ledger.update, job, trouble=error.message)
            return await self.remembered(job)

    async def known(self, name: str) -> Job:
        """The job of this name as it was last seen; only one that the ledger does not have is asked for.

        Raises as ``find`` does.
        """
        if remembered := await self._remembered(name):
            return remembered
        async with asking():
            return await self._adopt(await self._gateway.get(name))

    async def remembered(self, job: Job) -> Job:
        """``job`` as the ledger has it now; as it was if the ledger has it no longer."""
        found = await self._background.run(self.ledger.find, job.id)
        return found[0] if found else job

    async def _remembered(self, name: str) -> Job | None:
        wanted = name if "/" in name else f"batches/{name}"
        found = await self._background.run(self.ledger.find, wanted) or await self._background.run(
            self.ledger.find, name
        )
        for job in found:
            if job.endpoint == self.endpoint:
                return await self._settled_if_reached(await self._with_results(job))
        if found:
            raise PadwanError(
                "other-backend",
                f"The job {name} was made at {found[0].endpoint}, and this session works with {self.endpoint}.",
                "Set padwan.backend (or --backend) to the one that it was made with.",
                {"job": name, "endpoint": found[0].endpoint},
            )
        return None

    async def _with_results(self, job: Job) -> Job:
        """A job of which results that somebody removed are to be fetched again."""
        for number, part in enumerate(job.parts, 1):
            if await self._background.run(self._has_lost, job, number, part):
                job = await self._background.run(self.ledger.unstore, job, number)
        return job

    def _has_lost(self, job: Job, number: int, part: Part) -> bool:
        stands = self._folder.results(part.id).exists()
        return part.stored and not stands and self.ledger.answered(job, number) > 0

    async def _settled_if_reached(self, job: Job) -> Job:
        """A job, its unanswered parts with their names if the service has them and can be asked."""
        if job.unanswered:
            try:
                async with asking():
                    [job] = await self._reconciliation.settled([job])
            except ServiceError as error:
                if not error.transient:
                    raise
        return job

    def is_being_sent(self, job: Job) -> bool:
        """Whether a living process is sending it, or some of it."""
        return self._folder.lock(job.id).is_held()

    async def _adopt(self, remote: RemoteJob) -> Job:
        """Remember a job that another program made with the same key, or know it as our own that got no answer."""
        tag = tag_in(remote.display_name)
        for job in await self._background.run(self.ledger.unanswered, self.endpoint):
            for number, part in enumerate(job.parts, 1):
                if tag and part.tag == tag:
                    return await self._looks.taken(job, number, remote)
        job = await self._background.run(self.ledger.add, self.listing.foreign(remote))
        return await self._looks.taken(job, 1, remote)

    async def look(self, job: Job, *, attempts: int = 3) -> Job:
        """Ask the service once more, and send what waits to be sent of a job that it has begun with.

        Raises ServiceError.
        """
        async with self._slots:
            job = await self._looks.at(await self._settled_if_reached(job), attempts=attempts)
        if not job.waiting or not job.sent or job.uncertain:
            return job
        if job.key_fingerprint != self.key_fingerprint:
            raise of_another_key()
        return await self._sent_on(job)

    async def _sent_on(self, job: Job) -> Job:
        lock = self._folder.lock(job.id)
        if not lock.take():
            # Another task or process is sending them.
            return job
        try:
            return await self._submission().send(await self.remembered(job))
        finally:
            lock.release()

    # Watching

    async def watch(self, job: Job, interval: float | None = None) -> AsyncGenerator[JobProgress]:
        """Every look at the job until it has ended, ``interval`` seconds apart; by its age unless given.

        Temporary troubles are told in ``note`` and looked past. Raises ServiceError when the service refuses for good.
        """
        watcher = self._watchers.get(job.id)
        if watcher is None:
            watcher = self._watchers[job.id] = Watcher(job, self._look_for_all)
        try:
            async with aclosing(watcher.follow(interval)) as looks:
                async for look in looks:
                    yield look
        finally:
            if not watcher.followed and self._watchers.get(job.id) is watcher:
                del self._watchers[job.id]

    async def _look_for_all(self, job: Job, interval: float) -> Job:
        """One look, unless another process had one so recently that it serves us too."""
        lock = self._folder.lock(f"{job.id}.look")
        taken = await lock.take_within(_PATIENCE)
        try:
            current = await self.remembered(job)
            age = (now() - current.looked).total_seconds() if current.looked else interval
            if current.stored or (0 <= age < interval * _RECENT and current.looked != job.looked):
                return current
            self._refuse_unanswered(await self._settled_if_reached(current))
            return await self.look(current, attempts=1)
        finally:
            if taken:
                lock.release()

    # Cancelling

    async def cancel(self, job: Job) -> Job:
        """Ask the service to cancel, and return the job as it is after that: it may still run, or have ended.

        What has not been sent yet never will be, and what is on its way is cancelled when it has arrived.
        Raises ServiceError, and PadwanError ``being-sent`` when that takes too long.
        """
        job = await self.withdraw(job)
        self._refuse_unanswered(job)
        async with asking():
            await self._cancel(job.parts)
            if any(part.state == SUBMITTING for part in job.parts):
                known = {part.name for part in job.parts}
                async with self._reconciliation.held(job, _ANSWERED_WITHIN) as arrived:
                    await self._cancel(part for part in arrived.parts if part.name not in known)
                    job = arrived
            return await self.look(job)

    async def withdraw(self, job: Job) -> Job:
        """The job, of which nothing will be sent that has not been."""
        waiting = [part for part in job.parts if part.state == WAITING]
        for part in waiting:
            await self._background.run(self.ledger.withdraw, part)
        job = await self.remembered(job)
        if waiting and job.parts:
            await self._background.run(note, self._folder, job)
        return job

    async def _cancel(self, parts: Iterable[Part]) -> None:
        """Ask for each of these parts, also where another is refused. Raises ServiceError."""
        refused: ServiceError | None = None
        for part in parts:
            if part.name and not part.terminal:
                try:
                    await self._gateway.cancel(part.name)
                except ServiceError as error:
                    refused = error
        if refused:
            raise refused

    # Results

    async def chain(self, job: Job) -> Chain:
        """The job with its retries. Raises PadwanError ``job-not-done`` when the first has no results yet."""
        for other in await self._background.run(self.ledger.chain, job):
            member = await self._with_results(other)
            if not member.stored and member.id != job.id:
                # Whatever keeps a retry from being asked for, the answers that are here stand.
                with suppress(ServiceError):
                    async with asking():
                        await self.look(member)
        chain = Chain(await self._background.run(self.ledger.chain, job), self.ledger, self._folder)
        root = chain.root
        if not root.stored:
            self._refuse_unanswered(root)
            raise not_done(root)
        return chain

    async def read(self, function: Callable[..., T], *args: Any) -> T:
        """Call ``function``, which reads the ledger or stored results, where it blocks nobody."""
        return await self._background.run(function, *args)

    async def apart(self, chain: Chain, function: Callable[[Chain], T]) -> T:
        """Call ``function``, which takes long, with the chain as it is now, in a thread and with a ledger of its own.

        Raises PadwanError ``job-forgotten`` or ``job-not-done``: the job may have been deleted, the ledger made anew.
        """

        def work() -> T:
            ledger = Ledger(self._folder)
            try:
                jobs = ledger.chain(chain.root)
                if not jobs:
                    raise forgotten(chain.root.id)
                if not jobs[0].stored:
                    raise not_done(jobs[0])
                return function(replace(chain, jobs=jobs, ledger=ledger))
            finally:
                ledger.close()

        return await asyncio.to_thread(work)

    async def findings(self, job: Job) -> Findings:
        """What is odd about the results of a job."""
        return await self._background.run(self.ledger.findings, job, _KEYS_TOLD)

    async def diagnosis(self, job: Job) -> list[str]:
        """Why a job is not done, or not well, in sentences for people."""
        active = await self._background.run(self.ledger.active, self.endpoint, self.key_fingerprint)
        return diagnose(
            job,
            active=active,
            key_fingerprint=self.key_fingerprint,
            moment=now(),
            sending=self.is_being_sent(job),
        )

    async def gave_way(self, job: Job) -> bool:
        """Whether a job was never sent, nor ever will be since its program ended; it is forgotten then."""
        return await self._submission().gave_way(job)

    def retrying(self, root: Job) -> Lock:
        """Held by whoever sends a retry of a chain: two at once would send the same prompts twice."""
        return self._folder.retry_lock(root.id)

    def _refuse_unanswered(self, job: Job) -> None:
        """Raises PadwanError ``submit-uncertain`` for a job that nothing moves until a person decides."""
        moves = job.terminal or any(part.name and not part.terminal for part in job.parts) or self.is_being_sent(job)
        if not moves and (job.uncertain or not job.sent):
            raise undecided(job)


_RECENT = 0.9
"""Share of the interval for which somebody else's look is as good as our own."""
