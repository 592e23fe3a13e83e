"""The connection to the ledger's file: one that is sound, of today's version, and still the one in the folder."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from padwan_server.errors import PadwanError
from padwan_server.jobs.folder import JobsFolder
from padwan_server.jobs.schema import VERSION, migrate, version_of

_BUSY = 10
"""Seconds to wait for another process's transaction."""

_CHECKED_BYTES = 32 << 20
"""A ledger up to this size is read through when it is opened; a larger one would take more than a moment."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_REMOTE = {"nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "afpfs", "webdav", "9p", "fuse.sshfs", "ceph", "glusterfs"}
"""File systems on which the processes of several machines cannot share SQLite's write-ahead log
(https://www.sqlite.org/wal.html)."""

Rebuild = Callable[[sqlite3.Connection], None]
"""Fills the tables of a new ledger with what else is known of jobs."""


class Database:
    """The ledger's file. A damaged one is set aside and begun anew; one that was taken away is made again."""

    def __init__(self, folder: JobsFolder, rebuild: Rebuild) -> None:
        """Open or make it. Raises PadwanError ``ledger-newer``, ``ledger-unreadable`` or as the folder does."""
        self._folder = folder
        self._rebuild = rebuild
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._damaged: tuple[int, int] | None = None
        """Which file turned out to be damaged; another process may have set it aside since."""
        self.connection()

    def connection(self) -> sqlite3.Connection:
        """The connection to the file that is in the folder now."""
        if self._connection is None or self._identity != _identity(self._folder.ledger):
            self.close()
            self._folder.create()
            self._connection = self._opened()
            self._identity = _identity(self._folder.ledger)
        return self._connection

    def close(self) -> None:
        """Give the file free."""
        if self._connection:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. Raises PadwanError ``ledger-not-writable`` when the disk or another process refuses."""
        with self.in_words():
            connection = self.connection()
            with _transaction(connection):
                # A newer program may have changed the tables while this one ran.
                _refuse_newer(connection)
                yield connection

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """What SQLite refuses, as PadwanError ``ledger-unreadable`` or ``ledger-not-writable``.

        A ledger that turns out to be damaged is set aside and made anew when it is used next.
        """
        try:
            yield
        except sqlite3.Error as error:
            if _is_damage(error):
                self._damaged = self._identity
                self.close()
                raise _unreadable(error) from None
            raise PadwanError(
                "ledger-not-writable",
                f"The workspace's job ledger cannot be used now: {error}.",
                "Free some disk space, or wait for the other program that uses it, and try again.",
            ) from None

    def _opened(self) -> sqlite3.Connection:
        try:
            if not self._is_damaged():
                return _connect(self._folder.ledger)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise _unreadable(error) from None
        return self._begun_anew()

    def _begun_anew(self) -> sqlite3.Connection:
        """Set a damaged file aside and make a new one of what else is known, while no other process does the same."""
        lock = self._folder.lock("ledger")
        while not lock.take():
            time.sleep(0.1)
        try:
            if not self._is_damaged():
                with suppress(sqlite3.DatabaseError):
                    # Another process was faster.
                    return _connect(self._folder.ledger)
            _set_aside(self._folder.ledger)
            connection = _connect(self._folder.ledger, self._rebuild)
        except sqlite3.DatabaseError as error:
            raise _unreadable(error) from None
        finally:
            lock.release()
        return connection

    def _is_damaged(self) -> bool:
        return self._damaged is not None and self._damaged == _identity(self._folder.ledger)


def examine(path: Path) -> None:
    """Read a ledger through and leave it as it is. Raises PadwanError ``ledger-newer`` or ``ledger-unreadable``."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=_BUSY, uri=True)) as connection:
            _check(connection)
            _refuse_newer(connection)
    except sqlite3.Error as error:
        raise _unreadable(error) from None


def _connect(path: Path, rebuild: Rebuild | None = None) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA journal_mode = {'DELETE' if _is_remote(path) else 'WAL'}")
        connection.execute("PRAGMA foreign_keys = ON")
        # A submission must be on the disk, not only on its way, before its request leaves.
        connection.execute("PRAGMA synchronous = FULL")
        if path.stat().st_size <= _CHECKED_BYTES:
            _check(connection)
        _upgrade(connection, rebuild)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    [found] = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _upgrade(connection: sqlite3.Connection, rebuild: Rebuild | None) -> None:
    if version_of(connection) == VERSION:
        return
    with _transaction(connection):
        _refuse_newer(connection)
        # Another process may have done it while this one waited.
        if version_of(connection) < VERSION:
            migrate(connection)
            if rebuild:
                rebuild(connection)


def _refuse_newer(connection: sqlite3.Connection) -> None:
    if version_of(connection) > VERSION:
        raise PadwanError(
            "ledger-newer",
            "The workspace's job ledger was written by a newer padwan-server.",
            "Update padwan-server; the ledger was left as it is.",
        )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # One that turned out to be damaged is closed by now.
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite itself calls the file corrupt or no database."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def _unreadable(error: sqlite3.Error) -> PadwanError:
    return PadwanError(
        "ledger-unreadable",
        f"The workspace's job ledger cannot be used: {error}.",
        "Try again: a damaged ledger is set aside and made anew. Otherwise free some disk space.",
    )


def _set_aside(path: Path) -> None:
    """Keep a damaged file, and what SQLite wrote beside it, under another name."""
    name = f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}"
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(name + suffix))


def _identity(path: Path) -> tuple[int, int] | None:
    """Tells a file from one that took its name."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_remote(path: Path) -> bool:
    """Whether a path is on a file system of another machine."""
    import psutil  # noqa: PLC0415 only when a ledger is opened

    holding = [disk for disk in psutil.disk_partitions(all=True) if path.is_relative_to(disk.mountpoint)]
    disk = max(holding, key=lambda disk: len(disk.mountpoint), default=None)
    return disk is not None and (disk.fstype.lower() in _REMOTE or "remote" in disk.opts.split(","))
