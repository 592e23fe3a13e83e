"""Results of a job in the workspace: fetched once, kept as received, joined by key."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from padwan_server.gemini.answers import Answer, parse_answer, parse_answers
from padwan_server.jobs.background import Background
from padwan_server.jobs.folder import JobsFolder, whole
from padwan_server.jobs.job import Job
from padwan_server.jobs.ledger import MISSING, Record

_CHUNK = 1 << 20

_AT_ONCE = 500
"""Answers that are decoded at once."""

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
    """One request of a job and its answer, if one came; ``raw`` is the line as received."""

    key: str
    digest: str
    outcome: str
    answer: Answer
    raw: bytes


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

    def read_all(self, places: Iterable[tuple[Job, Record]]) -> Iterator[StoredAnswer]:
        """The answers of records, each of a job, some hundreds decoded at once."""
        rest = iter(places)
        while some := list(islice(rest, _AT_ONCE)):
            found = [place for place in some if place[1].outcome != MISSING]
            lines = self._lines(found)
            read = zip(found, parse_answers(lines), lines, strict=True)
            stored = [_stored(record, answer, line) for (_, record), answer, line in read]
            if len(found) == len(some):
                yield from stored
            else:
                there = iter(stored)
                yield from (_no_answer(record) if record.outcome == MISSING else next(there) for _, record in some)

    def _lines(self, places: list[tuple[Job, Record]]) -> list[bytes]:
        """The lines at these places without their ends; neighbours are read together."""
        lines: list[bytes] = []
        for job, part, start, end in _runs(places):
            file = self._file(job.parts[part - 1].id)
            file.seek(start)
            lines += file.read(end - start).removesuffix(b"\n").split(b"\n")
        return lines

    def _file(self, part_id: str) -> BinaryIO:
        if part_id not in self._files:
            self._files[part_id] = self._folder.results(part_id).open("rb", buffering=0)
        return self._files[part_id]


def _runs(places: Iterable[tuple[Job, Record]]) -> Iterator[tuple[Job, int, int, int]]:
    """Job, part, start and end of the records that stand one behind the other in the results of one part."""
    run: tuple[Job, int, int, int] | None = None
    for job, (part, _, _, _, start, length) in places:
        if run and run[0] is job and run[1] == part and run[3] == start and start - run[2] < _CHUNK:
            run = (job, part, run[2], start + length)
            continue
        if run:
            yield run
        run = (job, part, start, start + length)
    if run:
        yield run


def _stored(record: Record, answer: Answer, line: bytes) -> StoredAnswer:
    if answer.key not in (None, record.key):
        # Lines that only together are JSON were read as others than they are.
        answer = parse_answer(line)
    return StoredAnswer(record.key, record.digest, record.outcome, answer, line)


def _no_answer(record: Record) -> StoredAnswer:
    raw = msgspec.json.encode({"key": record.key, "error": {"message": NO_ANSWER}})
    return StoredAnswer(record.key, record.digest, MISSING, parse_answer(raw), raw)
