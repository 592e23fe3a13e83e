"""Results of a job in the workspace: fetched once, kept as received, joined by key."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from padwan_server.gemini.answers import Answer, parse_answer
from padwan_server.jobs.background import Background
from padwan_server.jobs.folder import whole
from padwan_server.jobs.ledger import MISSING, Record

_CHUNK = 1 << 20

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


@dataclass(frozen=True)
class StoredAnswer:
    """One request of a job and its answer, if one came; ``raw`` is the line as received."""

    key: str
    digest: str
    outcome: str
    answer: Answer
    raw: bytes


class Reader:
    """Reads answers of stored results by their place."""

    def __init__(self) -> None:
        self._files: dict[Path, BinaryIO] = {}

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def read(self, path: Path, record: Record) -> StoredAnswer:
        """The answer of ``record`` in the results ``path`` of its part; a missing one says so in its error."""
        if record.outcome == MISSING:
            return _no_answer(record)
        if path not in self._files:
            self._files[path] = path.open("rb")
        file = self._files[path]
        if file.tell() != record.start:
            file.seek(record.start)
        raw = file.read(record.length).rstrip(b"\n")
        return StoredAnswer(record.key, record.digest, record.outcome, parse_answer(raw), raw)


def _no_answer(record: Record) -> StoredAnswer:
    raw = msgspec.json.encode({"key": record.key, "error": {"message": NO_ANSWER}})
    return StoredAnswer(record.key, record.digest, MISSING, parse_answer(raw), raw)
