"""Results of a job in the workspace: fetched once, kept as received, joined by key."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from padwan_server.errors import PadwanError
from padwan_server.gemini.answers import Answer, parse_answer, parse_answers
from padwan_server.jobs.background import Background
from padwan_server.jobs.folder import JobsFolder, whole
from padwan_server.jobs.job import Job
from padwan_server.jobs.ledger import MISSING, Record

T = TypeVar("T")

_CHUNK = 1 << 20

_AT_ONCE = 100
"""Answers that are read at once."""

BY_ORDER = (
    "No result carried a key, so answers were joined to prompts by their order, which the service does not promise."
)
NO_ANSWER = "The service returned no answer for this prompt."
STRAY = "Some results carried no key; they are named result-<line> and belong to no prompt."


async def keep(lines: AsyncIterator[bytes], target: Path, background: Background) -> None:
    """Stream result lines into ``target``, which appears only when all are on the disk.

    Raises PadwanError ``workspace-not-writable``, or what ``lines`` raises; nothing is left behind then.
    """
    chunk = bytearray()
    writing = whole(target)
    file = await background.run(writing.__enter__)
    try:
        async for line in lines:
            chunk += line + b"\n"
            if len(chunk) >= _CHUNK:
                await background.run(file.write, bytes(chunk))
                chunk.clear()
        await background.run(file.write, bytes(chunk))
    except BaseException:
        if not await background.run(writing.__exit__, *sys.exc_info()):
            raise
    else:
        await background.run(writing.__exit__, None, None, None)


class Answers:
    """The answers in the results of a part and where each is, read once, as they are asked for."""

    def __init__(self, path: Path, part: int, sent_keys: Iterable[str]) -> None:
        """``sent_keys`` serve, by order, when no result carries a key."""
        self._path = path
        self._part = part
        self._sent_keys = sent_keys
        self.warning = ""
        """What the reader of the results must know; whole when all were read."""

    def __iter__(self) -> Iterator[Record]:
        if any(record.key for record in self._records()):
            return self._by_key()
        return self._by_order()

    def _by_key(self) -> Iterator[Record]:
        for number, record in enumerate(self._records(), 1):
            if not record.key:
                self.warning = STRAY
            yield record if record.key else record._replace(key=f"result-{number}")

    def _by_order(self) -> Iterator[Record]:
        keys = iter(list(self._sent_keys))
        for position, record in enumerate(self._records()):
            self.warning = BY_ORDER
            yield record._replace(key=next(keys, f"prompt-{position}"))

    def _records(self) -> Iterator[Record]:
        start = 0
        with self._path.open("rb") as file:
            for line in file:
                answer = parse_answer(line)
                yield Record(self._part, answer.key or "", "", answer.outcome.value, start, len(line))
                start += len(line)


class StoredAnswer(msgspec.Struct, frozen=True, gc=False):
    """One request of a job and its answer, if one came."""

    key: str
    digest: str
    outcome: str
    answer: Answer


class _Run(msgspec.Struct, gc=False):
    """Records that stand one behind the other in the results of a part, and the bytes from where to where."""

    job: Job
    part: int
    start: int
    end: int
    records: list[Record]


class Reader:
    """Reads answers of stored results by their place."""

    def __init__(self, folder: JobsFolder) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {}

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def answers(self, places: Iterable[tuple[Job, Record]]) -> Iterator[StoredAnswer]:
        """The answers of records, each of a job."""
        for record, answer in self._read(places, _answers):
            yield StoredAnswer(record.key, record.digest, record.outcome, answer or _no_answer(record.key))

    def lines(self, places: Iterable[tuple[Job, Record]]) -> Iterator[bytes]:
        """The results of records as they were received, a line of JSON each without its end."""
        for record, line in self._read(places, _lines):
            yield line or _no_line(record.key)

    def _read(
        self, places: Iterable[tuple[Job, Record]], told: Callable[[bytes, list[Record]], list[T]]
    ) -> Iterator[tuple[Record, T | None]]:
        """Records with what ``told`` makes of their lines, or None where there is no answer; some hundreds at once."""
        rest = iter(places)
        while some := list(islice(rest, _AT_ONCE)):
            runs = list(_runs(place for place in some if place[1].outcome != MISSING))
            found = [value for run in runs for value in told(self._bytes(run), run.records)]
            if len(found) == len(some):
                yield from zip((record for _, record in some), found, strict=True)
                continue
            there = iter(found)
            yield from ((record, None if record.outcome == MISSING else next(there)) for _, record in some)

    def _bytes(self, run: _Run) -> bytes:
        file = self._file(run.job.parts[run.part - 1].id)
        file.seek(run.start)
        return file.read(run.end - run.start)

    def _file(self, part_id: str) -> BinaryIO:
        """The results of a part. Raises PadwanError ``results-removed``."""
        if part_id not in self._files:
            try:
                self._files[part_id] = self._folder.results(part_id).open("rb", buffering=0)
            except FileNotFoundError:
                raise PadwanError(
                    "results-removed",
                    "Somebody removed the results of this job from the workspace.",
                    "Ask for its status: they are fetched again if the service still has them.",
                ) from None
        return self._files[part_id]


def _runs(places: Iterable[tuple[Job, Record]]) -> Iterator[_Run]:
    """The records that stand one behind the other in the results of one part."""
    run: _Run | None = None
    for job, record in places:
        part, _, _, _, start, length = record
        if run and run.job is job and run.part == part and run.end == start and start - run.start < _CHUNK:
            run.records.append(record)
            run.end = start + length
            continue
        if run:
            yield run
        run = _Run(job, part, start, start + length, [record])
    if run:
        yield run


def _answers(lines: bytes, records: list[Record]) -> list[Answer]:
    found = parse_answers(lines)
    if all(answer.key in (None, record.key) for answer, record in zip(found, records, strict=True)):
        return found
    # Lines that only together are JSON were read as others than they are.
    return list(map(parse_answer, _lines(lines, records)))


def _lines(lines: bytes, _: list[Record]) -> list[bytes]:
    return lines.removesuffix(b"\n").split(b"\n")


def _no_answer(key: str) -> Answer:
    return parse_answer(_no_line(key))


def _no_line(key: str) -> bytes:
    return msgspec.json.encode({"key": key, "error": {"message": NO_ANSWER}})
