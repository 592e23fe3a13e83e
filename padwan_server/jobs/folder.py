"""The folder ``.padwan`` of a workspace: its memory of jobs, requests and results."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from padwan_server.errors import PadwanError

NAME = ".padwan"


class JobsFolder:
    """``.padwan`` under ``root``, made when first written to, readable by its owner alone."""

    def __init__(self, root: Path) -> None:
        self.path = root / NAME

    @property
    def ledger(self) -> Path:
        """The SQLite file that lists every job."""
        return self.path / "ledger.sqlite3"

    def requests(self, job_id: str) -> Path:
        """The requests of a job exactly as submitted, one ``{"key", "request"}`` a line."""
        return self.path / "requests" / f"{job_id}.jsonl"

    def results(self, job_id: str) -> Path:
        """The results of a job as received, one ``{"key", "response" | "error"}`` a line."""
        return self.path / "results" / f"{job_id}.jsonl"

    def create(self) -> None:
        """Make the folder and its rooms.

        Raises PadwanError ``workspace-folder-unsafe`` when it is a link or another user's, and
        ``workspace-not-writable`` when it cannot be made.
        """
        try:
            self.path.mkdir(mode=0o700, exist_ok=True)
            self._refuse_foreign()
            for room in ("requests", "results"):
                (self.path / room).mkdir(mode=0o700, exist_ok=True)
            ignore = self.path / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise PadwanError(
                "workspace-not-writable",
                f"The folder {NAME} of the workspace cannot be written: {error.strerror}.",
                "Open a workspace that you may write to, or free some disk space.",
            ) from None

    def _refuse_foreign(self) -> None:
        foreign = hasattr(os, "getuid") and self.path.stat().st_uid != os.getuid()
        if self.path.is_symlink() or foreign:
            raise PadwanError(
                "workspace-folder-unsafe",
                f"The folder {NAME} of the workspace is a link or belongs to another user, so it is not used.",
                "Remove it, or open a workspace of your own.",
            )


def write_lines(target: Path, lines: Iterable[bytes]) -> int:
    """Write ``target`` whole or not at all, one line each; the number of bytes written.

    Raises PadwanError ``workspace-not-writable`` and leaves nothing behind when the disk refuses.
    """
    partial = target.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            for line in lines:
                file.write(line)
                file.write(b"\n")
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise PadwanError(
            "workspace-not-writable",
            f"The workspace's folder {NAME} cannot be written: {error.strerror}.",
            "Free some disk space and try again; nothing was lost.",
        ) from None
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return size
