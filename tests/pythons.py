"""The package on each Python that it is for; `make test-pythons` runs it, since installing so often takes long."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.test_packaging import ROOT, UV, run, use

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_it_runs_on_every_python(tmp_path: Path, version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    run(UV, "build", "--quiet", "--wheel", "--out-dir", tmp_path, folder=ROOT)
    [wheel] = tmp_path.glob("*.whl")
    environment = tmp_path / "environment"
    run(UV, "venv", "--quiet", "--python", python, environment, folder=tmp_path)
    run(UV, "pip", "install", "--quiet", "--no-build", "--python", environment, wheel, folder=tmp_path)
    use(environment / "bin" / "padwan-server", tmp_path / "work")


def interpreter(version: str) -> str | None:
    """The path of a Python of this version, in ``PATH`` or where pyenv keeps its own."""
    kept = Path(os.environ.get("PYENV_ROOT", "/nowhere")) / "versions"
    found = [shutil.which(f"python{version}"), *map(str, kept.glob(f"{version}.*/bin/python{version}"))]
    for python in filter(None, found):
        # A stand-in of pyenv's answers with an error where the version is not chosen.
        told = subprocess.run(
            [python, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True, check=False
        )
        if told.returncode == 0:
            return told.stdout.strip()
    return None
