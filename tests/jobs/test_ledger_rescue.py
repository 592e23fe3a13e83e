"""A ledger that SQLite cannot read is set aside, and made again of all that stands beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.errors import PadwanError
from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.job import Job
from padwan_server.jobs.rescue import note
from tests.support.operations import Runner

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]
FAILING = {"answers": {"prompt-1": {"error": {"code": 13}, "times": 1}}}


def ledger(workspace: Path) -> Path:
    return workspace / ".padwan" / "ledger.sqlite3"


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database at all" * 100)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def scratched(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)


async def closed(run: Runner) -> None:
    await run.session.aclose()


@pytest.mark.parametrize("damage", [garbage, cut, scratched])
async def test_jobs_results_and_chains_are_there_again(
    workspace: Path, emulate: Emulate, at_service: AtService, damage: Callable[[Path], None]
) -> None:
    emulator = emulate(FAILING)
    run = at_service(emulator.url)
    first = (await run("create", prompts=["a", "b", "c"], name="mine", max_per_job=2))["job"]
    await run("poll", job=first, interval=1)
    again = (await run("retry", job=first, submit=True))["submitted"]["job"]
    before = (await run("poll", job=again, interval=1))["results"]
    unseen = (await run("create", prompts=["never looked at"]))["job"]
    await closed(run)
    damaged = ledger(workspace)
    damage(damaged)
    content = damaged.read_bytes()
    creates, gets = len(emulator.requests("create")), len(emulator.requests("get"))

    run = at_service(emulator.url)
    status = await run("status", job=first, results=True)
    assert status["results"] == before
    assert (status["name"], status["total"], status["retries"]) == ("mine", 3, [again])
    assert (await run("status", job=again))["retry_of"] == status["id"] != ""
    assert (await run("status", job=unseen))["outcomes"] == {"ok": 1}
    assert {job["job"] for job in (await run("list"))["jobs"]} == {first, again, unseen}
    # Nothing is sent again, and stored results are not fetched again.
    assert len(emulator.requests("create")) == creates
    assert len(emulator.requests("get")) <= gets + 4
    [aside] = [p for p in damaged.parent.iterdir() if ".damaged-" in p.name and p.suffix not in ("-wal", "-shm")]
    assert aside.read_bytes() == content


async def test_a_retry_needs_only_the_stored_requests(workspace: Path, emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate(FAILING)
    run = at_service(emulator.url)
    first = (await run("create", prompts=["a", "b"]))["job"]
    await run("poll", job=first, interval=1)
    await closed(run)
    garbage(ledger(workspace))
    run = at_service(emulator.url)
    again = (await run("retry", job=first, submit=True))["submitted"]["job"]
    assert (await run("poll", job=again, interval=1))["outcomes"] == {"ok": 2}


async def test_a_lost_submission_is_still_found(workspace: Path, emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"faults": [{"on": "create", "drop": "after"}, {"on": "list", "status": 404}]})
    run = at_service(emulator.url)
    lost = (await run.error("create", prompts=["a"])).data["id"]
    await closed(run)
    garbage(ledger(workspace))
    status = await at_service(emulator.url)("status", job=lost)
    assert (status["id"], status["outcomes"]) == (lost, {"ok": 1})


async def test_a_ledger_that_is_damaged_while_it_is_open_is_made_again_at_the_next_call(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    run = at_service(emulate().url)
    job = (await run("create", prompts=["a"]))["job"]
    await run("poll", job=job, interval=1)
    database = run.session._opened
    [jobs] = database.values()
    jobs.ledger._database.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    scratched(ledger(workspace))
    jobs.ledger._database.connection().execute("PRAGMA shrink_memory")
    with suppress(PadwanError):
        # It may be that SQLite has all that is asked for in its memory.
        await run("status", job=job)
    status = await run("status", job=job)
    assert status["outcomes"] == {"ok": 1}


async def test_a_ledger_that_was_taken_away_is_begun_anew(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate()
    run = at_service(emulator.url)
    await run("create", prompts=["a"])
    for name in ("ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3-shm"):
        (workspace / ".padwan" / name).unlink(missing_ok=True)
    job = (await run("create", prompts=["b"]))["job"]
    database = sqlite3.connect(ledger(workspace))
    assert database.execute("SELECT name FROM parts").fetchall() == [(job,)]
    database.close()


async def test_a_ledger_of_the_first_version_is_taken_over(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    ledger(workspace).parent.mkdir(mode=0o700)
    database = sqlite3.connect(ledger(workspace))
    database.executescript(FIRST_VERSION)
    database.close()
    emulator = emulate({"jobs": [{"name": "batches/old", "state": "SUCCEEDED", "mode": "inline"}]})
    run = at_service(emulator.url)
    endpoint = emulator.url
    database = sqlite3.connect(ledger(workspace))
    database.execute("UPDATE jobs SET endpoint = ?", [endpoint])
    database.commit()
    database.close()
    status = await run("status", job="batches/old")
    assert (status["id"], status["name"]) == ("0123456789abcdef0123456789abcdef", "from before")
    database = sqlite3.connect(ledger(workspace))
    assert database.execute("PRAGMA user_version").fetchone() == (2,)
    assert database.execute("SELECT tag, state FROM parts").fetchall() == [("0123456789ab", "SUCCEEDED")]
    database.close()


FIRST_VERSION = """
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
INSERT INTO jobs VALUES ('0123456789abcdef0123456789abcdef', 'batches/old', 'here', 'k', 'from before', 'm', 'PENDING',
    'a.prompts.txt', '', '2026-11-01T00:00:00+00:00', '2026-11-01T00:00:00+00:00', NULL, 1, 0, 0, 1, '', 0, '');
INSERT INTO records (job, position, key, digest) VALUES ('0123456789abcdef0123456789abcdef', 0, 'prompt-0', 'd');
PRAGMA user_version = 1;
"""


def test_two_programs_may_write_the_note_of_a_job_at_the_same_time(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, job = JobsFolder(workspace), Job("here", "", "mine", "m")
    folder.create()

    def meanwhile(_: int) -> None:
        monkeypatch.undo()
        note(folder, job)

    monkeypatch.setattr("padwan_server.jobs.folder.os.fsync", meanwhile)
    note(folder, job)
    assert folder.notes() == list((workspace / ".padwan" / "jobs").iterdir()) == [folder.note(job.id)]
