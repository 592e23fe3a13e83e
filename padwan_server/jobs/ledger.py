"""The SQLite file that remembers every job, and for each of its requests what became of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from padwan_server.errors import PadwanError
from padwan_server.gemini.answers import Outcome
from padwan_server.jobs.job import Job

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, endpoint TEXT NOT NULL, key_fingerprint TEXT NOT NULL,
    display_name TEXT NOT NULL, model TEXT NOT NULL, state TEXT NOT NULL, source TEXT NOT NULL,
    retry_of TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL, ended TEXT,
    total INTEGER NOT NULL, succeeded INTEGER NOT NULL, failed INTEGER NOT NULL, pending INTEGER NOT NULL,
    error TEXT NOT NULL, stored INTEGER NOT NULL, warning TEXT NOT NULL
);
CREATE UNIQUE INDEX jobs_by_name ON jobs (endpoint, name) WHERE name != '';
CREATE INDEX jobs_by_creation ON jobs (created);
CREATE INDEX retries ON jobs (retry_of) WHERE retry_of != '';
CREATE TABLE records (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, position INTEGER NOT NULL, key TEXT NOT NULL,
    digest TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT 'missing',
    start INTEGER NOT NULL DEFAULT 0, length INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, position)
) WITHOUT ROWID;
CREATE UNIQUE INDEX records_by_key ON records (job, key);
"""

MISSING = "missing"
"""The outcome of a request for which no answer has come."""


class Record(NamedTuple):
    """One request of a job and where its answer is: ``start`` and ``length`` are bytes of the results file."""

    key: str
    digest: str
    outcome: str = MISSING
    start: int = 0
    length: int = 0

    @property
    def good(self) -> bool:
        """Whether there is an answer worth keeping over a later failure."""
        return self.outcome in (Outcome.OK, Outcome.TRUNCATED)


class Ledger:
    """All jobs of one workspace. Calls block on the disk: keep them off the event loop, one at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make the ledger. Raises PadwanError ``ledger-newer`` or ``ledger-unreadable``."""
        try:
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA foreign_keys = ON")
            # A submission must be on the disk, not only on its way, before its request leaves.
            self._db.execute("PRAGMA synchronous = FULL")
            self._migrate()
        except sqlite3.DatabaseError as error:
            raise PadwanError(
                "ledger-unreadable",
                f"The workspace's job ledger cannot be used: {error}.",
                "Free some disk space, or move .padwan/ledger.sqlite3 aside to begin a new one.",
            ) from None

    def close(self) -> None:
        """Give the file free."""
        self._db.close()

    def _migrate(self) -> None:
        with self._transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise PadwanError(
                    "ledger-newer",
                    "The workspace's job ledger was written by a newer padwan-server.",
                    "Update padwan-server; the ledger was left as it is.",
                )
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing. Raises PadwanError ``ledger-not-writable`` when the disk or another process refuses."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise PadwanError(
                "ledger-not-writable",
                f"The workspace's job ledger cannot be written: {error}.",
                "Free some disk space, or wait for the other program that uses it, and try again.",
            ) from None

    def add(self, job: Job, records: Iterable[tuple[str, str]] = ()) -> None:
        """Remember a new job and its requests, each a key and a digest of its text, in their order."""
        row = _to_row(job)
        with self._transaction():
            self._db.execute(
                f"INSERT INTO jobs ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",  # noqa: S608 our names
                list(row.values()),
            )
            self._db.executemany(
                "INSERT INTO records (job, position, key, digest) VALUES (?, ?, ?, ?)",
                ((job.id, position, key, digest) for position, (key, digest) in enumerate(records)),
            )

    def update(self, job: Job, **changes: Any) -> Job:
        """Write these fields of a job and return it with them."""
        row = _to_row(replace(job, **changes))
        columns = ", ".join(f"{name} = ?" for name in changes)
        with self._transaction():
            self._db.execute(
                f"UPDATE jobs SET {columns} WHERE id = ?",  # noqa: S608 our names
                [*(row[name] for name in changes), job.id],
            )
        return replace(job, **changes)

    def remove(self, job: Job) -> None:
        """Forget a job and its requests."""
        with self._transaction():
            self._db.execute("DELETE FROM jobs WHERE id = ?", [job.id])

    def find(self, name: str) -> list[Job]:
        """The jobs of this name (``batches/<id>``) or this ``id``, newest first: endpoints may share names."""
        found = self._db.execute("SELECT * FROM jobs WHERE name = ? OR id = ? ORDER BY created DESC", [name, name])
        return [_from_row(row) for row in found]

    def named(self, endpoint: str, names: Iterable[str]) -> dict[str, Job]:
        """The jobs of these names at this endpoint, by name."""
        wanted = list(names)
        marks = ", ".join("?" * len(wanted))
        found = self._db.execute(
            f"SELECT * FROM jobs WHERE endpoint = ? AND name IN ({marks})",  # noqa: S608 only question marks
            [endpoint, *wanted],
        )
        return {row["name"]: _from_row(row) for row in found}

    def unnamed(self, endpoint: str) -> list[Job]:
        """The submissions at this endpoint that the service never named."""
        found = self._db.execute("SELECT * FROM jobs WHERE endpoint = ? AND name = ''", [endpoint])
        return [_from_row(row) for row in found]

    def recent(self, endpoint: str, limit: int, *, unnamed: bool = False) -> list[Job]:
        """The newest jobs at this endpoint; with ``unnamed`` only those that the service never named."""
        where = "AND name = ''" if unnamed else ""
        found = self._db.execute(
            f"SELECT * FROM jobs WHERE endpoint = ? {where} ORDER BY created DESC LIMIT ?",  # noqa: S608 our words
            [endpoint, limit],
        )
        return [_from_row(row) for row in found]

    def latest(self, endpoint: str, source: str) -> Job | None:
        """The newest job at this endpoint that was made from this prompt file and retries no other."""
        found = self._db.execute(
            "SELECT * FROM jobs WHERE endpoint = ? AND source = ? AND retry_of = '' ORDER BY created DESC LIMIT 1",
            [endpoint, source],
        ).fetchone()
        return found and _from_row(found)

    def chain(self, job: Job) -> list[Job]:
        """The job that ``job`` belongs to and all its retries, oldest first."""
        found = self._db.execute(
            """
            WITH RECURSIVE
              up (id, retry_of) AS (
                SELECT id, retry_of FROM jobs WHERE id = ?
                UNION SELECT jobs.id, jobs.retry_of FROM jobs JOIN up ON jobs.id = up.retry_of),
              down (id) AS (
                SELECT id FROM up WHERE retry_of NOT IN (SELECT id FROM jobs)
                UNION SELECT jobs.id FROM jobs JOIN down ON jobs.retry_of = down.id)
            SELECT jobs.* FROM jobs JOIN down USING (id) ORDER BY created
            """,
            [job.id],
        )
        return [_from_row(row) for row in found]

    def records(self, job: Job) -> Iterator[Record]:
        """The requests of a job in the order in which they were sent."""
        found = self._db.execute(
            "SELECT key, digest, outcome, start, length FROM records WHERE job = ? ORDER BY position", [job.id]
        )
        return (Record(*row) for row in found)

    def record(self, job: Job, key: str) -> Record | None:
        """The request of a job with this key."""
        found = self._db.execute(
            "SELECT key, digest, outcome, start, length FROM records WHERE job = ? AND key = ?", [job.id, key]
        ).fetchone()
        return found and Record(*found)

    def record_with(self, job: Job, digest: str) -> Record | None:
        """The first request of a job that was made from this text."""
        found = self._db.execute(
            "SELECT key, digest, outcome, start, length FROM records WHERE job = ? AND digest = ? ORDER BY position",
            [job.id, digest],
        ).fetchone()
        return found and Record(*found)

    def failures(self, job: Job, limit: int) -> list[Record]:
        """The first requests of a job that have no good answer in it."""
        found = self._db.execute(
            "SELECT key, digest, outcome, start, length FROM records "
            "WHERE job = ? AND outcome NOT IN ('ok', 'truncated') ORDER BY position LIMIT ?",
            [job.id, limit],
        )
        return [Record(*row) for row in found]

    def store(self, job: Job, answers: Iterable[Record], warning: str) -> Job:
        """Join answers to a job's requests by key; an answer to no request of ours is added at the end.

        The job has its results from then on. Of several answers with one key the first good one counts.
        """
        with self._transaction():
            position = self._db.execute("SELECT count(*) FROM records WHERE job = ?", [job.id]).fetchone()[0]
            for answer in answers:
                added = self._db.execute(
                    """
                    INSERT INTO records (job, position, key, digest, outcome, start, length)
                    VALUES (?, ?, ?, '', ?, ?, ?)
                    ON CONFLICT (job, key) DO UPDATE
                    SET outcome = excluded.outcome, start = excluded.start, length = excluded.length
                    WHERE records.outcome NOT IN ('ok', 'truncated')
                    """,
                    [job.id, position, answer.key, answer.outcome, answer.start, answer.length],
                )
                position += added.rowcount
            self._db.execute("UPDATE jobs SET stored = 1, warning = ? WHERE id = ?", [warning, job.id])
        return replace(job, stored=True, warning=warning)


def _to_row(job: Job) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(job).items()}


def _from_row(row: sqlite3.Row) -> Job:
    values = {field.name: row[field.name] for field in fields(Job)}
    for name in ("created", "updated", "ended"):
        values[name] = values[name] and datetime.fromisoformat(values[name])
    return Job(**values | {"stored": bool(values["stored"])})
