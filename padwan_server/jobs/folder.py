"""The folder ``.padwan`` of a workspace: its memory of jobs, requests and results."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from padwan_server.errors import PadwanError
from padwan_server.jobs.lock import Lock

NAME = ".padwan"
_KEPT = ("requests", "results", "jobs")
_ROOMS = (*_KEPT, "locks")


class JobsFolder:
    """``.padwan`` under ``root``, made when first written to, readable by its owner alone."""

    def __init__(self, root: Path) -> None:
        self.path = root / NAME

    @property
    def ledger(self) -> Path:
        """The SQLite file that lists every job."""
        return self.path / "ledger.sqlite3"

    def requests(self, part_id: str) -> Path:
        """The requests of a part exactly as submitted, one ``{"key", "request"}`` a line."""
        return self.path / "requests" / f"{part_id}.jsonl"

    def results(self, part_id: str) -> Path:
        """The results of a part as received, one ``{"key", "response" | "error"}`` a line."""
        return self.path / "results" / f"{part_id}.jsonl"

    def note(self, job_id: str) -> Path:
        """What the ledger says of a job, written beside it: a lost ledger is made again from these."""
        return self.path / "jobs" / f"{job_id}.json"

    def notes(self) -> list[Path]:
        """All of them."""
        return sorted((self.path / "jobs").glob("*.json"))

    def files(self) -> list[Path]:
        """All files of all jobs."""
        return self.files_of("")

    def files_of(self, job_id: str) -> list[Path]:
        """All files of a job and its parts."""
        return [path for room in _KEPT for path in (self.path / room).glob(f"{job_id}*")]

    def lock(self, name: str) -> Lock:
        """The lock of this name, between all processes that use the workspace."""
        return Lock(self.path / "locks" / f"{name}.lock")

    def retry_lock(self, root_id: str) -> Lock:
        """Held by whoever sends, or removes, jobs of the chain that begins with this one."""
        return self.lock(f"{root_id}.retry")

    def create(self) -> None:
        """Make the folder and its rooms.

        Raises PadwanError ``workspace-folder-unsafe`` when one is a link or another user's, and
        ``workspace-not-writable`` when it cannot be made.
        """
        with in_words():
            for path in (self.path, *(self.path / room for room in _ROOMS)):
                path.mkdir(mode=0o700, exist_ok=True)
                _refuse_foreign(path)
            if self.ledger.is_symlink():
                raise _unsafe(f"{NAME}/{self.ledger.name}")
            ignore = self.path / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")


def _refuse_foreign(path: Path) -> None:
    foreign = hasattr(os, "getuid") and path.stat().st_uid != os.getuid()
    if path.is_symlink() or foreign:
        raise _unsafe(path.name if path.name == NAME else f"{NAME}/{path.name}")


def _unsafe(name: str) -> PadwanError:
    return PadwanError(
        "workspace-folder-unsafe",
        f"{name} in the workspace is a link or belongs to another user, so it is not used.",
        "Remove it, or open a workspace of your own.",
    )


@contextmanager
def in_words() -> Iterator[None]:
    """What the disk refuses, as PadwanError ``workspace-not-writable``."""
    try:
        yield
    except OSError as error:
        raise PadwanError(
            "workspace-not-writable",
            f"The folder {NAME} of the workspace cannot be written: {error.strerror or type(error).__name__}.",
            "Free some disk space, or open a workspace that you may write to. Nothing was lost.",
        ) from None


@contextmanager
def whole(target: Path, writer: str = "") -> Iterator[BinaryIO]:
    """A new file, which gets the name ``target`` when all of it is on the disk, and is gone when anything fails.

    Where several may write the same at the same time each is a ``writer`` of its own, and the last one counts.
    Raises PadwanError ``workspace-not-writable`` when the disk refuses.
    """
    partial = target.with_suffix(f"{writer}.partial")
    try:
        with in_words():
            # Somebody may have swept the room away since the folder was made.
            target.parent.mkdir(mode=0o700, exist_ok=True)
            with partial.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
