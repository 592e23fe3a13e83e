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

    def read_all(self, places: Iterable[tuple[str, Record]]) -> Iterator[StoredAnswer]:
        """The answers of records, each in the results of a part, some hundreds decoded at once."""
        rest = iter(places)
        while some := list(islice(rest, _AT_ONCE)):
            found = [place for place in some if place[1].outcome != MISSING]
            lines = self._lines(found)
            answers = zip(parse_answers(lines), lines, strict=True)
            for _, record in some:
                if record.outcome == MISSING:
                    yield _no_answer(record)
                else:
                    answer, line = next(answers)
                    if answer.key not in (None, record.key):
                        answer = parse_answer(line)
                    yield StoredAnswer(record.key, record.digest, record.outcome, answer, line)

    def _lines(self, places: list[tuple[str, Record]]) -> list[bytes]:
        """The lines at these places without their ends; neighbours are read together."""
        lines: list[bytes] = []
        for part_id, records in _neighbours(places):
            file = self._file(part_id)
            start = records[0].start
            file.seek(start)
            together = file.read(records[-1].start + records[-1].length - start)
            lines += [together[r.start - start : r.start - start + r.length].rstrip(b"\n") for r in records]
        return lines

    def _file(self, part_id: str) -> BinaryIO:
        if part_id not in self._files:
            self._files[part_id] = self._folder.results(part_id).open("rb", buffering=0)
        return self._files[part_id]


def _neighbours(places: Iterable[tuple[str, Record]]) -> Iterator[tuple[str, list[Record]]]:
    """Runs of records that stand one behind the other in the results of one part, no run longer than a chunk."""
    run: list[Record] = []
    of = ""
    end = 0
    for part_id, record in places:
        if run and (part_id != of or record.start != end or end - run[0].start > _CHUNK):
            yield of, run
            run = []
        of, end = part_id, record.start + record.length
        run.append(record)
    if run:
        yield of, run


def _no_answer(record: Record) -> StoredAnswer:
    raw = msgspec.json.encode({"key": record.key, "error": {"message": NO_ANSWER}})
    return StoredAnswer(record.key, record.digest, MISSING, parse_answer(raw), raw)
