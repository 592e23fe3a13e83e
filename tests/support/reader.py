"""Somebody who follows a page: one shell, in an empty folder of an empty home, with padwan-server installed."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.support.pages import Block

_DONE = "--- the command ended with"
_SERVERS = ("padwan-server emulator --", "padwan-server mcp --http")
"""Commands of console blocks that go on until the reader stops them."""


class Reader:
    """Runs what blocks say, and notes the name of the newest job for the word JOB."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        home = Path(environment["HOME"])
        # Where the page on installation puts it.
        installed = home / ".local" / "padwan-server" / "bin"
        installed.mkdir(parents=True)
        (installed / "padwan-server").symlink_to(Path(sys.executable).parent / "padwan-server")
        path = [str(installed), str(Path(sys.executable).parent), environment["PATH"]]
        self.folder = home / "project"
        self.folder.mkdir()
        self._job = "JOB"
        self._servers: list[subprocess.Popen[str]] = []
        self._environment = {**environment, "PATH": os.pathsep.join(path), "COLUMNS": "100"}
        # Options of whoever runs the tests are none of those that a page runs.
        self._environment.pop("PYTEST_ADDOPTS", None)
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def close(self) -> None:
        """End what was started."""
        for process in self._servers:
            process.terminate()
            process.communicate()
        # With all that a page has left in the background.
        with suppress(ProcessLookupError):
            os.killpg(self._shell.pid, signal.SIGTERM)
        self._shell.communicate()

    def console(self, block: Block, unrun: Mapping[str, str]) -> None:
        """Run the lines behind ``$`` and hold what they print against the lines below each."""
        for command, expected in _commands(block):
            if command in unrun:
                continue
            told = self._serve(command) if command.startswith(_SERVERS) else self._ran(command, block)
            assert not expected or _like(expected, told), f"{block}: {command}\nexpected:\n{expected}\ngot:\n{told}"

    def script(self, block: Block, text: str) -> None:
        """Run a whole block in a shell of its own, so that ``set -e`` ends that alone."""
        self._ran(f"(\ntrue\n{text}\n)", block)

    def _ran(self, command: str, block: Block) -> str:
        assert self._shell.stdin
        assert self._shell.stdout
        command = re.sub(r"\bJOB\b", self._job, command)
        self._shell.stdin.write(f'{{ {command}\n}} < /dev/null\necho "{_DONE} $?"\n')
        self._shell.stdin.flush()
        told = ""
        for line in self._shell.stdout:
            before, done, code = line.partition(_DONE)
            told += before
            if done:
                assert int(code) == 0, f"{block}: {command}\nended with {code}{told}"
                break
        if re.search(r"\b(create|retry)\b", command):
            self._job = next(iter(re.findall(r"batches/\w+", told)[::-1]), self._job)
        return told

    def _serve(self, command: str) -> str:
        """Start a server and read the line that says that it is ready."""
        server = subprocess.Popen(
            shlex.split(command), cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, text=True
        )
        self._servers.append(server)
        assert server.stdout
        return server.stdout.readline()


def _commands(block: Block) -> list[tuple[str, str]]:
    """The commands of a console block, each with what it is to print."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert parts[0] == "", f"{block}: begins without a command"
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts[1:]]


def _like(expected: str, told: str) -> bool:
    """Whether it was printed; … stands for anything, alone in a line for any number of lines; gaps may be wider."""
    pattern = re.sub(r"(?m)^…\n", "\0", expected)
    pattern = re.escape(pattern).replace("\0", r"(?:.*\n)*?").replace("…", r".*?")
    pattern = re.sub(r"(?:\\ ){2,}", " +", pattern)
    # What a terminal pads with at the end of a line is not seen.
    clean = "".join(f"{line.rstrip()}\n" for line in told.splitlines())
    return re.fullmatch(pattern, clean) is not None
