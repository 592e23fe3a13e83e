"""The Gemini Batch API at one endpoint, with every trap of it behind this door."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from padwan_server.errors import PadwanError
from padwan_server.gemini.answers import is_result
from padwan_server.gemini.endpoint import Endpoint
from padwan_server.gemini.errors import ServiceError, bad_answer, network_error
from padwan_server.gemini.job import JobPage, RemoteJob, line_of, parse_job, parse_page
from padwan_server.gemini.reads import ATTEMPTS, Reads
from padwan_server.gemini.writes import Writes

_NAME = re.compile(r"batches/[A-Za-z0-9._~-]+")
_PAGE_SIZE = 100
"""Jobs that one list answer holds at most."""

_EMPTY_PAGES = 50
"""Pages without any job after which a list is one that never ends."""


def job_name(job: str) -> str:
    """``batches/<id>`` for a name with or without its prefix. Raises PadwanError ``invalid-job``."""
    name = job if job.startswith("batches/") else f"batches/{job}"
    if not _NAME.fullmatch(name):
        raise PadwanError("invalid-job", f"{job!r} cannot be the name of a batch job.", "It looks like batches/abc123.")
    return name


class Gateway:
    """Everything that is asked of the service. All methods raise ServiceError."""

    def __init__(self, endpoint: Endpoint, *, timeout: float = 60.0) -> None:
        """``timeout`` is in seconds, for each answer."""
        self.endpoint = endpoint
        self._reads = Reads(endpoint, timeout)
        self._writes = Writes(endpoint, timeout)

    async def create_inline(self, model: str, display_name: str, items: Sequence[dict[str, Any]]) -> RemoteJob:
        """Create a job of inline requests, once. ``submit-uncertain`` means that it may exist all the same."""
        return await self._writes.create_inline(model, display_name, items)

    async def upload(self, path: Path, display_name: str) -> str:
        """Upload an input file (JSONL, 2 GB at most, kept for 48 hours); its name ``files/<id>``."""
        return await self._writes.upload(path, display_name)

    async def create_from_file(self, model: str, display_name: str, file_name: str) -> RemoteJob:
        """Create a job of an uploaded file, once. ``submit-uncertain`` means that it may exist all the same."""
        return await self._writes.create_from_file(model, display_name, file_name)

    async def get(self, job: str, *, attempts: int = ATTEMPTS) -> RemoteJob:
        """One look at a job. A finished inline job brings all its results along."""
        return await self._reads.get(job_name(job), parse_job, missing="job-not-found", attempts=attempts)

    async def list(self, limit: int, page_token: str = "") -> JobPage:
        """The newest ``limit`` jobs, without results. Pages of the service may be empty in the middle, not for ever."""
        jobs: list[RemoteJob] = []
        empty = 0
        while True:
            params = {"pageSize": str(min(limit - len(jobs), _PAGE_SIZE))}
            params |= {"pageToken": page_token} if page_token else {}
            page = await self._reads.get("batches", parse_page, missing="job-not-found", params=params)
            jobs += page.jobs
            page_token = page.next_page_token
            if not page_token or len(jobs) >= limit:
                return JobPage(jobs, page_token)
            empty = 0 if page.jobs else empty + 1
            if empty == _EMPTY_PAGES:
                raise bad_answer(ValueError())

    async def clock(self) -> datetime | None:
        """The service's time, from a small read with the key; None if it does not tell."""
        return await self._reads.clock("batches", {"pageSize": "1"})

    async def cancel(self, job: str) -> None:
        """Ask for a job to be cancelled. Only another look tells whether it is."""
        await self._writes.cancel(job_name(job))

    async def delete(self, job: str) -> None:
        """Delete a job at the service."""
        await self._writes.delete(job_name(job))

    async def results(self, job: RemoteJob) -> AsyncIterator[bytes]:
        """The results of a finished job in the service's order, each a line of JSON without its end.

        A file of results is streamed. ServiceError when the stream breaks off, or holds no result at all: then nothing
        is taken for whole.
        """
        for item in job.inline_responses:
            yield line_of(item)
        if job.responses_file:
            async for line in _results_alone(self._download(job.responses_file)):
                yield line

    async def _download(self, name: str) -> AsyncIterator[bytes]:
        """The lines of a file, from the address that the SDK uses, else from that of the documents."""
        try:
            async for line in self._lines(f"{name}:download"):
                yield line
        except ServiceError as error:
            if error.code != "file-not-found":
                raise
            async for line in self._lines(f"{name}:download", prefix="download/"):
                yield line

    async def _lines(self, path: str, prefix: str = "") -> AsyncIterator[bytes]:
        params = {"alt": "media"}
        async with self._reads.stream(path, missing="file-not-found", params=params, prefix=prefix) as response:
            rest = b""
            async for chunk in response.aiter_bytes():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, map(bytes.strip, lines)):
                    yield line
            if rest.strip():
                # Where no length was told, a connection that breaks looks like the end.
                if not _is_json(rest):
                    raise network_error(EOFError())
                yield rest.strip()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._reads.aclose()
        await self._writes.aclose()


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


async def _results_alone(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines of results, unless not one of them is any: then somebody on the way has put a page of his in their place.

    Raises ServiceError ``bad-answer``.
    """
    odd: list[bytes] | None = []
    async for line in lines:
        if odd is None:
            yield line
        elif is_result(line):
            for kept in odd:
                yield kept
            odd = None
            yield line
        else:
            odd.append(line)
    if odd:
        raise bad_answer(ValueError())
