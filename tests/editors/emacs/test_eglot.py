"""Emacs with the configuration of docs/start/emacs.md: problems come and go, and commands work without arguments."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.editors.conftest import Clock

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[3] / "docs" / "start" / "emacs.md"
SCRIPT = Path(__file__).parent / "eglot.el"


def test_eglot_checks_sends_and_polls(
    tmp_path: Path, workspace: Path, scenario: Callable[..., Clock], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shutil.which("emacs"):
        assert os.environ.get("CI") != "true", "CI installs Emacs"
        pytest.skip("Emacs is not on the PATH: apt install emacs-nox elpa-eglot")
    [configuration] = re.findall(r"```elisp[^\n]*\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "init.el").write_text(configuration)
    prompts = workspace / "ask.prompts.json"
    prompts.write_text('["👩‍🚀 one\u2028two",\n ""]\n', encoding="utf-8")
    (workspace / ".git").mkdir()
    scenario(clock={"pending": 0, "running": 0})
    monkeypatch.setenv("CONFIGURATION", str(tmp_path / "init.el"))
    monkeypatch.setenv("PROMPTS", str(prompts))
    command = ["emacs", "--no-init-file", "--batch", "--load", str(SCRIPT)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert seen["mode"] == "padwan-prompts-mode"
    assert "empty" in seen["problem"].lower() or "blank" in seen["problem"].lower()
    assert seen["problems_left"] == 0
    assert (seen["created"]["file"], seen["created"]["unsaved"]) == ("ask.prompts.json", True)
    assert seen["polled"]["outcomes"] == {"ok": 2}
    assert f"{seen['created']['job']}: PENDING 0/2" in ran.stderr
