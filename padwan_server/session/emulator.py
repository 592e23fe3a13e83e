"""The workspace's own emulator: started by the first process that needs it, shared, and gone after the last."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from filelock import FileLock

from padwan_server.errors import PadwanError

LINGER = 60
"""Seconds that the emulator stays after its last user."""

_SECRETS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")


class WorkspaceEmulator:
    """The emulator of one workspace, with its state in ``folder``. Calls block: keep them off the event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lease: FileLock | None = None

    def join(self) -> str:
        """Start it, or join the one that runs, and return its address.

        Raises PadwanError ``emulator-not-started``.
        """
        leases = self._folder / "leases"
        leases.mkdir(parents=True, exist_ok=True)
        if self._lease is None:
            self._lease = FileLock(leases / f"{os.getpid()}-{uuid4().hex[:8]}.lock")
            self._lease.acquire()
        with FileLock(self._folder / "start.lock"):
            return self._running() or self._start(leases)

    def leave(self) -> None:
        """Say that this process needs it no longer."""
        if self._lease:
            self._lease.release()
            Path(self._lease.lock_file).unlink(missing_ok=True)
            self._lease = None

    @property
    def _address(self) -> Path:
        return self._folder / "url"

    def _running(self) -> str | None:
        if not self._address.exists():
            return None
        url = self._address.read_text(encoding="utf-8").strip()
        place = urlsplit(url)
        try:
            with socket.create_connection((place.hostname or "", place.port or 0), timeout=5):
                return url
        except OSError:
            return None

    def _start(self, leases: Path) -> str:
        # -P: a module of the user's folder must not take the place of one of ours.
        command = [sys.executable, "-P", "-m", "padwan_server.emulator", "--port", "0"]
        command += ["--state", str(self._folder / "state")]
        command += ["--lease", str(leases), "--linger", str(LINGER)]
        scenario = self._folder / "scenario.json"
        if scenario.exists():
            command += ["--scenario", str(scenario)]
        log = self._folder / "emulator.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(  # noqa: S603 our own program
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={name: value for name, value in os.environ.items() if name not in _SECRETS},
                start_new_session=True,
            )
        if process.stdout is None:
            raise RuntimeError("the emulator was started without a pipe")
        with process.stdout as output:
            url = output.readline().decode().strip()
        if not url:
            raise PadwanError(
                "emulator-not-started",
                "The emulator of this workspace did not start.",
                "Its log is .padwan/emulator/emulator.log.",
            )
        self._address.write_text(url + "\n", encoding="utf-8")
        return url
