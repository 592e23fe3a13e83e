"""Editors as their users start them: a home of their own, the server on the PATH, a workspace on the emulator."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.neovim import Neovim, open_neovim

EMULATOR = {"settings": {"padwan": {"backend": "emulator"}}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An editor or a browser that was slow once is started once more; the report counts such reruns."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.flaky(reruns=1))


class Clock:
    """The clock of the workspace's emulator, which stands until it is moved."""

    def __init__(self, workspace: Path) -> None:
        self._folder = workspace / ".padwan" / "emulator"

    def advance(self, seconds: float) -> None:
        """Let so much time go by at the service."""
        url = (self._folder / "url").read_text().strip()
        httpx2.post(f"{url}/emulator/clock", json={"advance": seconds}).raise_for_status()


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workspace: Path) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.chdir(workspace)


@pytest.fixture
def scenario(workspace: Path) -> Callable[..., Clock]:
    """Sets what the workspace's emulator does; its clock stands, and jobs are pending for 1 s and run for 10 s."""

    def put(**members: Any) -> Clock:
        folder = workspace / ".padwan" / "emulator"
        folder.mkdir(parents=True)
        clock = {"pending": 1, "running": 10, "speed": 0}
        (folder / "scenario.json").write_text(json.dumps({"clock": clock, **members}))
        return Clock(workspace)

    return put


@pytest.fixture
def start() -> Iterator[Callable[..., Neovim]]:
    """Starts Neovim; members go to ``vim.lsp.config``."""
    with ExitStack() as opened:
        yield lambda **config: opened.enter_context(open_neovim({**EMULATOR, **config}))


@pytest.fixture
def neovim(start: Callable[..., Neovim]) -> Neovim:
    """Neovim on the workspace's emulator."""
    return start()
