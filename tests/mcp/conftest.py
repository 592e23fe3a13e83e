"""What the tests of the tool server share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
from tests.support.assistant import ERAS
from tests.support.service import KEY


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    """Each era of the protocol."""
    return str(request.param)


@pytest.fixture
def service(emulate: Callable[..., RunningEmulator], monkeypatch: pytest.MonkeyPatch) -> Callable[..., RunningEmulator]:
    """Makes an emulator the Gemini API of this process."""

    def start(scenario: Mapping[str, Any] | None = None, *options: str) -> RunningEmulator:
        emulator = emulate(scenario, *options)
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", emulator.url)
        return emulator

    return start


@pytest.fixture
async def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets so many seconds go by at once for whatever waits by the event loop's clock."""
    loop = asyncio.get_running_loop()
    now, passed = loop.time, 0.0

    def pass_time(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    monkeypatch.setattr(loop, "time", lambda: now() + passed)
    return pass_time
