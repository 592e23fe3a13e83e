"""Who still uses this emulator: a locked file for each, whose lock dies with its holder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from filelock import FileLock, Timeout

_LOOK_EVERY = 1.0


async def last_user_gone(folder: Path, linger: float) -> None:
    """Return once no file of ``folder`` has been locked for ``linger`` seconds."""
    loop = asyncio.get_running_loop()
    used = loop.time()
    while True:
        if await asyncio.to_thread(in_use, folder):
            used = loop.time()
        elif loop.time() - used >= linger:
            return
        await asyncio.sleep(_LOOK_EVERY)


def in_use(folder: Path) -> bool:
    """Whether somebody holds a lease; the files of those who died are removed."""
    held = False
    for path in folder.glob("*.lock"):
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            held = True
        else:
            lock.release()
            path.unlink(missing_ok=True)
    return held
