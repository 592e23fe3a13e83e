"""What a person at a terminal sees, and what a script gets where there is none."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

from padwan_server.cli.examples import EXAMPLES
from padwan_server.emulator.testing import RunningEmulator
from padwan_server.operations.names import NAMES
from tests.support.pages import ROOT
from tests.support.service import service_environment
from tests.support.shell import PROGRAM, Shell

pytestmark = pytest.mark.slow

Emulate = Callable[..., RunningEmulator]


@pytest.fixture
def shell(workspace: Path, environment: dict[str, str], emulate: Emulate) -> Shell:
    return Shell(workspace, service_environment(environment, emulate()))


@contextmanager
def started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], columns: int = 100
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A program at a terminal of this width, no longer than the block, and our end of the terminal."""
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    program = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield program, ours
    finally:
        program.kill()
        program.wait()
        os.close(ours)


def await_words(ours: int, words: bytes) -> None:
    """Read until the terminal has been sent some words."""
    told = b""
    while words not in told:
        told += os.read(ours, 1 << 16)


def on_terminal(shell: Shell, *arguments: str, columns: int = 100, **environment: str) -> str:
    """What a terminal of this width is sent, by both output streams."""
    sized = {name: value for name, value in shell.environment.items() if name not in ("COLUMNS", "LINES")}
    told = b""
    with started([*PROGRAM, *arguments], shell.folder, {**sized, **environment}, columns) as (program, ours):
        while True:
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:
                # Linux says so when the last writer is gone.
                break
            if not piece:
                break
            told += piece
        program.wait(timeout=30)
    return told.decode().replace("\r\n", "\n")


def test_a_live_poll_shows_the_states_that_the_job_has_come_to(
    workspace: Path, environment: dict[str, str], emulate: Emulate
) -> None:
    emulator = emulate({"clock": {"pending": 1, "running": 1}})
    shell = Shell(workspace, service_environment(environment, emulator))
    job = shell.json("batch", "create", "-p", "x", "-p", "y")["job"]
    told = on_terminal(shell, "batch", "poll", "-j", job, "-i", "1")
    assert "Ctrl-C stops watching" in told
    states = ("PENDING", "RUNNING", "SUCCEEDED")
    history = re.findall(r"\d s  ([A-Z]+)", told)
    assert history == [state for state in states if state in history]
    assert history[-1] == "SUCCEEDED"
    assert "2/2" in told
    assert "\n[prompt-0]\n" in told


def test_a_live_poll_shows_state_and_counts_where_there_is_no_room_for_a_bar(shell: Shell) -> None:
    job = shell.json("batch", "create", "-p", "x", "-p", "y")["job"]
    told = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", on_terminal(shell, "batch", "poll", "-j", job, columns=20))
    assert "2/2 SUCCEEDED" in told
    assert re.search(r"\d s  SUCCEEDED\n", told)
    assert "━" not in told


@pytest.mark.parametrize("columns", [20, 80])
def test_a_live_poll_draws_nothing_before_it_has_looked(shell: Shell, columns: int) -> None:
    job = shell.json("batch", "create", "-p", "x")["job"]
    told = on_terminal(shell, "batch", "poll", "-j", job, columns=columns)
    assert "Ctrl-C stops" in told
    assert "?" not in re.sub(r"\x1b\[\?", "", told)


def test_without_a_terminal_progress_is_plain_lines(workspace: Path, shell: Shell) -> None:
    job = shell.json("batch", "create", "-p", "x", "-p", "y")["job"]
    polled = shell("batch", "poll", "-j", job)
    assert polled.stderr.splitlines()[-1].startswith("SUCCEEDED 2/2")
    assert "\x1b" not in polled.stderr + polled.stdout


def test_a_narrow_terminal_cuts_no_name(shell: Shell) -> None:
    job = shell.json("batch", "create", "-p", "x", "-n", "名前 of a job")["job"]
    told = on_terminal(shell, "batch", "list", columns=50)
    assert f"Name:         {job}\n" in told
    assert "Display Name: 名前 of a job\n" in told


def test_no_color_is_heeded(shell: Shell) -> None:
    job = shell.json("batch", "create", "-p", "x")["job"]
    told = on_terminal(shell, "batch", "poll", "-j", job, NO_COLOR="1")
    assert "\x1b[3" not in told
    assert "\x1b[38" not in told


def test_what_a_terminal_obeys_does_not_reach_it(
    workspace: Path, environment: dict[str, str], emulate: Emulate
) -> None:
    emulator = emulate({"answers": {"prompt-0": {"text": "\x1b]0;stolen\x07[bold]data[/bold]"}}})
    shell = Shell(workspace, service_environment(environment, emulator))
    job = shell.json("batch", "create", "-p", "x", "-n", "a\x1b[31mname")["job"]
    told = on_terminal(shell, "batch", "poll", "-j", job) + on_terminal(shell, "batch", "list")
    assert "]0;stolen[bold]data[/bold]" in told
    assert "\x1b]0" not in told
    assert "\x1b[31m" not in told
    assert "a[31mname" in told


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        ('\ufeff["a b", {"key": "k", "prompt": "c"}]', ["a b", "c"]),
        ('{"prompt": "a"}\n{"prompt": "b"}\n', ["a", "b"]),
        ("one\ntwo  words\n", ["one", "two  words"]),
        ("[a note] one\n", ["[a note] one"]),
    ],
)
def test_prompts_from_standard_input(
    workspace: Path, environment: dict[str, str], emulate: Emulate, text: str, prompts: list[str]
) -> None:
    emulator = emulate()
    shell = Shell(workspace, service_environment(environment, emulator))
    job = json.loads(shell("batch", "create", "-f", "-", "--json", stdin=text).stdout)
    sent = emulator.job_requests(job["job"])
    assert [request["request"]["contents"][0]["parts"][0]["text"] for request in sent] == prompts
    assert job["file"] == ""


def test_a_file_and_prompts_together_are_wrong_usage(workspace: Path, shell: Shell) -> None:
    (workspace / "x.txt").write_text("x")
    refused = shell("batch", "create", "-f", "x.txt", "-p", "y", code=2)
    assert refused.stderr.startswith("error[prompts-or-file]: Give a file or prompts, not both.")


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_the_help_run(
    workspace: Path, environment: dict[str, str], emulate: Emulate, name: str
) -> None:
    pending = name == "cancel"
    emulator = emulate({"clock": {"pending": 600 if pending else 0}})
    shell = Shell(workspace, service_environment(environment, emulator))
    told = shell("batch", name, "--help").stdout
    (workspace / "ask.prompts.json").write_text('["one", "two"]')
    (workspace / "more.txt").write_text("three\n")
    job = shell.json("batch", "create", "-p", "x")["job"]
    if not pending:
        shell("batch", "poll", "-j", job)
    for line in EXAMPLES[name]:
        assert f"  padwan-server batch {line}\n" in told
        whole = f"{' '.join(PROGRAM)} batch {line}".replace("JOB", job).replace("ID", "no-such-job")
        ran = subprocess.run(
            ["sh", "-c", whole], cwd=workspace, env=shell.environment, capture_output=True, text=True, check=False
        )
        # Nothing is uncertain here, so resolve can only say that.
        expected = (1, "error[job-not-found]") if name == "resolve" else (0, "")
        assert (ran.returncode, ran.stderr[: len(expected[1])]) == expected, ran.stderr


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_shells_complete_commands(workspace: Path, kind: str) -> None:
    script = Shell(workspace, {**os.environ, "_PADWAN_SERVER_COMPLETE": f"{kind}_source"})("").stdout
    assert "padwan-server" in script
    words = {"COMP_WORDS": "padwan-server batch c", "COMP_CWORD": "c" if kind == "fish" else "2"}
    ask = Shell(workspace, {**os.environ, **words, "_PADWAN_SERVER_COMPLETE": f"{kind}_complete"})
    assert {"create", "cancel"} <= set(ask("").stdout.replace(",", "\n").split())


SHELLS = {
    "bash": "COMP_WORDS=(padwan-server batch cr); COMP_CWORD=2; "
    '$(complete -p padwan-server | sed "s/.* -F \\([^ ]*\\).*/\\1/") padwan-server; echo "${COMPREPLY[@]}"',
    "fish": 'complete -C "padwan-server batch cr"',
}
"""How each completes a line without a keyboard; zsh needs one."""


@pytest.mark.parametrize("kind", SHELLS)
def test_a_real_shell_completes_after_the_line_of_the_page(workspace: Path, kind: str) -> None:
    if not shutil.which(kind):
        pytest.skip(f"{kind} is not on the PATH")
    page = (ROOT / "docs/start/shell.md").read_text(encoding="utf-8")
    [line] = re.findall(rf"^\$ (.*_PADWAN_SERVER_COMPLETE={kind}_source .*)$", page, re.MULTILINE)
    environment = {**os.environ, "HOME": str(workspace), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment.pop("XDG_CONFIG_HOME", None)
    subprocess.run(["bash", "-c", line], cwd=workspace, env=environment, check=True, timeout=50)
    loaded = "source ~/.bashrc; " if kind == "bash" else ""
    ran = subprocess.run(
        [kind, "-c", loaded + SHELLS[kind]],
        cwd=workspace,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    assert ran.stdout.split()[:1] == ["create"]


def test_zsh_completes_at_its_prompt_after_the_line_of_the_page(workspace: Path) -> None:
    if not shutil.which("zsh"):
        pytest.skip("zsh is not on the PATH")
    page = (ROOT / "docs/start/shell.md").read_text(encoding="utf-8")
    [line] = re.findall(r"^\$ (.*_PADWAN_SERVER_COMPLETE=zsh_source .*)$", page, re.MULTILINE)
    environment = {**os.environ, "HOME": str(workspace), "ZDOTDIR": str(workspace)}
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    (workspace / ".zshrc").write_text("autoload -Uz compinit && compinit -u\nPS1='ready> '\n")
    subprocess.run(["bash", "-c", line], cwd=workspace, env=environment, check=True, timeout=50)
    with started(["zsh", "-d", "-i"], workspace, environment) as (_, ours):
        await_words(ours, b"ready> ")
        os.write(ours, b"padwan-server batch cr\t")
        await_words(ours, b"create")


def test_ctrl_c_ends_a_question(workspace: Path, environment: dict[str, str], emulate: Emulate) -> None:
    emulator = emulate({"clock": {"pending": 600}})
    shell = Shell(workspace, service_environment(environment, emulator))
    shell("batch", "create", "-p", "the same")
    with started([*PROGRAM, "batch", "create", "-p", "the same"], workspace, shell.environment) as (program, ours):
        await_words(ours, b"Send them once more? [y/N]: ")
        while program.poll() is None:
            # Between the question and the reading of its answer a signal is noted and waits: a person presses once
            # more.
            program.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                program.wait(timeout=5)
        assert program.returncode == 130
        assert b"See the jobs: padwan-server batch list" in os.read(ours, 1 << 16)
    assert len(emulator.requests("create")) == 1


@pytest.mark.parametrize(("closed", "code"), [(">&-", 0), ("2>&-", 0), ("<&-", 0), (">/dev/full", 1)])
def test_streams_that_cannot_be_used_are_no_error_of_ours(shell: Shell, closed: str, code: int) -> None:
    line = f"{' '.join(PROGRAM)} batch list {closed}"
    ran = subprocess.run(
        ["sh", "-c", line], cwd=shell.folder, env=shell.environment, capture_output=True, text=True, check=False
    )
    told = "error[output-not-writable]: Standard output cannot be written" if code else ""
    assert (ran.returncode, ran.stderr[: len(told)], "Exception" in ran.stderr) == (code, told, False)


def test_without_a_command_the_help_goes_to_standard_error(workspace: Path) -> None:
    for command in ((), ("batch",)):
        ended = Shell(workspace)(*command, code=2)
        assert (ended.stdout, ended.stderr.startswith("Usage: padwan-server")) == ("", True)


def test_a_reader_that_has_seen_enough_ends_the_program_quietly(workspace: Path) -> None:
    line = f"{' '.join(PROGRAM)} schema | head -c 1"
    ran = subprocess.run(["sh", "-c", line], cwd=workspace, capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("{", "")
