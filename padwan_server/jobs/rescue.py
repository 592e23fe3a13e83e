"""A ledger made again of what stands beside it: the notes of jobs, their stored requests and results."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from padwan_server.jobs.folder import JobsFolder, whole
from padwan_server.jobs.job import Job, Part
from padwan_server.jobs.requests import stored_requests
from padwan_server.jobs.rows import insert_job, insert_parts, insert_records
from padwan_server.prompts.record import request_digest, text_digest


def note(folder: JobsFolder, job: Job) -> None:
    """Write what the ledger says of a job beside it. Raises PadwanError ``workspace-not-writable``."""
    # Whoever looks at a job writes it, while another program may send it.
    with whole(folder.note(job.id), f".{uuid4().hex[:8]}") as file:
        file.write(msgspec.json.encode(job))


def rebuild(connection: sqlite3.Connection, folder: JobsFolder) -> None:
    """Fill a new ledger with all jobs that there are notes of, inside the caller's transaction."""
    for path in folder.notes():
        # A note that cannot be read is no reason to lose the others.
        with suppress(msgspec.MsgspecError, OSError):
            job = msgspec.json.decode(path.read_bytes(), type=Job)
            job = replace(job, parts=tuple(_as_stored(part, folder) for part in job.parts))
            insert_job(connection, job)
            insert_parts(connection, job)
            insert_records(connection, job, 0, _records(job, folder))


def _as_stored(part: Part, folder: JobsFolder) -> Part:
    """A part whose results are in the folder is to be read anew: where each answer is was in the lost ledger."""
    return replace(part, stored=part.stored and not folder.results(part.id).exists())


def _records(job: Job, folder: JobsFolder) -> Iterator[tuple[int, str, str]]:
    for number, part in enumerate(job.parts, 1):
        path: Path = folder.requests(part.id)
        if path.exists():
            for request in stored_requests(path):
                yield number, request.key, _digest(request.members)


def _digest(request: dict[str, Any]) -> str:
    """The digest of the prompt that a request was made from, as far as the request tells."""
    match request.get("contents"):
        case [{"role": "user", "parts": [{"text": str(text)}]}]:
            return text_digest(text)
        case _:
            return request_digest(request)
