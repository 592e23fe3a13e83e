"""Locks between processes: each is a file, and dies with the process that holds it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

_AGAIN_AFTER = 0.1
"""Seconds between two tries."""

MOMENT = 0.5
"""Seconds after which a lock is held by somebody at work, and not by one who only looked whether it is held."""


class Lock:
    """Held by one task of one process at a time. Its file is gone when nobody holds it."""

    def __init__(self, path: Path) -> None:
        from filelock import FileLock  # noqa: PLC0415 no key in an editor needs it

        self._path = path
        self._lock = FileLock(path, thread_local=False, blocking=False)

    def take(self) -> bool:
        """Hold it, unless somebody else does; whether it is held now."""
        with suppress(TimeoutError):
            self._lock.acquire()
        return self._lock.is_locked

    def release(self) -> None:
        """Let others have it."""
        # Removed while it is held: who opened the file before sees, once it has the lock, that it has no name.
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._lock.release()

    def is_held(self) -> bool:
        """Whether some task of some process holds it now."""
        if not self._path.exists() or not self.take():
            return self._path.exists()
        self.release()
        return False

    async def take_within(self, seconds: float) -> bool:
        """Hold it as soon as nobody else does; whether that came about in so many seconds."""
        end = time.monotonic() + seconds
        while not (taken := self.take()) and time.monotonic() < end:  # noqa: ASYNC110 another process tells nobody
            await asyncio.sleep(_AGAIN_AFTER)
        return taken

    async def __aenter__(self) -> Lock:
        while not self.take():  # noqa: ASYNC110 another process tells nobody
            await asyncio.sleep(_AGAIN_AFTER)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()
