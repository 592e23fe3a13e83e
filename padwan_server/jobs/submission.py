"""Sending requests as a new batch job, once, with the ledger written before each request leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import blake2b
from itertools import groupby, islice
from pathlib import Path
from typing import Any, TypeVar

from padwan_server.errors import PadwanError
from padwan_server.gemini.errors import ServiceError
from padwan_server.gemini.gateway import Gateway
from padwan_server.gemini.job import RemoteJob
from padwan_server.gemini.requests import fit_inline, inline_item
from padwan_server.gemini.states import JobState
from padwan_server.jobs.background import Background
from padwan_server.jobs.folder import JobsFolder, in_words, whole
from padwan_server.jobs.job import UNCERTAIN, WAITING, Job, Part, display_name, now
from padwan_server.jobs.ledger import Ledger
from padwan_server.jobs.lock import MOMENT
from padwan_server.jobs.progress import JobProgress, progress_of
from padwan_server.jobs.reconciliation import Reconciliation
from padwan_server.jobs.refusals import already_submitted
from padwan_server.jobs.requests import Request, encode, stored_requests
from padwan_server.jobs.rescue import note
from padwan_server.jobs.tag import new_tag, tagged
from padwan_server.service import INLINE_LIMIT_BYTES, INLINE_PROMPTS, MAX_INPUT_FILE_BYTES

T = TypeVar("T")
Told = Callable[[JobProgress], Awaitable[None]]

_RECORDS_AT_ONCE = 10_000
"""Requests that one transaction of the ledger remembers: other processes wait for it."""

_USABLE = timedelta(hours=47)
"""How long an uploaded file is taken for one that is still there; the service keeps it for 48 hours."""

NO_REQUESTS = "The stored requests of it were removed from the workspace before they were sent."

_ABOUT_THE_KEY = ("api-key-invalid", "permission-denied")
"""Refusals that say nothing about the requests: another key, or a word with its owner, may help."""


@dataclass(frozen=True)
class Submission:
    """Sends one job. Every step is in the ledger or in the folder before the next begins.

    The caller holds the job's lock, by which other processes know that somebody sends it.
    """

    gateway: Gateway
    ledger: Ledger
    folder: JobsFolder
    background: Background
    reconciliation: Reconciliation

    told: Told
    """Hears how far it is."""
    asked: Callable[[Job], Awaitable[Job]]
    """Another job as it is now at the service, if that can be asked."""

    async def prepare(self, job: Job, requests: Iterable[Request], per_part: int, *, tags: bool, again: bool) -> Job:
        """Write ``requests``, in parts of ``per_part`` at most, so that ``send`` can send them.

        Raises PadwanError ``already-submitted`` if an unfinished job has the same content, unless ``again``; nothing
        is left behind then.
        """
        try:
            await self.background.run(self.ledger.begin, job)
            steps = self._stored(job, requests, per_part, tags)
            while isinstance(stored := await self.background.run(next, steps), int):
                await self.told(replace(progress_of(job, f"{stored:,} requests written."), total=stored))
            job = stored
            await self._admit(job, again=again)
            await self.background.run(note, self.folder, job)
        except BaseException:
            await self.background.run(forget, self.ledger, self.folder, job)
            raise
        return job

    def _stored(self, job: Job, requests: Iterable[Request], per_part: int, tags: bool) -> Iterator[Job | int]:
        """``job`` at last, with its parts and fingerprint, the requests of each part in a file and in the ledger.

        Before that the number of requests so far, each time that others may use the ledger.
        """
        content = blake2b("\n".join((job.endpoint, job.key_fingerprint, job.model)).encode(), digest_size=16)
        parts: list[Part] = []
        position = 0
        for number, lines in groupby(_parted(requests, per_part), key=lambda item: item[0]):
            part = Part(id=job.id if number == 1 else f"{job.id}-{number}", tag=new_tag() if tags else "")
            first = position
            with whole(self.folder.requests(part.id)) as file:
                for some in _batched(lines, _RECORDS_AT_ONCE):
                    for _, _, line in some:
                        file.write(line)
                        content.update(line)
                    records = ((number, request.key, request.digest) for _, request, _ in some)
                    self.ledger.add_records(job, position, records)
                    position += len(some)
                    yield position
            parts.append(replace(part, total=position - first, pending=position - first))
        yield replace(job, parts=tuple(parts), fingerprint=content.hexdigest())

    async def _admit(self, job: Job, *, again: bool) -> None:
        while same := await self.background.run(self.ledger.ready, job, again=again):
            if not await self.gave_way(same):
                # Also if it has ended meanwhile: nobody has seen its answers yet, which are there now.
                raise already_submitted(await self.asked(same))

    async def gave_way(self, job: Job) -> bool:
        """Whether a job was never sent, nor ever will be since its program ended; it is forgotten then."""
        lock = self.folder.lock(job.id)
        if not await lock.take_within(MOMENT):
            return False
        try:
            # Its program may have sent it, and ended, since the ledger was asked.
            current = await self.background.run(self.ledger.find, job.id)
            if any(part.state != WAITING for found in current for part in found.parts):
                return False
            await self.background.run(forget, self.ledger, self.folder, job)
            return True
        finally:
            lock.release()

    async def send(self, job: Job, *, keep: bool = False) -> Job:
        """Send all parts that are waiting.

        Raises ServiceError when it must stop. Before any part was accepted: ``submit-uncertain`` leaves the job in the
        ledger as SUBMIT_UNCERTAIN, since the service may have it; after any other error it was refused and is
        forgotten, unless ``keep``. Later: the other parts wait on.
        """
        for number in range(len(job.parts)):
            # As it is now: somebody may have withdrawn it while those before it were sent.
            if (part := job.parts[number]).state == WAITING:
                job = await self._send_part(job, part, keep=keep)
        return job

    async def _send_part(self, job: Job, part: Part, *, keep: bool) -> Job:
        if not self.folder.requests(part.id).exists():
            return await self._refused(job, part, NO_REQUESTS)
        try:
            remote = await self._create(job, part)
        except ServiceError as error:
            return await self._not_accepted(job, part, error, keep=keep)
        if remote is None:
            [job] = await self.background.run(self.ledger.find, job.id) or [job]
            return job
        try:
            job = await self.reconciliation.taken(job, part, remote)
        except PadwanError as error:
            error.hint = f"The service has the job as {remote.name}: it is found again when there is room. {error.hint}"
            raise
        await self.told(progress_of(job, _how_far(job)))
        return job

    async def _create(self, job: Job, part: Part) -> RemoteJob | None:
        """The service's job of a part; None if the part was withdrawn meanwhile."""
        path = self.folder.requests(part.id)
        name = tagged(display_name(job, part), part.tag)
        items = await self.background.run(_inline_items, path) if part.total <= INLINE_PROMPTS else None
        if items is not None:
            if not await self._claimed(job, part):
                return None
            return await self.gateway.create_inline(job.model, name, items)
        input_file = part.input_file
        if not part.uploaded or part.uploaded < now() - _USABLE:
            input_file = await self.gateway.upload(path, job.display_name)
            await self._mark(job, part, input_file=input_file, uploaded=now())
        if not await self._claimed(job, part):
            return None
        return await self.gateway.create_from_file(job.model, name, input_file)

    async def _claimed(self, job: Job, part: Part) -> bool:
        """Note that a part is about to leave; False if it was withdrawn meanwhile."""

        def work() -> bool:
            claimed = self.ledger.claim(part)
            if claimed:
                # Beside the ledger too: of a lost ledger's job one must know that the service may have it.
                note(self.folder, self.ledger.find(job.id)[0])
            return claimed

        return await self.background.run(work)

    async def _not_accepted(self, job: Job, part: Part, error: ServiceError, *, keep: bool) -> Job:
        if error.ambiguous:
            job = await self._mark(job, part, trouble=error.message, state=UNCERTAIN, error=error.message)
            job = await self.reconciliation.just_sent(job)
            if not job.uncertain:
                return job
            error.data = {**error.data, "id": job.id, "job": job.name}
        elif not job.sent and not keep:
            await self.background.run(forget, self.ledger, self.folder, job)
        elif keep or error.transient or error.code in _ABOUT_THE_KEY:
            await self._mark(job, part, trouble=error.message, state=WAITING)
        else:
            return await self._refused(job, part, error.message)
        raise error

    async def _refused(self, job: Job, part: Part, error: str) -> Job:
        """The service has the others and never this one: its prompts are among those to retry."""
        changes: dict[str, Any] = {
            "state": JobState.FAILED.value,
            "ended": now(),
            "failed": part.total,
            "pending": 0,
            "stored": True,
        }
        return await self._mark(job, part, **changes, error=error)

    async def _mark(self, job: Job, part: Part, trouble: str = "", **changes: Any) -> Job:
        return await self.background.run(self.ledger.update_part, job, part, changes, trouble=trouble)


def _batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """As itertools.batched, which Python 3.11 lacks."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def _parted(requests: Iterable[Request], per_part: int) -> Iterator[tuple[int, Request, bytes]]:
    """Each request with the number of its part, from 1, and its line."""
    number, count, size = 1, 0, 0
    for request in requests:
        line = encode(request) + b"\n"
        if count == per_part or (count and size + len(line) > MAX_INPUT_FILE_BYTES):
            number, count, size = number + 1, 0, 0
        count, size = count + 1, size + len(line)
        yield number, request, line


def _inline_items(path: Path) -> list[dict[str, Any]] | None:
    """The requests of a part as inline ones, None if they are too large."""
    with in_words():
        if path.stat().st_size >= INLINE_LIMIT_BYTES:
            return None
        items = [inline_item(request.key, request.members) for request in stored_requests(path)]
    return items if fit_inline(items) else None


def _how_far(job: Job) -> str:
    sent = sum(bool(part.name) for part in job.parts)
    return f"{sent} of {len(job.parts)} parts sent." if len(job.parts) > 1 else "Sent."


def forget(ledger: Ledger, folder: JobsFolder, job: Job) -> None:
    """Remove a job, its requests and its results from the workspace's memory."""
    ledger.remove(job)
    for path in folder.files_of(job.id):
        path.unlink(missing_ok=True)
