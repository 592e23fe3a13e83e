"""The tables of the ledger, and how those of older versions become today's."""

from __future__ import annotations

import sqlite3

VERSION = 2

_TABLES = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, endpoint TEXT NOT NULL, key_fingerprint TEXT NOT NULL,
    display_name TEXT NOT NULL, model TEXT NOT NULL, source TEXT NOT NULL, retry_of TEXT NOT NULL,
    fingerprint TEXT NOT NULL, created TEXT NOT NULL, looked TEXT, trouble TEXT NOT NULL
);
CREATE INDEX jobs_by_creation ON jobs (endpoint, created);
CREATE INDEX jobs_by_source ON jobs (endpoint, source, created);
CREATE INDEX jobs_by_content ON jobs (fingerprint) WHERE fingerprint != '';
CREATE INDEX retries ON jobs (retry_of) WHERE retry_of != '';
CREATE TABLE parts (
    id TEXT PRIMARY KEY, job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE, number INTEGER NOT NULL,
    tag TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, ended TEXT,
    input_file TEXT NOT NULL, uploaded TEXT,
    total INTEGER NOT NULL, succeeded INTEGER NOT NULL, failed INTEGER NOT NULL, pending INTEGER NOT NULL,
    error TEXT NOT NULL, stored INTEGER NOT NULL, warning TEXT NOT NULL,
    UNIQUE (job, number)
);
CREATE INDEX parts_by_name ON parts (name) WHERE name != '';
CREATE INDEX unfinished ON parts (job) WHERE stored = 0;
CREATE TABLE records (
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE, position INTEGER NOT NULL,
    part INTEGER NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 1,
    outcome TEXT NOT NULL DEFAULT 'missing', answers INTEGER NOT NULL DEFAULT 0,
    start INTEGER NOT NULL DEFAULT 0, length INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, position)
) WITHOUT ROWID;
CREATE UNIQUE INDEX records_by_key ON records (job, key);
"""

_FROM_1 = f"""
ALTER TABLE jobs RENAME TO old_jobs;
ALTER TABLE records RENAME TO old_records;
DROP INDEX jobs_by_name;
DROP INDEX jobs_by_creation;
DROP INDEX retries;
DROP INDEX records_by_key;
{_TABLES}
INSERT INTO jobs (id, endpoint, key_fingerprint, display_name, model, source, retry_of, fingerprint, created, looked,
                  trouble)
    SELECT id, endpoint, key_fingerprint, display_name, model, source, retry_of, '', created, updated, ''
    FROM old_jobs ORDER BY created;
INSERT INTO parts
    SELECT old_jobs.id, jobs.number, 1, substr(old_jobs.id, 1, 12), name, state, ended, '', NULL, total, succeeded,
           failed, pending, error, stored, warning
    FROM old_jobs JOIN jobs USING (id);
INSERT INTO records
    SELECT jobs.number, position, 1, key, digest, digest != '', outcome, outcome != 'missing', start, length
    FROM old_records JOIN jobs ON jobs.id = old_records.job;
DROP TABLE old_records;
DROP TABLE old_jobs;
"""  # noqa: S608 our words

_STEPS = {0: _TABLES, 1: _FROM_1}
"""What makes a ledger of a version one of today's; 0 is an empty file."""


def version_of(database: sqlite3.Connection) -> int:
    """The version that a ledger was written in."""
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    return version


def migrate(database: sqlite3.Connection) -> None:
    """Bring a ledger up to today's version, inside the caller's transaction."""
    for statement in _STEPS[version_of(database)].split(";"):
        database.execute(statement)
    database.execute(f"PRAGMA user_version = {VERSION}")
