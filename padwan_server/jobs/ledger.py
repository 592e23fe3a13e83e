"""The SQLite file that remembers every job, and for each of its requests what became of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from padwan_server.gemini.answers import Outcome
from padwan_server.gemini.states import JobState
from padwan_server.jobs.database import Database
from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.job import SUBMITTING, UNCERTAIN, WAITING, Job, Part, now
from padwan_server.jobs.rescue import rebuild
from padwan_server.jobs.rows import insert_job, insert_parts, insert_records, number_of, to_job, to_part, update

MISSING = "missing"
"""The outcome of a request for which no answer has come."""

GOOD = frozenset((Outcome.OK.value, Outcome.TRUNCATED.value))
"""Outcomes of answers that are worth keeping over a later failure."""

_KEPT = "CASE WHEN outcome IN ('ok', 'truncated') THEN {0} ELSE excluded.{0} END"
"""A good answer stays when another one with its key comes."""

_STORE = f"""
    INSERT INTO records (job, position, part, key, digest, sent, outcome, answers, start, length)
    VALUES (?, ?, ?, ?, '', 0, ?, 1, ?, ?)
    ON CONFLICT (job, key) DO UPDATE SET answers = answers + 1, part = {_KEPT.format("part")},
        outcome = {_KEPT.format("outcome")}, start = {_KEPT.format("start")}, length = {_KEPT.format("length")}
"""  # noqa: S608 our words

_RECORD = "part, key, digest, outcome, start, length"
_UNANSWERED = f"('{WAITING}', '{SUBMITTING}', '{UNCERTAIN}')"


class Record(NamedTuple):
    """One request of a job and where its answer is: ``start`` and ``length`` are bytes of its part's results."""

    part: int
    """Counted from 1."""
    key: str
    digest: str
    outcome: str = MISSING
    start: int = 0
    length: int = 0

    @property
    def good(self) -> bool:
        """Whether there is an answer worth keeping."""
        return self.outcome in GOOD


class Findings(NamedTuple):
    """What is odd about the results of a job: keys, the first of each kind."""

    missing: list[str]
    """Sent, and no answer came."""
    repeated: list[str]
    """Answered more than once; the first good answer counts."""
    unknown: list[str]
    """Answered, and never sent."""


class Ledger:
    """All jobs of one workspace. Calls block on the disk: keep them off the event loop, one at a time."""

    def __init__(self, folder: JobsFolder) -> None:
        """Open or make the ledger. Raises PadwanError as ``Database`` does."""
        self._database = Database(folder, partial(rebuild, folder=folder))
        self._writing = self._database.transaction

    def _rows(
        self, query: str, values: Sequence[Any] = (), connection: sqlite3.Connection | None = None
    ) -> list[sqlite3.Row]:
        with self._database.in_words():
            return (connection or self._database.connection()).execute(query, values).fetchall()

    def _number(self, job: Job) -> int:
        with self._database.in_words():
            return number_of(self._database.connection(), job)

    def close(self) -> None:
        """Give the file free."""
        self._database.close()

    @property
    def version(self) -> tuple[int, int]:
        """Another value whenever the ledger may have changed, by whichever process."""
        [(version,)] = self._rows("PRAGMA data_version")
        return self._database.connection().total_changes, version

    # Writing

    def begin(self, job: Job) -> None:
        """Remember a job whose requests are being written; until ``ready`` it is shown to nobody."""
        with self._writing() as connection:
            insert_job(connection, job)

    def add_records(self, job: Job, position: int, records: Iterable[tuple[int, str, str]]) -> None:
        """Remember requests, each its part (from 1), its key and a digest of its text, from a position on."""
        with self._writing() as connection:
            insert_records(connection, job, position, records)

    def ready(self, job: Job, *, again: bool) -> Job | None:
        """A job that was begun has its parts and may be sent, unless an unfinished one has the same content.

        That one is returned then, and nothing is changed; ``again`` does not look for one.
        """
        with self._writing() as connection:
            same = None if again else self._same(connection, job)
            if same is None:
                update(connection, "jobs", job.id, {"fingerprint": job.fingerprint})
                insert_parts(connection, job)
        return same

    def _same(self, connection: sqlite3.Connection, job: Job) -> Job | None:
        found = self._jobs(
            "WHERE fingerprint = ? AND jobs.number IN (SELECT job FROM parts WHERE stored = 0) "
            "ORDER BY jobs.number DESC LIMIT 1",
            [job.fingerprint],
            connection,
        )
        return found[0] if found else None

    def claim(self, part: Part) -> bool:
        """From now on a part is on its way; False if it is no longer waiting, since somebody withdrew it."""
        return self._moved(part, WAITING, {"state": SUBMITTING})

    def unheard(self, part: Part, error: str) -> bool:
        """No answer came for a part; False if one did meanwhile."""
        return self._moved(part, SUBMITTING, {"state": UNCERTAIN, "error": error})

    def withdraw(self, part: Part) -> bool:
        """A part that waits is never to be sent; False if it is on its way."""
        ended = {"state": JobState.CANCELLED.value, "ended": now(), "pending": 0, "stored": True}
        return self._moved(part, WAITING, ended)

    def _moved(self, part: Part, state: str, changes: dict[str, Any]) -> bool:
        with self._writing() as connection:
            found = connection.execute("SELECT 1 FROM parts WHERE id = ? AND state = ?", [part.id, state]).fetchone()
            if found:
                update(connection, "parts", part.id, changes)
        return bool(found)

    def add(self, job: Job) -> Job:
        """Remember a job that is known from the service alone; the one that is here if another was faster."""
        with self._writing() as connection:
            known = self._jobs(
                "WHERE endpoint = ? AND jobs.number IN (SELECT job FROM parts WHERE name = ?)",
                [job.endpoint, job.name],
                connection,
            )
            if not known:
                insert_job(connection, job)
                insert_parts(connection, job)
        return known[0] if known else job

    def update(self, job: Job, **changes: Any) -> Job:
        """Write these fields of a job, and return it with them and all that others have written."""
        with self._writing() as connection:
            update(connection, "jobs", job.id, changes)
        return self._current(job)

    def update_part(self, job: Job, part: Part, changes: dict[str, Any], **of_job: Any) -> Job:
        """Write these fields of a part, and of its job, and return the job with them and all that others wrote."""
        with self._writing() as connection:
            update(connection, "parts", part.id, changes)
            update(connection, "jobs", job.id, of_job)
        return self._current(job)

    def _current(self, job: Job) -> Job:
        found = self.find(job.id)
        return found[0] if found else job

    def remove(self, job: Job) -> None:
        """Forget a job and its requests."""
        with self._writing() as connection:
            connection.execute("DELETE FROM jobs WHERE id = ?", [job.id])

    def store(self, job: Job, number: int, answers: Iterable[Record], warning: Callable[[], str]) -> Job:
        """Join the answers of a part (counted from 1) to the job's requests by key; the part has its results then.

        Nothing is done if another was faster. An answer to no request is added at the end. Of several answers with one
        key the first good one counts. ``warning`` is asked for when all answers have been taken.
        """
        with self._writing() as connection:
            job_number, part = number_of(connection, job), job.parts[number - 1].id
            if connection.execute("SELECT stored FROM parts WHERE id = ?", [part]).fetchone()[0]:
                return self._current(job)
            [position] = connection.execute(
                "SELECT coalesce(max(position), -1) + 1 FROM records WHERE job = ?", [job_number]
            ).fetchone()
            connection.executemany(
                _STORE,
                (
                    (job_number, at, number, answer.key, answer.outcome, answer.start, answer.length)
                    for at, answer in enumerate(answers, position)
                ),
            )
            update(connection, "parts", part, {"stored": True, "warning": warning()})
        return self._current(job)

    def unstore(self, job: Job, number: int) -> Job:
        """The results of a part (counted from 1) are lost: forget where each answer was, so that they are fetched."""
        with self._writing() as connection:
            which = [number_of(connection, job), number]
            connection.execute("DELETE FROM records WHERE job = ? AND part = ? AND NOT sent", which)
            connection.execute(
                f"UPDATE records SET outcome = '{MISSING}', answers = 0, start = 0, length = 0 "  # noqa: S608 our words
                f"WHERE job = ? AND part = ?",
                which,
            )
            update(connection, "parts", job.parts[number - 1].id, {"stored": False})
        return self._current(job)

    # Finding jobs. Where few parts are asked for, a plus keeps SQLite from walking through all jobs of the endpoint.

    def find(self, name: str) -> list[Job]:
        """The jobs with a part of this name (``batches/<id>``) or this ``id``, newest first: endpoints share names."""
        return self._jobs(
            "WHERE jobs.number IN (SELECT job FROM parts WHERE name = ?1 AND name != '' OR id = ?1) OR jobs.id = ?1 "
            "ORDER BY jobs.created DESC",
            [name],
        )

    def named(self, endpoint: str, names: Sequence[str]) -> dict[str, Job]:
        """The jobs with parts of these names at this endpoint, by each part's name."""
        marks = ", ".join("?" * len(names))
        jobs = self._jobs(
            f"WHERE +endpoint = ? AND jobs.number IN "  # noqa: S608 only question marks
            f"(SELECT job FROM parts WHERE name != '' AND name IN ({marks}))",
            [endpoint, *names],
        )
        return {part.name: job for job in jobs for part in job.parts}

    def unanswered(self, endpoint: str) -> list[Job]:
        """The jobs at this endpoint with parts that the service never named, newest first."""
        return self._jobs(
            f"WHERE +endpoint = ? AND jobs.number IN "  # noqa: S608 our words
            f"(SELECT job FROM parts WHERE stored = 0 AND state IN {_UNANSWERED}) ORDER BY jobs.created DESC",
            [endpoint],
        )

    def unfinished(self, endpoint: str) -> list[Job]:
        """The jobs at this endpoint whose results are not all here, oldest first."""
        return self._jobs(
            "WHERE +endpoint = ? AND jobs.number IN (SELECT job FROM parts WHERE stored = 0) ORDER BY jobs.created",
            [endpoint],
        )

    def unready(self) -> list[Job]:
        """The jobs whose requests are being written, or were when their program ended."""
        return self._jobs("WHERE jobs.number NOT IN (SELECT job FROM parts)", [])

    def active(self, endpoint: str, key_fingerprint: str) -> int:
        """How many jobs of a key the service is working on, as far as is known here."""
        [(count,)] = self._rows(
            f"SELECT count(*) FROM parts JOIN jobs ON jobs.number = parts.job "  # noqa: S608 our words
            f"WHERE stored = 0 AND ended IS NULL AND name != '' AND state NOT IN {_UNANSWERED} "
            f"AND endpoint = ? AND key_fingerprint = ?",
            [endpoint, key_fingerprint],
        )
        return int(count)

    def recent(self, endpoint: str, limit: int) -> list[Job]:
        """The newest jobs at this endpoint."""
        return self._jobs(
            "WHERE endpoint = ? AND EXISTS (SELECT 1 FROM parts WHERE parts.job = jobs.number) "
            "ORDER BY jobs.created DESC LIMIT ?",
            [endpoint, limit],
        )

    def latest(self, endpoint: str, source: str) -> Job | None:
        """The newest job at this endpoint that was made from this prompt file and retries no other."""
        found = self._jobs(
            "WHERE endpoint = ? AND source = ? AND retry_of = '' AND EXISTS "
            "(SELECT 1 FROM parts WHERE parts.job = jobs.number) ORDER BY jobs.created DESC LIMIT 1",
            [endpoint, source],
        )
        return found[0] if found else None

    def chain(self, job: Job) -> list[Job]:
        """The job that ``job`` belongs to and all its retries, oldest first.

        A clock that was set back makes no retry the first.
        """
        return self._jobs(
            """
            WHERE jobs.id IN (
              WITH RECURSIVE
                up (id, retry_of) AS (
                  SELECT id, retry_of FROM jobs WHERE id = ?
                  UNION SELECT jobs.id, jobs.retry_of FROM jobs JOIN up ON jobs.id = up.retry_of),
                down (id) AS (
                  SELECT id FROM up WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = up.retry_of)
                  UNION SELECT jobs.id FROM jobs JOIN down ON jobs.retry_of = down.id AND jobs.retry_of != '')
              SELECT id FROM down)
            ORDER BY jobs.retry_of IN (SELECT id FROM jobs), jobs.created, jobs.number
            """,
            [job.id],
        )

    def ended_before(self, moment: datetime) -> list[Job]:
        """The jobs that were made before a moment and have ended, oldest first."""
        return self._jobs(
            "WHERE created < ? AND NOT EXISTS (SELECT 1 FROM parts WHERE parts.job = jobs.number AND stored = 0) "
            "ORDER BY jobs.created",
            [moment.isoformat()],
        )

    def _jobs(self, where: str, values: Sequence[Any], connection: sqlite3.Connection | None = None) -> list[Job]:
        """Jobs with their parts; ``where`` may hold an order and a limit."""
        rows = self._rows(f"SELECT * FROM jobs {where}", values, connection)  # noqa: S608 our words
        parts: dict[int, list[Part]] = {row["number"]: [] for row in rows}
        for first in range(0, len(rows), _AT_ONCE):
            numbers = list(parts)[first : first + _AT_ONCE]
            marks = ", ".join("?" * len(numbers))
            found = f"SELECT * FROM parts WHERE job IN ({marks}) ORDER BY job, number"  # noqa: S608 question marks
            for row in self._rows(found, numbers, connection):
                parts[row["job"]].append(to_part(row))
        return [to_job(row, tuple(parts[row["number"]])) for row in rows]

    # Finding requests

    def records(self, job: Job, first: int = 0) -> Iterator[Record]:
        """The requests of a job in the order in which they were sent, from the one at ``first`` on."""
        return self._records(job, "AND position >= ? ORDER BY position", first)

    def sent(self, job: Job, number: int) -> int:
        """How many requests a part (counted from 1) was sent with, as far as is known here."""
        return self._count(job, number, "sent")

    def answered(self, job: Job, number: int) -> int:
        """How many answers the results of a part (counted from 1) hold."""
        return self._count(job, number, "length > 0")

    def _count(self, job: Job, number: int, which: str) -> int:
        [(count,)] = self._rows(
            f"SELECT count(*) FROM records WHERE job = ? AND part = ? AND {which}",  # noqa: S608 our words
            [self._number(job), number],
        )
        return int(count)

    def record(self, job: Job, key: str) -> Record | None:
        """The request of a job with this key."""
        return next(self._records(job, "AND key = ?", key), None)

    def record_with(self, job: Job, digest: str) -> Record | None:
        """The first request of a job that was made from this text."""
        return next(self._records(job, "AND digest = ? ORDER BY position", digest), None)

    def failures(self, job: Job, limit: int) -> list[Record]:
        """The first requests of a job that have no good answer in it."""
        return list(self._records(job, "AND outcome NOT IN ('ok', 'truncated') ORDER BY position LIMIT ?", limit))

    def columns(self, job: Job, limit: int) -> Iterator[list[Any]]:
        """As ``records``, ``limit`` at once and by columns, which takes half the time.

        For a ledger of one's own: it keeps few of its pages in memory from then on.
        """
        with self._database.in_words():
            # A walk from start to end meets no page twice: 2 MB of them would be kept for nothing.
            self._database.connection().execute("PRAGMA cache_size = -512")
            found = self._found(job, "ORDER BY position")
            while rows := found.fetchmany(limit):
                yield list(zip(*rows, strict=True))

    def _records(self, job: Job, more: str, *values: Any) -> Iterator[Record]:
        with self._database.in_words():
            yield from map(Record._make, self._found(job, more, *values))

    def _found(self, job: Job, more: str, *values: Any) -> sqlite3.Cursor:
        cursor = self._database.connection().cursor()
        # Plain tuples: a job may have a million requests.
        cursor.row_factory = None
        return cursor.execute(
            f"SELECT {_RECORD} FROM records WHERE job = (SELECT number FROM jobs WHERE id = ?) {more}",  # noqa: S608
            [job.id, *values],
        )

    def outcomes(self, job: Job) -> dict[str, int]:
        """How many requests of a job have each outcome."""
        found = self._rows(
            "SELECT outcome, count(*) FROM records WHERE job = (SELECT number FROM jobs WHERE id = ?) GROUP BY outcome",
            [job.id],
        )
        return dict(map(tuple, found))

    def findings(self, job: Job, limit: int) -> Findings:
        """What is odd about the results of a job."""
        return Findings(
            self._keys(job, f"outcome = '{MISSING}'", limit),
            self._keys(job, "answers > 1", limit),
            self._keys(job, "NOT sent AND EXISTS (SELECT 1 FROM records WHERE job = ?1 AND sent)", limit),
        )

    def _keys(self, job: Job, which: str, limit: int) -> list[str]:
        found = self._rows(
            f"SELECT key FROM records WHERE job = ?1 AND {which} ORDER BY position LIMIT ?2",  # noqa: S608 our words
            [self._number(job), limit],
        )
        return [key for (key,) in found]


_AT_ONCE = 500
"""Values of one IN at most; SQLite has a limit."""
