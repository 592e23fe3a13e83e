"""Running padwan-server as a person or a script does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROGRAM = [sys.executable, "-m", "padwan_server"]


class Shell:
    """Commands in one folder with one environment."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.environment = dict(os.environ if environment is None else environment)

    def __call__(self, *arguments: str, code: int = 0, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run and expect this exit code."""
        ended = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment,
            input="" if stdin is None else stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=50,
        )
        assert ended.returncode == code, f"exit code {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        assert "Traceback" not in ended.stderr
        return ended

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run with ``--json``; the one value that is printed."""
        return json.loads(self(*arguments, "--json", code=code).stdout)
