"""What the tests of the tool server share."""

from __future__ import annotations

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
