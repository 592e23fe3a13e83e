"""The extension as its users see it: through the page of the real workbench."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.editors.vscode.workbench import Window, scenario, shown

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OpenWindow = Callable[[Path], Window]

def test_try(folder: Path, open_window: OpenWindow) -> None:
    (folder / "ask.prompts.json").write_text('[\n {"key": "sky", "prompt": "Why?"},\n {"key": "b", "prompt": ""}\n]\n')
    window = open_window(folder)
    window.open_file("ask.prompts.json")
    shown(window.page.locator(".squiggly-error, .squiggly-warning"))
    window.picture("try")
