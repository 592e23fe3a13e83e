"""Results of a job in the workspace: fetched once, kept as received, joined by key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from padwan_server.gemini.answers import Answer, parse_answer
from padwan_server.jobs.background import Background
from padwan_server.jobs.ledger import MISSING, Record

_CHUNK = 1 << 20

BY_ORDER = (
    "No result carried a key, so answers were joined to prompts by their order, which the service does not promise."
)
NO_ANSWER = "The service returned no answer for this prompt."
STRAY = "Some results carried no key; they are named result-<line> and belong to no prompt."


async def keep(lines: AsyncIterator[bytes], target: Path, background: Background) -> None:
    """Stream result lines into ``target``, which appears only when all have arrived."""
    partial = target.with_suffix(".partial")
    chunk = bytearray()
    file = await background.run(partial.open, "wb")
    try:
        with file:
            async for line in lines:
                chunk += line + b"\n"
                if len(chunk) >= _CHUNK:
                    await background.run(file.write, bytes(chunk))
                    chunk.clear()
            await background.run(file.write, bytes(chunk))
        await background.run(partial.replace, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class Index:
    """Where each answer of a results file is."""

    records: list[Record]
    warning: str


def index(path: Path, sent_keys: Iterable[str]) -> Index:
    """Find the answers in a results file; ``sent_keys`` serve, by order, when no result carries a key."""
    found = list(_records(path))
    if found and not any(record.key for record in found):
        keys = list(sent_keys)
        keys += [f"prompt-{position}" for position in range(len(keys), len(found))]
        return Index([record._replace(key=key) for record, key in zip(found, keys, strict=False)], BY_ORDER)
    named = [record if record.key else record._replace(key=f"result-{n}") for n, record in enumerate(found, 1)]
    return Index(named, "" if all(record.key for record in found) else STRAY)


def _records(path: Path) -> Iterator[Record]:
    start = 0
    with path.open("rb") as file:
        for line in file:
            answer = parse_answer(line)
            yield Record(answer.key or "", "", answer.outcome.value, start, len(line))
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
        """The answer of ``record`` in the results file ``path``; a missing one says so in its error."""
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
