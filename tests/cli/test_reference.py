"""Every example of padwan-cli's page on batches works here, with its options, defaults and outputs."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
from tests.support.service import service_environment
from tests.support.shell import Shell

pytestmark = pytest.mark.slow

Emulate = Callable[..., RunningEmulator]

STRINGS = '["What is photosynthesis?", "Explain gravity", "Summarize the French Revolution"]'
OBJECTS = '[{"prompt": "What is photosynthesis?", "key": "bio-1"}, {"prompt": "Explain gravity", "key": "physics-1"}]'
LINES = "What is photosynthesis?\nExplain gravity\nSummarize the French Revolution\n"
FIELDS = ["key", "content", "input_tokens", "output_tokens", "total_tokens"]


class Reference:
    """The lines of the page, run as they stand but for the name of the program."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self.job = ""

    def __call__(self, line: str, code: int = 0) -> str:
        program, *arguments = shlex.split(line.replace("<job-name>", self.job.removeprefix("batches/")))
        assert program == "padwan-cli"
        return self._shell(*arguments, code=code).stdout

    def create(self, line: str) -> dict[str, str]:
        """The block that describes the new job."""
        block = dict(part.split(":", 1) for part in self(line).splitlines() if ":" in part)
        self.job = block["Name"].strip()
        return {label: value.strip() for label, value in block.items()}


@pytest.fixture
def padwan_cli(workspace: Path, environment: dict[str, str], emulate: Emulate) -> Reference:
    return Reference(Shell(workspace, service_environment(environment, emulate())))


def test_create_with_prompts_of_the_command_line(padwan_cli: Reference) -> None:
    block = padwan_cli.create('padwan-cli batch create -p "Summarize quantum computing" -p "Explain CRISPR"')
    assert block["Display Name"] == "cli-batch"
    assert block["Stats"].startswith("0/2 succeeded")
    told = padwan_cli("padwan-cli batch poll -j <job-name> -i 1")
    assert "[prompt-0]\n[padwan emulator] You asked: Summarize quantum computing\n" in told
    assert "[prompt-1]\n[padwan emulator] You asked: Explain CRISPR\n" in told


@pytest.mark.parametrize(
    ("name", "text", "keys"),
    [
        ("prompts.json", STRINGS, ["prompt-0", "prompt-1", "prompt-2"]),
        ("prompts.json", OBJECTS, ["bio-1", "physics-1"]),
        ("prompts.txt", LINES, ["prompt-0", "prompt-1", "prompt-2"]),
    ],
)
def test_create_from_each_format_of_file(
    workspace: Path, padwan_cli: Reference, name: str, text: str, keys: list[str]
) -> None:
    (workspace / name).write_text(text)
    block = padwan_cli.create(f"padwan-cli batch create -f {name} -m gemini-2.0-flash -n my-batch")
    assert (block["Display Name"], block["Model"]) == ("my-batch", "gemini-2.0-flash")
    padwan_cli("padwan-cli batch poll -j <job-name> -i 10 -t 300")
    padwan_cli("padwan-cli batch export -j <job-name> -o results.json")
    assert [row["key"] for row in json.loads((workspace / "results.json").read_text())] == keys


def test_status_list_poll_cancel_retry_and_export(workspace: Path, padwan_cli: Reference) -> None:
    padwan_cli.create('padwan-cli batch create -p "one" -p "two"')
    told = padwan_cli("padwan-cli batch status -j <job-name>")
    assert [line.split(":")[0] for line in told.splitlines()[:5]] == ["Name", "State", "Display Name", "Model", "Stats"]
    assert "[prompt-0]" not in told
    padwan_cli("padwan-cli batch poll -j <job-name> -o results.json")
    assert "\n[prompt-0]\n" in padwan_cli("padwan-cli batch status -j <job-name> -r")
    for line in ("padwan-cli batch list", "padwan-cli batch list -l 20"):
        titles, row = padwan_cli(line).splitlines()
        assert [title.strip() for title in titles.split("  ") if title] == [
            *("Name", "State", "Display Name", "Model", "Stats")
        ]
        assert row.split() == [padwan_cli.job, "SUCCEEDED", "cli-batch", "gemini-3.8-flash", "2/2"]
    assert "already ended: SUCCEEDED" in padwan_cli("padwan-cli batch cancel -j <job-name>")
    assert padwan_cli("padwan-cli batch retry -j <job-name>") == "No failed requests to retry.\n"
    rows = json.loads((workspace / "results.json").read_text())
    assert [list(row)[:5] for row in rows] == [FIELDS, FIELDS]
    padwan_cli("padwan-cli batch export -j <job-name> -o results.csv -f csv")
    with (workspace / "results.csv").open(newline="") as file:
        assert next(csv.reader(file))[:5] == FIELDS
    padwan_cli("padwan-cli batch export -j <job-name> -o results.txt -f txt")
    assert (
        (workspace / "results.txt").read_text().startswith("[prompt-0]\n[padwan emulator] You asked: one\n\n[prompt-1]")
    )


def test_a_file_without_an_extension_is_json(workspace: Path, padwan_cli: Reference) -> None:
    padwan_cli.create("padwan-cli batch create -p one")
    padwan_cli("padwan-cli batch poll -j <job-name>")
    padwan_cli("padwan-cli batch export -j <job-name> -o results")
    rows: list[dict[str, Any]] = json.loads((workspace / "results").read_text())
    assert len(rows) == 1


def test_cancel_of_a_pending_job(workspace: Path, environment: dict[str, str], emulate: Emulate) -> None:
    emulator = emulate({"clock": {"pending": 600}})
    padwan_cli = Reference(Shell(workspace, service_environment(environment, emulator)))
    padwan_cli.create("padwan-cli batch create -p one")
    assert "cancel" in padwan_cli("padwan-cli batch cancel -j <job-name>").lower()
    assert len(emulator.requests("cancel")) == 1
