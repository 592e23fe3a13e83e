"""What all tests share: an environment without secrets, a workspace, the emulator, a language client."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator, start_emulator
from padwan_server.operations.settings import Settings
from padwan_server.session.session import Session
from tests.support.javascript import JavaScript, install
from tests.support.language_client import Editor, open_editor
from tests.support.operations import Runner
from tests.support.service import KEY

_FOREIGN = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_GENAI_USE_VERTEXAI")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What may take long comes first, so that nobody waits for it alone at the end."""
    items.sort(key=lambda item: -max((mark.args[0] for mark in item.iter_markers("timeout")), default=0))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No key, no proxy and no home of the person who runs the tests."""
    for name in [*_FOREIGN, *(name for name in os.environ if name.lower().endswith("_proxy"))]:
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace folder."""
    root = tmp_path / "workspace"
    root.mkdir()
    return root


@pytest.fixture(params=["visual-studio-code", "neovim", "emacs"])
def editor_name(request: pytest.FixtureRequest) -> str:
    """Each of the editors whose capabilities the tests take on."""
    return str(request.param)


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment of the server under test, to be changed before the ``editor`` fixture starts it."""
    return dict(os.environ)


@pytest.fixture
async def editor(workspace: Path, environment: dict[str, str]) -> AsyncIterator[Editor]:
    """A client with VS Code's capabilities, its server on the workspace's emulator."""
    async with open_editor(workspace, environment=environment) as editor:
        yield editor


@pytest.fixture
async def at_service(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[str], Runner]]:
    """Opens sessions on the workspace with a service at a URL, and closes them."""
    async with AsyncExitStack() as opened:

        def open_session(url: str, key: str = KEY) -> Runner:
            monkeypatch.setenv("GEMINI_API_KEY", key)
            monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", url)
            session = Session(workspace, Settings())
            opened.push_async_callback(session.aclose)
            return Runner(session)

        yield open_session


@pytest.fixture(scope="session")
def javascript() -> JavaScript:
    """Node.js and the packages of tests/javascript."""
    if not shutil.which("npm"):
        pytest.skip("needs npm")
    return install()


@pytest.fixture
def emulate() -> Iterator[Callable[..., RunningEmulator]]:
    """Starts emulators with a scenario and options; their jobs end at once unless the scenario has a clock."""
    with ExitStack() as running:

        def start(scenario: Mapping[str, Any] | None = None, *options: str) -> RunningEmulator:
            instant = {"clock": {"pending": 0, "running": 0}}
            return running.enter_context(start_emulator({**instant, **(scenario or {})}, *options))

        yield start
