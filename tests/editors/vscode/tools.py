"""What the tests of the VS Code extension need, from the package registries and from the machine."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[3]
EXTENSION = ROOT / "editors" / "vscode"
BUILD = ROOT / "build"
VSIX = BUILD / "padwan.vsix"
PICTURES = BUILD / "pictures"

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_NODE = f"node-linux-{ {'x86_64': 'x64', 'aarch64': 'arm64'}.get(platform.machine(), platform.machine()) }"
_NODE_VERSION = "24.21.0"
_CODE_SERVER = "code-server@4.139.1"
_NPM = ("npm", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")


class Tools(NamedTuple):
    """Programs that the tests run."""

    node: Path
    code_server: Path
    browser: str


def missing() -> str:
    """Why the workbench cannot be shown here; empty if it can."""
    if shutil.which("npm") is None:
        return "VS Code tests need npm."
    if _browser() is None:
        return f"VS Code tests need a browser: {' or '.join(_BROWSERS[:2])} (apt-get install chromium)."
    return ""


def require() -> None:
    """Skip the module that calls this if its tests cannot run here. Under CI nothing is skipped: they fail."""
    if (reason := missing()) and os.environ.get("CI") != "true":
        pytest.skip(reason, allow_module_level=True)


def _browser() -> str | None:
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def install() -> Tools:
    """The workbench, installed once, and the extension, packaged as it is now."""
    folder = BUILD / "workbench"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "install.lock"):
        ready = folder / f"ready-{_NODE_VERSION}-{_CODE_SERVER}"
        if not ready.exists():
            _install_workbench(folder)
            ready.touch()
        _package()
    node = folder / "node_modules" / _NODE / "bin" / "node"
    entry = folder / "node_modules" / "code-server" / "out" / "node" / "entry.js"
    return Tools(node, entry, _browser() or "")


def _install_workbench(folder: Path) -> None:
    (folder / "package.json").write_text('{"private": true}')
    node = folder / "node_modules" / _NODE
    environment = {**os.environ, "PATH": f"{node / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    _run(folder, *_NPM, "install", f"{_NODE}@{_NODE_VERSION}")
    _run(folder, *_NPM, "install", "--omit=dev", _CODE_SERVER, env=environment)
    vscode = folder / "node_modules" / "code-server" / "lib" / "vscode"
    _run(vscode, *_NPM, "install", "--omit=dev", env=environment)
    # Without these two, compiled here, output channels stay empty.
    native = {**environment, "npm_config_nodedir": str(node)}
    _run(vscode, "npm", "rebuild", "--silent", "@vscode/spdlog", "@vscode/native-watchdog", env=native)


def _package() -> None:
    """Package the extension unless nothing of it has changed, as two workers ask for it."""
    _run(ROOT, "make", "--silent", str(VSIX.relative_to(ROOT)))


def _run(folder: Path, *command: str, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed in {folder.name}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
