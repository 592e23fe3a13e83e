"""The package as its users get it: built, installed into empty environments by their tools, and used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from padwan_server import __version__

ROOT = Path(__file__).parents[2]
OURS = dict(os.environ)
"""With the way to the package registry that the machine has, which the tests' clean environment may lack."""
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}},
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packaging")


@pytest.fixture(scope="module")
def distributions(folder: Path) -> Path:
    """The folder with the sdist, and the wheel that was built from it."""
    run(*uv("build", "--quiet", "--out-dir", folder / "dist", ROOT), folder=folder)
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    return next(distributions.glob("*.whl"))


def run(*command: str | Path, folder: Path, home: Path | None = None, stdin: str = "", **more: str) -> str:
    home = home or folder
    ended = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**OURS, "HOME": str(home), "UV_CACHE_DIR": str(home / "cache"), **more},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}"
    return ended.stdout


def uv(*arguments: str | Path) -> tuple[str | Path, ...]:
    return (sys.executable, "-m", "uv", *arguments)


def works(program: Path, folder: Path) -> None:
    """The installed program sends a job in the shell and answers as a tool server."""
    project = folder / f"used-{program.parent.parent.name}"
    project.mkdir()
    assert run(program, "--version", folder=project, home=folder) == f"padwan-server, version {__version__}\n"
    run(program, "batch", "create", "-p", "hi", "--backend", "emulator", folder=project, home=folder)
    told = run(program, "mcp", folder=project, home=folder, stdin=json.dumps(INITIALIZE) + "\n")
    assert json.loads(told.splitlines()[0])["result"]["serverInfo"]["version"] == __version__


def test_a_wheel_holds_the_program_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {"padwan_server", f"padwan_server-{__version__}.dist-info"}
    assert {"padwan_server/py.typed", "padwan_server/demo/sample/planets.prompts.json"} <= set(names)
    assert not [name for name in names if "tests/" in name or Path(name).name.startswith(("test_", "conftest"))]
    assert wheel.name == f"padwan_server-{__version__}-py3-none-any.whl"


def test_an_sdist_holds_what_the_repository_needs_to_test_itself(distributions: Path) -> None:
    [sdist] = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "README.md", "LICENSE", "pyproject.toml", "requirements-dev.txt", "tests/conftest.py"} <= names
    assert not [name for name in names if "node_modules" in name or name.endswith((".pyc", ".vsix"))]


def test_pip_installs_it_without_a_compiler(wheel: Path, folder: Path) -> None:
    run(sys.executable, "-m", "venv", folder / "pip", folder=folder)
    run(folder / "pip/bin/python", "-m", "pip", "install", "--quiet", "--only-binary", ":all:", wheel, folder=folder)
    works(folder / "pip/bin/padwan-server", folder)


def test_pipx_installs_it(wheel: Path, folder: Path) -> None:
    home, programs = str(folder / "pipx"), str(folder / "pipx/bin")
    install = (sys.executable, "-m", "pipx", "install", "--quiet", wheel)
    run(*install, folder=folder, PIPX_HOME=home, PIPX_BIN_DIR=programs)
    works(folder / "pipx/bin/padwan-server", folder)


def test_uv_installs_it_as_a_tool(wheel: Path, folder: Path) -> None:
    tools, programs = str(folder / "uv/tools"), str(folder / "uv/bin")
    install = uv("tool", "install", "--quiet", "--python", sys.executable, wheel)
    run(*install, folder=folder, UV_TOOL_DIR=tools, UV_TOOL_BIN_DIR=programs)
    works(folder / "uv/bin/padwan-server", folder)


def test_it_works_with_the_lowest_versions_that_it_allows(wheel: Path, folder: Path) -> None:
    python = folder / "lowest/bin/python"
    run(*uv("venv", "--quiet", "--python", sys.executable, folder / "lowest"), folder=folder)
    install = uv("pip", "install", "--quiet", "--python", python)
    run(
        *install,
        "--only-binary",
        ":all:",
        "--resolution",
        "lowest-direct",
        "-r",
        ROOT / "pyproject.toml",
        folder=folder,
    )
    run(*install, "--no-deps", wheel, folder=folder)
    works(folder / "lowest/bin/padwan-server", folder)
    run(folder / "lowest/bin/padwan-server", "demo", folder=folder)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_it_works_with_every_python_that_it_names(wheel: Path, folder: Path, version: str) -> None:
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        pytest.skip(f"Python {version} runs these tests: pip installed it there")
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    place = folder / f"python-{version}"
    run(*uv("venv", "--quiet", "--python", python, place), folder=folder)
    run(
        *uv("pip", "install", "--quiet", "--only-binary", ":all:", "--python", place / "bin/python", wheel),
        folder=folder,
    )
    works(place / "bin/padwan-server", folder)


def interpreter(version: str) -> str | None:
    """A Python of this version that runs: on the search path, or among those of pyenv."""
    pyenv = Path(OURS.get("PYENV_ROOT") or Path(OURS.get("HOME", ""), ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python")))]
    return next((python for python in found if python and runs(python)), None)


def runs(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
