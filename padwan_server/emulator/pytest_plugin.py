"""A pytest fixture for projects that talk to the Gemini Batch API; pytest finds it when padwan-server is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from padwan_server.emulator.testing import RunningEmulator, start_emulator


@pytest.fixture
def gemini_emulator() -> Iterator[Callable[..., RunningEmulator]]:
    """Starts emulators: ``gemini_emulator()``, or with a scenario and command line options; see start_emulator."""
    with ExitStack() as running:
        yield lambda *arguments: running.enter_context(start_emulator(*arguments))
