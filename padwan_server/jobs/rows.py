"""Jobs and their parts as rows of the ledger."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from padwan_server.jobs.job import Job, Part
from padwan_server.jobs.refusals import forgotten

_JOB_FIELDS = [field.name for field in fields(Job) if field.name != "parts"]
_PART_FIELDS = [field.name for field in fields(Part)]


def insert_job(connection: sqlite3.Connection, job: Job) -> None:
    """Write a job without its parts."""
    _insert(connection, "jobs", {name: getattr(job, name) for name in _JOB_FIELDS})


def insert_parts(connection: sqlite3.Connection, job: Job) -> None:
    """Write the parts of a job that is there."""
    job_number = number_of(connection, job)
    for number, part in enumerate(job.parts, 1):
        _insert(connection, "parts", {"job": job_number, "number": number, **asdict(part)})


def insert_records(connection: sqlite3.Connection, job: Job, position: int, records: Any) -> None:
    """Write requests, each its part (from 1), its key and a digest of its text, from a position on."""
    number = number_of(connection, job)
    connection.executemany(
        "INSERT INTO records (job, position, part, key, digest) VALUES (?, ?, ?, ?, ?)",
        ((number, at, *record) for at, record in enumerate(records, position)),
    )


def update(connection: sqlite3.Connection, table: str, id: str, changes: dict[str, Any]) -> None:  # noqa: A002
    """Write some fields of the row of ``table`` with this ``id``. Raises PadwanError ``job-forgotten``."""
    if changes:
        columns = ", ".join(f"{name} = ?" for name in changes)
        values = [*map(_plain, changes.values()), id]
        written = connection.execute(f"UPDATE {table} SET {columns} WHERE id = ?", values)  # noqa: S608 our names
        if not written.rowcount:
            raise forgotten(id)


def number_of(connection: sqlite3.Connection, job: Job) -> int:
    """The number of a job's row. Raises PadwanError ``job-forgotten``."""
    found = connection.execute("SELECT number FROM jobs WHERE id = ?", [job.id]).fetchone()
    if found is None:
        raise forgotten(job.id)
    return int(found[0])


def to_job(row: sqlite3.Row, parts: tuple[Part, ...]) -> Job:
    """The job in a row."""
    values = {name: row[name] for name in _JOB_FIELDS}
    return Job(**values | {"created": _time(row["created"]), "looked": _time(row["looked"]), "parts": parts})


def to_part(row: sqlite3.Row) -> Part:
    """The part in a row."""
    values = {name: row[name] for name in _PART_FIELDS}
    times = {name: _time(row[name]) for name in ("ended", "uploaded")}
    return Part(**values | times | {"stored": bool(row["stored"])})


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    marks = ", ".join("?" * len(row))
    values = list(map(_plain, row.values()))
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", values)  # noqa: S608 our names


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _time(text: str | None) -> Any:
    return text and datetime.fromisoformat(text)
