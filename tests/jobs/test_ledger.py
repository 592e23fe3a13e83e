"""The file that remembers jobs: what it refuses, and what it survives."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.jobs.database import Database
from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.job import WAITING, Job, Part
from padwan_server.jobs.ledger import Ledger
from padwan_server.jobs.rows import insert_job, insert_parts
from tests.support.operations import Runner
from tests.support.service import service_environment

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]


def ledger_file(workspace: Path) -> Path:
    path = workspace / ".padwan" / "ledger.sqlite3"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return path


async def test_a_ledger_of_a_newer_version_is_left_alone(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate()
    database = sqlite3.connect(ledger_file(workspace))
    database.execute("PRAGMA user_version = 99")
    database.close()
    before = ledger_file(workspace).read_bytes()
    assert (await at_service(emulator.url).error("create", prompts=["a"])).code == "ledger-newer"
    assert ledger_file(workspace).read_bytes()[:18] == before[:18]
    assert emulator.requests() == []


def test_nothing_is_sent_when_the_disk_is_full(workspace: Path, environment: dict[str, str], emulate: Emulate) -> None:
    emulator = emulate()
    command = [sys.executable, "-m", "padwan_server", "batch", "create", "-p", "x" * 5000]

    def full_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    ended = subprocess.run(
        command,
        cwd=workspace,
        env=service_environment(environment, emulator),
        capture_output=True,
        text=True,
        preexec_fn=full_disk,
        check=False,
    )
    assert ended.returncode == 1
    assert "error[" in ended.stderr
    assert "internal" not in ended.stderr
    assert emulator.requests("create") == []


async def test_the_folder_is_its_owners_alone_and_no_part_of_the_repository(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    await at_service(emulate().url)("create", prompts=["a"])
    folder = workspace / ".padwan"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / ".gitignore").read_text().strip().endswith("*")


def test_what_is_asked_again_and_again_does_not_grow_with_the_number_of_jobs(tmp_path: Path) -> None:
    assert steps(tmp_path / "many", 1000) == steps(tmp_path / "few", 100)


def steps(root: Path, jobs: int) -> dict[str, int]:
    """What SQLite does for each question, in hundreds of its machine's instructions; three jobs are unfinished."""
    root.mkdir()
    folder = JobsFolder(root)
    with Database(folder, lambda _: None).transaction() as connection:
        for number in range(jobs):
            stored = number < jobs - 3
            part = Part(
                f"{number}", "", name=f"batches/{number}", state="SUCCEEDED" if stored else WAITING, stored=stored
            )
            insert_job(connection, job := Job("here", "", "one", "m", id=part.id, source="a.json", parts=(part,)))
            insert_parts(connection, job)
    ledger = Ledger(folder)
    newest = ledger.recent("here", 1)[0]
    questions: dict[str, Callable[[], object]] = {
        "recent": lambda: ledger.recent("here", 20),
        "find": lambda: ledger.find(newest.name),
        "named": lambda: ledger.named("here", [newest.name]),
        "latest": lambda: ledger.latest("here", "a.json"),
        "unfinished": lambda: ledger.unfinished("here"),
        "unanswered": lambda: ledger.unanswered("here"),
        "chain": lambda: ledger.chain(newest),
    }
    counts = dict.fromkeys(questions, 0)
    for name, question in questions.items():

        def count(name: str = name) -> None:
            counts[name] += 1

        ledger._database.connection().set_progress_handler(count, 100)
        question()
    return counts
