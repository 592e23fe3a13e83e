"""The demo does the main job and is honest about how it went."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from padwan_server.emulator.testing import RunningEmulator
from tests.support.service import service_environment
from tests.support.shell import Shell

pytestmark = pytest.mark.slow

Emulate = Callable[..., RunningEmulator]


@pytest.fixture
def folder(tmp_path: Path, environment: dict[str, str]) -> Path:
    """Where the demo's files go."""
    (tmp_path / "temporary").mkdir()
    environment["TMPDIR"] = str(tmp_path / "temporary")
    return tmp_path / "temporary"


def test_it_shows_every_step_on_the_emulator_although_a_key_is_set(
    folder: Path, environment: dict[str, str], emulate: Emulate
) -> None:
    real = emulate()
    told = Shell(folder, service_environment(environment, real))("demo").stdout
    assert real.requests() == []
    for step in (
        "[duplicate-key]",
        "no problems left",
        "RUNNING",
        "2 error, 6 ok",
        "sent again",
        "8 ok",
        "GEMINI_API_KEY",
    ):
        assert step in told, step
    [workspace] = folder.glob("padwan-demo-*")
    assert str(workspace) in told
    prompts = [entry["key"] for entry in json.loads((workspace / "planets.prompts.json").read_text())]
    # The file holds what the quick fix makes of it.
    assert len(set(prompts)) == len(prompts) == 8
    assert [row["key"] for row in json.loads((workspace / "results.json").read_text())] == prompts
    with (workspace / "results.csv").open(newline="") as file:
        assert [row["key"] for row in csv.DictReader(file) if not row["error"]] == prompts
    assert re.findall(r"^\[(.+)\]$", (workspace / "results.txt").read_text(), re.MULTILINE) == prompts


def test_it_asks_before_it_sends_anything_to_the_service(
    folder: Path, environment: dict[str, str], emulate: Emulate
) -> None:
    service = emulate()
    shell = Shell(folder, service_environment(environment, service))
    for answer in ("", "n\n", "\n"):
        assert "costs money" in shell("demo", "--backend", "gemini", stdin=answer, code=1).stdout
    assert service.requests() == []
    shell("demo", "--backend", "gemini", stdin="y\n")
    assert len(service.requests("create")) == 1


def test_its_exit_code_tells_when_it_went_wrong(folder: Path, environment: dict[str, str], emulate: Emulate) -> None:
    service = emulate({"end": {"state": "FAILED", "message": "It broke."}})
    ended = Shell(folder, service_environment(environment, service))("demo", "--backend", "gemini", stdin="y\n", code=1)
    assert "It broke." in ended.stdout
    ended = Shell(folder, environment)("demo", "--backend", "gemini", stdin="y\n", code=1)
    assert "no-api-key" in ended.stdout
