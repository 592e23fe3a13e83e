"""Sending requests as a new batch job, once, with the ledger written before the request leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from padwan_server.gemini.errors import ServiceError
from padwan_server.gemini.gateway import Gateway
from padwan_server.gemini.job import RemoteJob
from padwan_server.gemini.requests import fit_inline, inline_item
from padwan_server.jobs.background import Background
from padwan_server.jobs.folder import JobsFolder, write_lines
from padwan_server.jobs.job import UNCERTAIN, Job, now
from padwan_server.jobs.ledger import Ledger
from padwan_server.jobs.tag import tagged
from padwan_server.service import INLINE_LIMIT_BYTES


class Request(msgspec.Struct, frozen=True):
    """One request as it is sent, and the digest of the prompt that it was made from."""

    key: str
    request: dict[str, Any]
    digest: str = ""


def encode(request: Request) -> bytes:
    """The request as a line of an input file."""
    return msgspec.json.encode({"key": request.key, "request": request.request})


def stored_requests(path: Path) -> Iterator[Request]:
    """The requests of a job as they were submitted, from the workspace's folder."""
    decode = msgspec.json.Decoder(Request).decode
    with path.open("rb") as lines:
        for line in lines:
            yield decode(line)


@dataclass(frozen=True)
class Submission:
    """Sends one job. Every step is in the ledger or in the folder before the next begins."""

    gateway: Gateway
    ledger: Ledger
    folder: JobsFolder
    background: Background

    async def send(self, job: Job, requests: Sequence[Request]) -> Job:
        """Submit ``requests`` as ``job`` and return it as the service accepted it.

        Raises ServiceError. After ``submit-uncertain`` the job stays in the ledger as SUBMIT_UNCERTAIN: the service
        may have it. After any other error it was refused and is forgotten.
        """
        path = self.folder.requests(job.id)
        size = await self.background.run(write_lines, path, map(encode, requests))
        job = replace(job, total=len(requests), pending=len(requests))
        await self.background.run(self.ledger.add, job, ((request.key, request.digest) for request in requests))
        try:
            remote = await self._create(job, requests, path, size)
        except ServiceError as error:
            await self._not_accepted(job, path, error)
            raise
        return await self.background.run(self.ledger.update, job, **seen(remote))

    async def _create(self, job: Job, requests: Sequence[Request], path: Path, size: int) -> RemoteJob:
        if size < INLINE_LIMIT_BYTES:
            items = [inline_item(request.key, request.request) for request in requests]
            if await self.background.run(fit_inline, items):
                return await self.gateway.create_inline(job.model, tagged(job.display_name, job.id), items)
        uploaded = await self.gateway.upload(path, job.display_name)
        return await self.gateway.create_from_file(job.model, tagged(job.display_name, job.id), uploaded)

    async def _not_accepted(self, job: Job, path: Path, error: ServiceError) -> None:
        if error.ambiguous:
            await self.background.run(self.ledger.update, job, state=UNCERTAIN, error=error.message)
            error.data = {**error.data, "id": job.id}
        else:
            await self.background.run(self.ledger.remove, job)
            await self.background.run(path.unlink, missing_ok=True)


def seen(remote: RemoteJob) -> dict[str, Any]:
    """The fields of a job that one look at the service tells. Counts that an answer omits stay as they were."""
    counts = remote.counts
    changes: dict[str, Any] = {
        "name": remote.name,
        "state": remote.state.value,
        "updated": now(),
        "ended": remote.end_time if remote.state.terminal else None,
        "error": remote.error.message if remote.error else "",
    }
    if counts.total:
        changes |= {
            "total": counts.total,
            "succeeded": counts.succeeded,
            "failed": counts.failed,
            "pending": counts.pending,
        }
    return changes
