"""A shell whose commands die at a chosen step, as if the machine had lost power: run as a program, by ``Mortal``.

It loads everything once and forks for each command, so that hundreds of deaths take minutes. A step is whatever leaves
a trace outside of the process: a statement that SQLite writes by, a file opened, renamed, removed or synced, a request
to the service before it leaves and once its answer has begun.

What a command loads besides, the program loads after it, so that the next finds it there.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

_WRITING = {"BEGIN", "COMMIT", "INSERT", "UPDATE", "DELETE", "CREATE"}
_FILE_EVENTS = {"open", "os.rename", "os.remove", "os.link", "os.mkdir"}


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, None if it was killed, and what it printed."""

    code: int | None
    output: str

    @property
    def json(self) -> Any:
        return json.loads(self.output)


class Mortal:
    """Runs commands in child processes that die at a step, or live to their end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, folder: Path, environment: Mapping[str, str], *arguments: str, dies_at: int = 0) -> Ended:
        assert self._process.stdin
        assert self._process.stdout
        order = {"folder": str(folder), "environment": dict(environment), "arguments": arguments, "dies_at": dies_at}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Ended(**answer)


@contextmanager
def mortal(inline_limit: int | None = None) -> Iterator[Mortal]:
    """Start it; with ``inline_limit`` what is larger goes by upload."""
    command = [sys.executable, "-m", "tests.support.killed", str(inline_limit or "")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Mortal(process)
        assert process.stdin
        process.stdin.close()


# In the program


def _serve(inline_limit: str) -> None:
    from padwan_server.jobs import submission

    if inline_limit:
        vars(submission)["INLINE_LIMIT_BYTES"] = int(inline_limit)
    _warm_up()
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        with TemporaryFile("w+") as loaded:
            child = os.fork()
            if child == 0:
                os.close(reading)
                _run(order, writing, loaded)
            os.close(writing)
            with os.fdopen(reading, "rb") as output:
                printed = output.read().decode()
            _, status = os.waitpid(child, 0)
            loaded.seek(0)
            for name in loaded.read().split():
                importlib.import_module(name)
        code = None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        print(json.dumps({"code": code, "output": printed}), flush=True)


def _warm_up() -> None:
    """Build what the SDK leaves to its first use, which takes as long as all the rest of a create."""
    from google.genai import Client, types
    from pydantic import BaseModel

    # Each client reads the certificates of the world; nothing here goes by TLS.
    vars(ssl)["create_default_context"] = cache(ssl.create_default_context)
    Client(api_key="none")
    for kind in vars(types).values():
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind.model_rebuild()


def _run(order: dict[str, Any], output: int, loaded: IO[str]) -> None:
    before = set(sys.modules)
    os.dup2(output, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stdin = open(0)  # noqa: SIM115 the child's own
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    if order["dies_at"]:
        _count(order["dies_at"])
    from padwan_server.cli.main import main

    sys.argv = ["padwan-server", *order["arguments"]]
    code = main()
    sys.stdout.flush()
    loaded.write("\n".join(name for name in sys.modules if name not in before))
    loaded.flush()
    os._exit(code)


def _count(dies_at: int) -> None:
    left = dies_at

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _FILE_EVENTS and ".padwan" in str(arguments[0]):
            step()

    sys.addaudithook(heard)
    _count_statements(step)
    _count_requests(step)
    sync = os.fsync

    def fsync(descriptor: Any) -> None:
        step()
        sync(descriptor)

    vars(os)["fsync"] = fsync


def _count_statements(step: Callable[[], None]) -> None:
    class Connection(sqlite3.Connection):
        def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
            # What only reads leaves no trace.
            if statement.strip().partition(" ")[0] in _WRITING:
                step()
            return super().execute(statement, *arguments)

        def executemany(self, *arguments: Any) -> sqlite3.Cursor:
            step()
            return super().executemany(*arguments)

    connect = sqlite3.connect
    sqlite3.connect = lambda *given, **named: connect(*given, **named, factory=Connection)  # type: ignore[assignment]


def _count_requests(step: Callable[[], None]) -> None:
    import httpx2

    send, send_async = httpx2.Client.send, httpx2.AsyncClient.send

    def counted(self: Any, *given: Any, **named: Any) -> Any:
        step()
        response = send(self, *given, **named)
        step()
        return response

    async def counted_async(self: Any, *given: Any, **named: Any) -> Any:
        step()
        response = await send_async(self, *given, **named)
        step()
        return response

    httpx2.Client.send = counted  # type: ignore[method-assign]
    httpx2.AsyncClient.send = counted_async  # type: ignore[method-assign]


if __name__ == "__main__":
    _serve(sys.argv[1])
