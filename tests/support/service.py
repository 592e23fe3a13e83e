"""Pointing what is under test at an emulator as if it were the Gemini API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from padwan_server.emulator.testing import RunningEmulator

KEY = "AIza-a-key-that-must-never-show"


def service_environment(environment: Mapping[str, str], emulator: RunningEmulator) -> dict[str, str]:
    """An environment in which the Gemini API is the emulator."""
    return {**environment, "GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": emulator.url}


def workspace_scenario(workspace: Path, scenario: Mapping[str, Any]) -> None:
    """What is to happen in the workspace's own emulator, once it starts."""
    folder = workspace / ".padwan" / "emulator"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "scenario.json").write_text(json.dumps(scenario), encoding="utf-8")
