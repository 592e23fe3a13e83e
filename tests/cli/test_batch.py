"""The shell over the same jobs: what is printed, and with which exit code it ends."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from padwan_server.emulator.testing import RunningEmulator
from tests.support.service import KEY, service_environment
from tests.support.shell import PROGRAM, Shell

pytestmark = pytest.mark.slow

Emulate = Callable[..., RunningEmulator]


@pytest.fixture
def connect(workspace: Path, environment: dict[str, str]) -> Callable[[RunningEmulator], Shell]:
    return lambda emulator: Shell(workspace, service_environment(environment, emulator))


Connect = Callable[[RunningEmulator], Shell]


def test_the_main_job_in_the_shell(workspace: Path, emulate: Emulate, connect: Connect) -> None:
    emulator = emulate({"answers": {"bad": {"error": {"code": 13, "message": "It [bold]broke[/bold]."}, "times": 1}}})
    shell = connect(emulator)
    (workspace / "ask.prompts.json").write_text(json.dumps([{"key": "good", "prompt": "[red]hello[/red]"}, "x"]))
    (workspace / "two.jsonl").write_text('{"key": "good", "prompt": "one"}\n{"key": "bad", "prompt": "two"}\n')
    created = shell("batch", "create", "-f", "two.jsonl", "-m", "gemini-3.8-flash", "-n", "mine")
    job = next(line.split()[-1] for line in created.stdout.splitlines() if line.startswith("Name:"))
    assert "Display Name: mine" in created.stdout
    polled = shell("batch", "poll", "-j", job, "-i", "1")
    assert "[good]" in polled.stdout
    assert "Stats:        1/2 succeeded, 1 failed, 0 pending" in polled.stdout
    assert "It [bold]broke[/bold]." in polled.stdout
    listed = shell("batch", "list", "-l", "5").stdout
    assert job in listed
    assert "SUCCEEDED" in listed
    report = shell("batch", "retry", "-j", job).stdout
    assert "[bad] error" in report
    assert "1 of 2 requests failed" in report
    again = shell.json("batch", "retry", "-j", job, "--submit")["submitted"]["job"]
    shell("batch", "poll", "-j", again, "-i", "1", "-o", "out.csv")
    with (workspace / "out.csv").open(newline="") as file:
        assert [(row["key"], row["error"]) for row in csv.DictReader(file)] == [("good", ""), ("bad", "")]
    assert shell("batch", "retry", "-j", job).stdout.strip() == "No failed requests to retry."
    assert "ended" in shell("batch", "cancel", "-j", job).stdout


def test_the_next_step_and_the_problems_are_told(workspace: Path, environment: dict[str, str]) -> None:
    shell = Shell(workspace, environment)
    (workspace / "ask.json").write_bytes(b'\xef\xbb\xbf["x"]')
    created = shell("batch", "create", "-f", "ask.json", "--backend", "emulator")
    assert "ask.json:1:1: warning:" in created.stderr
    [line] = [line for line in created.stdout.splitlines() if line.startswith("Watch it:")]
    program, *arguments = line.removeprefix("Watch it:").split()
    assert program == "padwan-server"
    assert shell(*arguments, "-t", "30").returncode == 0
    (workspace / "bad.json").write_text('["a",, 5, {"key": ""}]')
    refused = shell("batch", "create", "-f", "bad.json", "--backend", "emulator", code=1)
    assert refused.stderr.count("bad.json:1:") >= 4


def test_prompts_keep_their_spaces_and_line_ends(emulate: Emulate, connect: Connect) -> None:
    emulator = emulate()
    prompts = ["  two  spaces ", "line\nbreak", "--looks-like-an-option", "[tag] 🏺 \u2028 x"]
    created = connect(emulator).json("batch", "create", *(f"--prompt={prompt}" for prompt in prompts))
    sent = emulator.job_requests(created["job"])
    assert [request["request"]["contents"][0]["parts"][0]["text"] for request in sent] == prompts


def test_a_path_starts_where_the_person_stands(workspace: Path, emulate: Emulate, connect: Connect) -> None:
    (workspace / ".git").mkdir()
    below = workspace / "deep" / "down"
    below.mkdir(parents=True)
    (below / "x.txt").write_text("hello")
    shell = connect(emulate())
    shell.folder = below
    created = shell.json("batch", "create", "-f", "x.txt")
    assert created["file"] == "deep/down/x.txt"
    exported = shell("batch", "export", "-j", created["job"], "-o", "out.json").stdout
    assert exported.startswith("Exported 1 results to out.json")
    assert (below / "out.json").exists()
    assert (workspace / ".padwan").is_dir()


@pytest.mark.parametrize(
    ("scenario", "arguments", "code"),
    [
        ({"clock": {"pending": 600}}, ["-t", "0.1"], 4),
        ({"end": {"state": "FAILED", "message": "It broke."}}, [], 3),
        ({"end": {"state": "EXPIRED"}}, [], 3),
        ({}, [], 0),
    ],
)
def test_a_polls_exit_code_tells_how_the_job_stands(
    emulate: Emulate, connect: Connect, scenario: dict[str, object], arguments: list[str], code: int
) -> None:
    shell = connect(emulate(scenario))
    job = shell.json("batch", "create", "-p", "x")["job"]
    told = shell("batch", "poll", "-j", job, *arguments, code=code).stdout
    assert ("It broke." in told) == ("It broke." in str(scenario))


@pytest.mark.parametrize(
    "arguments",
    [
        ["batch", "create", "--unknown"],
        ["batch", "poll"],
        ["batch", "poll", "-j", "x", "-i", "0"],
        ["batch", "poll", "-j", "x", "-i", "soon"],
        ["batch", "export", "-j", "x"],
        ["batch", "create", "-p", "x", "--config", "{"],
        ["batch", "nothing"],
        ["nothing"],
        ["lsp", "--tcp", "nowhere"],
    ],
)
def test_wrong_usage_ends_with_two_and_says_why(workspace: Path, arguments: list[str]) -> None:
    ended = Shell(workspace)(*arguments, code=2)
    assert ended.stdout == ""
    assert ended.stderr
    assert list(workspace.iterdir()) == []


def test_an_error_goes_to_standard_error_with_its_code_and_the_next_step(workspace: Path) -> None:
    ended = Shell(workspace)("batch", "create", "-p", "x", code=1)
    assert ended.stdout == ""
    assert ended.stderr.startswith("error[no-api-key]: ")
    assert "emulator" in ended.stderr
    assert Shell(workspace).json("batch", "create", "-p", "x", code=1)["error"]["code"] == "no-api-key"


def test_ctrl_c_stops_watching_and_says_how_to_go_on(workspace: Path, emulate: Emulate, connect: Connect) -> None:
    emulator = emulate({"clock": {"pending": 600}})
    shell = connect(emulator)
    job = shell.json("batch", "create", "-p", "x")["job"]
    poll = subprocess.Popen(
        [*PROGRAM, "batch", "poll", "-j", job],
        cwd=workspace,
        env=shell.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not emulator.requests("get"):
        assert poll.poll() is None
    poll.send_signal(signal.SIGINT)
    _, said = poll.communicate(timeout=30)
    assert poll.returncode == 130
    assert f"padwan-server batch poll -j {job}" in said
    assert "Traceback" not in said
    assert emulator.requests("cancel") == []


def test_validate_tells_every_place_and_ends_with_one_if_there_are_errors(workspace: Path) -> None:
    (workspace / "x.prompts.json").write_text('["ok",\n {"prompt": ""}]')
    told = Shell(workspace)("batch", "validate", "-f", "x.prompts.json", code=1).stdout
    assert "x.prompts.json:2:13: error:" in told
    assert "[blank-prompt]" in told
    Shell(workspace)("batch", "validate", "-p", "fine")


def test_version_and_help_load_no_backend(workspace: Path) -> None:
    shell = Shell(workspace)
    assert shell("--version").stdout.startswith("padwan-server, version ")
    for command in ((), ("batch",), ("batch", "create"), ("lsp",), ("mcp",), ("emulator",), ("demo",)):
        assert "--help" in shell(*command, "--help").stdout
    program = "import sys, padwan_server.cli.batch; print(sorted({'google.genai', 'mcp', 'pygls'} & set(sys.modules)))"
    loaded = subprocess.run([PROGRAM[0], "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_no_command_takes_a_key(workspace: Path) -> None:
    ended = Shell(workspace)("batch", "create", "-p", "x", "--api-key", KEY, code=2)
    assert KEY not in ended.stderr + ended.stdout
