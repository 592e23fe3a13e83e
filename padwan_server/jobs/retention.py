"""Forgetting what is old."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.ledger import Ledger
from padwan_server.jobs.submission import forget

_LEFT_BEHIND_AFTER = 24 * 3600
"""Seconds after which a file that no job has is no longer one that is just being written."""


@dataclass(frozen=True)
class Pruned:
    """Names of jobs, and the bytes of their files."""

    jobs: list[str]
    bytes: int


def prune(ledger: Ledger, folder: JobsFolder, before: datetime, *, dry_run: bool) -> Pruned:
    """Forget the jobs that ended and were made before a moment, whole retry chains only, and files of no job.

    Blocks. Raises PadwanError as the ledger does.
    """
    names: list[str] = []
    size = 0
    for job in ledger.ended_before(before):
        # None is left that another program removed meanwhile.
        for root in ledger.chain(job)[:1]:
            lock = folder.retry_lock(root.id)
            if not lock.take():
                # Some of it is just being sent again.
                continue
            try:
                if all(member.stored and member.created < before for member in ledger.chain(job)):
                    names.append(job.name or job.id)
                    size += _size(folder.files_of(job.id))
                    if not dry_run:
                        forget(ledger, folder, job)
            finally:
                lock.release()
    stray = [path for path in folder.files() if _is_stray(path, ledger)]
    size += _size(stray)
    for path in () if dry_run else stray:
        path.unlink(missing_ok=True)
    return Pruned(names, size)


def _is_stray(path: Path, ledger: Ledger) -> bool:
    with suppress(OSError):
        old = path.stat().st_mtime < time.time() - _LEFT_BEHIND_AFTER
        return old and not ledger.find(path.stem.partition("-")[0])
    return False


def _size(paths: list[Path]) -> int:
    return sum(path.stat().st_size for path in paths)
