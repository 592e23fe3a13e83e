"""The package as people get it: built, installed into empty environments by pip, pipx and uv, and used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import padwan_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ROOT = Path(__file__).parent.parent
PROGRAMS = Path(sys.executable).parent
UV = str(PROGRAMS / "uv")


CACHES = {"UV_CACHE_DIR": str(ROOT / "build" / "cache" / "uv"), "PIP_CACHE_DIR": str(ROOT / "build" / "cache" / "pip")}
"""Where what was fetched is kept: the home of a test is empty."""


def run(*command: str | Path, folder: Path, **environment: str) -> str:
    """Standard output of a command that must succeed."""
    ended = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, **CACHES, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("packages")
    run(UV, "build", "--quiet", "--out-dir", folder, folder=ROOT)
    return folder


@pytest.fixture
def wheel(packages: Path) -> Path:
    [wheel] = packages.glob("*.whl")
    return wheel


def use(program: Path, folder: Path) -> None:
    """A newcomer's first steps with an installed program, on the emulator."""
    folder.mkdir()
    assert "Commands:" in run(program, "--help", folder=folder)
    assert run(program, "--version", folder=folder).split()[-1] == padwan_server.__version__
    emulated = ("--backend", "emulator", "--json")
    job = json.loads(run(program, "batch", "create", "-p", "a  b", *emulated, folder=folder))["job"]
    polled = json.loads(run(program, "batch", "poll", "-j", job, "-i", "1", *emulated, folder=folder))
    assert [answer["content"] for answer in polled["results"]] == ["[padwan emulator] You asked: a  b"]
    assert json.loads(run(program, "doctor", *emulated, folder=folder))["ok"]


def test_a_wheel_holds_the_program_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "padwan_server",
        f"padwan_server-{padwan_server.__version__}.dist-info",
    }
    assert "padwan_server/emulator/pytest_plugin.py" in names
    assert [name for name in names if "/test" in name and name != "padwan_server/emulator/testing.py"] == []


def test_an_sdist_holds_the_sources_and_builds_the_same_wheel(packages: Path, wheel: Path, tmp_path: Path) -> None:
    [sdist] = packages.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "tests/test_packaging.py", "docs/security.md"} <= names
    run(UV, "build", "--quiet", "--wheel", "--out-dir", tmp_path, sdist, folder=tmp_path)
    [again] = tmp_path.glob("*.whl")
    assert sorted(zipfile.ZipFile(again).namelist()) == sorted(zipfile.ZipFile(wheel).namelist())


def test_the_version_is_in_one_place(wheel: Path) -> None:
    assert wheel.name == f"padwan_server-{padwan_server.__version__}-py3-none-any.whl"
    assert f"## {padwan_server.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert padwan_server.__version__ not in (ROOT / "pyproject.toml").read_text()


def test_pip_installs_it_without_a_compiler(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "environment", folder=tmp_path)
    programs = tmp_path / "environment" / "bin"
    run(programs / "pip", "install", "--quiet", "--only-binary", ":all:", wheel, folder=tmp_path)
    use(programs / "padwan-server", tmp_path / "work")


def test_pipx_installs_it(wheel: Path, tmp_path: Path) -> None:
    places = {"PIPX_HOME": str(tmp_path / "home"), "PIPX_BIN_DIR": str(tmp_path / "bin")}
    run(PROGRAMS / "pipx", "install", "--quiet", wheel, folder=tmp_path, **places)
    use(tmp_path / "bin" / "padwan-server", tmp_path / "work")


def test_uv_installs_it(wheel: Path, tmp_path: Path) -> None:
    places = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    run(UV, "tool", "install", "--quiet", "--no-build", wheel, folder=tmp_path, **places)
    use(tmp_path / "bin" / "padwan-server", tmp_path / "work")


def test_the_lowest_versions_of_its_dependencies_do(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    run(UV, "venv", "--quiet", "--python", sys.executable, environment, folder=tmp_path)
    install = (UV, "pip", "install", "--quiet", "--python", environment)
    # Of the wheel itself uv would take the lowest version, and of what it depends on the highest.
    lowest = ("--no-build", "--resolution", "lowest-direct", "-r", ROOT / "pyproject.toml")
    run(*install, *lowest, folder=tmp_path)
    run(*install, "--no-deps", wheel, folder=tmp_path)
    use(environment / "bin" / "padwan-server", tmp_path / "work")
    assert "[duplicate-key]" in run(environment / "bin" / "padwan-server", "demo", folder=tmp_path)
