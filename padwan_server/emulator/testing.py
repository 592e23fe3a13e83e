"""The emulator for tests, of this project and of others."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RunningEmulator:
    """An emulator in a process of its own."""

    url: str
    process: subprocess.Popen[bytes]

    def requests(self, kind: str = "") -> list[dict[str, Any]]:
        """The requests that arrived, oldest first: time, method, path, kind, status, and for creates job and size.

        One whose connection was closed has ``dropped`` in place of a status. ``kind`` is one of create, get, list,
        cancel, delete, upload, download, files, models, generate.
        """
        found: list[dict[str, Any]] = json.loads(self._read("/emulator/requests"))
        return [request for request in found if kind in ("", request["kind"])]

    def job_requests(self, job: str) -> list[dict[str, Any]]:
        """The requests of a job as they arrived, each with key and request."""
        body = self._read(f"/emulator/jobs/{job.removeprefix('batches/')}/requests")
        return [json.loads(line) for line in body.splitlines()]

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._read("/emulator/clock", json.dumps({"advance": seconds}).encode())

    def _read(self, path: str, body: bytes | None = None) -> bytes:
        # No proxy stands between a test and its emulator.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url + path, body) as answer:
            read: bytes = answer.read()
        return read


@contextmanager
def start_emulator(scenario: Mapping[str, Any] | None = None, *options: str) -> Iterator[RunningEmulator]:
    """An emulator on a free port, with a scenario and further command line options; ends with the block."""
    with tempfile.TemporaryDirectory(prefix="padwan-emulator-test-") as folder:
        file = Path(folder) / "scenario.json"
        file.write_text(json.dumps(scenario or {}), encoding="utf-8")
        command = [sys.executable, "-m", "padwan_server.emulator", "--scenario", str(file), *options]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)  # noqa: S603
        try:
            url = process.stdout.readline().decode().strip() if process.stdout else ""
            if not url:
                raise RuntimeError(f"the emulator did not start (exit code {process.wait()})")
            yield RunningEmulator(url, process)
        finally:
            process.terminate()
            process.wait(timeout=30)
            if process.stdout:
                process.stdout.close()
