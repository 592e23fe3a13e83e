"""Files written whole or not at all, and never over another one unasked."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from padwan_server.errors import PadwanError

_AHEAD = 8 << 20
"""Bytes after which the disk begins with what was written."""


def write(pieces: Iterable[bytes], target: Path, *, overwrite: bool = False) -> None:
    """Write ``pieces`` to ``target``. Blocks, and holds one piece at a time.

    Raises PadwanError ``output-exists``, ``output-is-folder``, ``output-folder-missing``, ``output-not-writable`` or
    ``disk-full``; whatever happens, an old file is intact until the new one is whole, and nothing else is left.
    """
    refuse(target, overwrite=overwrite)
    partial = target.with_name(f".{target.name[:100]}.{uuid4().hex[:8]}.partial")
    try:
        with _create(partial) as file:
            file.writelines(_on_their_way(pieces, file))
            file.flush()
            os.fsync(file.fileno())
        _publish(partial, target, overwrite=overwrite)
    except OSError as error:
        raise _in_words(error, target) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def refuse(target: Path, *, overwrite: bool) -> None:
    """Say before the work what would stop it at the end: raises PadwanError as ``write`` does."""
    try:
        kind = target.lstat().st_mode
    except FileNotFoundError:
        if not target.parent.is_dir():
            raise PadwanError(
                "output-folder-missing",
                f"The folder of {target.name} does not exist.",
                "Make it first, or write elsewhere.",
            ) from None
        return
    except (OSError, ValueError) as error:
        raise _in_words(error, target) from None
    if stat.S_ISDIR(kind):
        raise PadwanError("output-is-folder", f"{target.name} is a folder.", "Give the name of a file.")
    if not stat.S_ISREG(kind):
        raise PadwanError(
            "output-not-writable", f"{target.name} is a link or a device, not a plain file.", "Give another name."
        )
    if not overwrite:
        raise _exists(target)


def _exists(target: Path) -> PadwanError:
    return PadwanError(
        "output-exists", f"{target.name} exists already and was left as it is.", "Give another name, or overwrite."
    )


def _create(partial: Path) -> BinaryIO:
    """A new file with the permissions that any new file of this user gets."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(partial, flags, 0o666), "wb")


def _on_their_way(pieces: Iterable[bytes], file: BinaryIO) -> Iterator[bytes]:
    """The same pieces; what was written goes to the disk meanwhile, so that there is little to wait for at the end."""
    written = 0
    for piece in pieces:
        yield piece
        written += len(piece)
        if written >= _AHEAD and hasattr(os, "posix_fadvise"):
            written = 0
            # Advice that a file system does not take.
            with suppress(OSError):
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _publish(partial: Path, target: Path, *, overwrite: bool) -> None:
    """Give the whole file its name; a file that appeared there meanwhile is not lost."""
    if overwrite:
        partial.replace(target)
    else:
        try:
            os.link(partial, target)
        except FileExistsError:
            raise _exists(target) from None
        except (OSError, NotImplementedError):
            # A file system without hard links.
            if target.exists():
                raise _exists(target) from None
            partial.rename(target)
    with suppress(OSError):
        _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power failure, where folders can be synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _in_words(error: Exception, target: Path) -> PadwanError:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return PadwanError(
            "disk-full", f"There is no space left to write {target.name}.", "Free some space; nothing was changed."
        )
    reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return PadwanError(
        "output-not-writable", f"{target.name} cannot be written: {reason}.", "Check the folder, or write elsewhere."
    )
