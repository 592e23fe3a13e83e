"""Results of a job in the workspace: fetched once, kept as received, joined by key."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from operator import add, eq
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from padwan_server.gemini.answers import Answer, Outcome, parse_answer, parse_answers
from padwan_server.jobs.background import Background
from padwan_server.jobs.folder import JobsFolder, whole
from padwan_server.jobs.job import Job
from padwan_server.jobs.ledger import GOOD, MISSING, Record
from padwan_server.jobs.refusals import changed, removed, unreadable

Place = tuple[Job, Record]
"""A record and its job: where an answer is."""

_CHUNK = 1 << 20

AT_ONCE = 100
"""Answers that are read at once, if they are small."""

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


class Batch(NamedTuple):
    """Records that are read at once, by columns: a row for each would take as long as reading them."""

    jobs: Sequence[Job]
    parts: Sequence[int]
    keys: Sequence[str]
    digests: Sequence[str]
    outcomes: Sequence[str]
    starts: Sequence[int]
    lengths: Sequence[int]

    @classmethod
    def of(cls, places: Iterable[Place]) -> Batch:
        """Records and their jobs, by columns."""
        jobs, records = zip(*places, strict=True)
        return cls(jobs, *zip(*records, strict=True))

    def bounded(self) -> Iterator[Batch]:
        """The same, in halves of halves if the answers are large: each may have 10 MB."""
        half = len(self.keys) // 2
        if not half or sum(self.lengths) <= _CHUNK:
            yield self
        else:
            yield from self._cut(slice(half)).bounded()
            yield from self._cut(slice(half, None)).bounded()

    def _cut(self, rows: slice) -> Batch:
        columns: Any = (column[rows] for column in self)
        return Batch(*columns)

    def stands_together(self) -> bool:
        """Whether the answers stand one behind the other in the results of one part."""
        one = self.jobs.count(self.jobs[0]) == self.parts.count(self.parts[0]) == len(self.keys)
        ends = map(add, self.starts, self.lengths)
        return one and MISSING not in self.outcomes and all(map(eq, ends, self.starts[1:]))


def in_batches(places: Iterable[Place]) -> Iterator[Batch]:
    """Records, as many at once as pays."""
    rest = iter(places)
    while some := list(islice(rest, AT_ONCE)):
        yield from Batch.of(some).bounded()


class Reader:
    """Reads answers of stored results by their place.

    Raises PadwanError ``results-removed``, ``file-not-readable``, and ``results-changed`` rather than take an answer
    for another's, as far as answers say whose they are.
    """

    def __init__(self, folder: JobsFolder) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {}

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def stored(self, batch: Batch) -> list[StoredAnswer]:
        """Some records with their answers."""
        return list(map(StoredAnswer, batch.keys, batch.digests, batch.outcomes, self.answers(batch)))

    def answers(self, batch: Batch) -> list[Answer]:
        """The answers of some records."""
        return self._read(batch)[1]

    def lines(self, batch: Batch) -> bytes:
        """The results of some records as they were received, a line of JSON each."""
        return self._read(batch)[0]

    def _read(self, batch: Batch) -> tuple[bytes, list[Answer]]:
        lines = self._lines(batch)
        answers = parse_answers(lines, len(batch.keys))
        if [answer.key for answer in answers] != list(batch.keys):
            # No line says whose it is, or lines that only together are JSON were read as others than they are.
            answers = list(map(self._answer, zip(*batch, strict=True)))
        return lines, answers

    def _lines(self, batch: Batch) -> bytes:
        if batch.stands_together():
            return self._bytes(batch.jobs[0], batch.parts[0], batch.starts[0], sum(batch.lengths))
        return b"".join(map(self._line, zip(*batch, strict=True)))

    def _answer(self, row: tuple[Any, ...]) -> Answer:
        answer = parse_answer(self._line(row))
        job, part, key, _, outcome, *_ = row
        if (answer.key and answer.key != key) or (answer.outcome is Outcome.ERROR and outcome in GOOD):
            raise changed(job.parts[part - 1].id)
        return answer

    def _line(self, row: tuple[Any, ...]) -> bytes:
        job, part, key, _, outcome, start, length = row
        if outcome == MISSING:
            return msgspec.json.encode({"key": key, "error": {"message": NO_ANSWER}}) + b"\n"
        return self._bytes(job, part, start, length)

    def _bytes(self, job: Job, part: int, start: int, length: int) -> bytes:
        part_id = job.parts[part - 1].id
        try:
            file = self._file(part_id)
            file.seek(start)
            lines = file.read(length)
        except FileNotFoundError:
            raise removed() from None
        except OSError as error:
            raise unreadable(part_id, error) from None
        if len(lines) < length:
            raise changed(part_id)
        return lines if lines.endswith(b"\n") else lines + b"\n"

    def _file(self, part_id: str) -> BinaryIO:
        if part_id not in self._files:
            self._files[part_id] = self._folder.results(part_id).open("rb", buffering=0)
        return self._files[part_id]
