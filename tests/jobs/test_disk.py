"""A disk that is full, read-only or swept clean: a clear error, nothing lost, nothing half written."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from padwan_server.emulator.testing import RunningEmulator
from tests.support.operations import Runner

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]
FULL = ("workspace-not-writable", "ledger-not-writable", "ledger-unreadable")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    """A workspace on a disk of one megabyte."""
    root = tmp_path / "disk"
    root.mkdir()
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(root)], capture_output=True, text=True, check=False
    )
    if mounting.returncode:
        assert os.environ.get("CI") != "true", mounting.stderr
        pytest.skip("no small disk can be mounted here, which takes root")
    yield root
    subprocess.run(["umount", "--lazy", str(root)], check=True)


def fill(root: Path) -> Path:
    """Leave no byte free; the file to remove for room."""
    ballast = root / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass
    return ballast


def left_behind(root: Path) -> list[str]:
    return [path.name for path in root.rglob("*") if path.suffix == ".partial"]


async def test_nothing_is_sent_from_a_full_disk(workspace: Path, emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate()
    run = at_service(emulator.url)
    ballast = fill(workspace)
    error = await run.error("create", prompts=["a"])
    assert error.code in FULL
    assert "space" in error.hint
    assert emulator.requests("create") == []
    ballast.unlink()
    assert (await run("create", prompts=["a"]))["job"]


async def test_a_disk_that_fills_up_before_a_submission_leaves_no_trace_of_it(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate()
    run = at_service(emulator.url)
    first = (await run("create", prompts=["a"]))["job"]
    ballast = fill(workspace)
    error = await run.error("create", prompts=["b" * 100_000])
    assert error.code in FULL
    assert len(emulator.requests("create")) == 1
    assert left_behind(workspace) == []
    ballast.unlink()
    assert [job["job"] for job in (await run("list"))["jobs"]] == [first]
    assert (await run("create", prompts=["b" * 1000]))["job"] != first


async def test_results_that_do_not_fit_are_fetched_again_when_there_is_room(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate()
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a" * 20_000, "b"]))["job"]
    ballast = fill(workspace)
    assert (await run.error("poll", job=job, interval=1)).code in FULL
    assert left_behind(workspace) == []
    ballast.unlink()
    assert (await run("poll", job=job, interval=1))["outcomes"] == {"ok": 2}
    assert len(emulator.requests("create")) == 1


async def test_an_export_that_does_not_fit_leaves_the_old_file(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    run = at_service(emulate().url)
    job = (await run("create", prompts=["a" * 50_000]))["job"]
    await run("poll", job=job, interval=1)
    (workspace / "old.csv").write_text("as it was")
    fill(workspace)
    for output, more in (("new.csv", {}), ("old.csv", {"overwrite": True})):
        assert (await run.error("export", job=job, output=output, **more)).code == "disk-full"
    assert (workspace / "old.csv").read_text() == "as it was"
    assert not (workspace / "new.csv").exists()
    assert left_behind(workspace) == []


async def test_a_read_only_workspace_says_so_and_still_shows_nothing_sent(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate()
    subprocess.run(["mount", "-o", "remount,ro", str(workspace)], check=True)
    error = await at_service(emulator.url).error("create", prompts=["a"])
    assert error.code == "workspace-not-writable"
    assert "Read-only" in error.message
    assert emulator.requests() == []


async def test_a_folder_that_was_swept_away_is_made_again(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate()
    run = at_service(emulator.url)
    lost = (await run("create", prompts=["a"]))["job"]
    shutil.rmtree(workspace / ".padwan")
    job = (await run("create", prompts=["b"]))["job"]
    assert (await run("poll", job=job, interval=1))["outcomes"] == {"ok": 1}
    # What the service has is not lost with it.
    assert {row["job"] for row in (await run("list"))["jobs"]} == {lost, job}
    status = await run("status", job=lost, results=True)
    assert [result["key"] for result in status["results"]] == ["prompt-0"]


@pytest.mark.parametrize("room", ["requests", "results", "jobs", "ledger.sqlite3"])
async def test_a_link_in_the_folder_is_not_followed(
    workspace: Path, tmp_path: Path, emulate: Emulate, at_service: AtService, room: str
) -> None:
    emulator = emulate()
    (workspace / ".padwan").mkdir(mode=0o700)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (workspace / ".padwan" / room).symlink_to(elsewhere / "x" if room.endswith("3") else elsewhere)
    error = await at_service(emulator.url).error("create", prompts=["a"])
    assert error.code == "workspace-folder-unsafe"
    assert list(elsewhere.iterdir()) == []
    assert emulator.requests() == []
