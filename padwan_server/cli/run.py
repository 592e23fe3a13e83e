"""One operation, run for a person at a terminal or for a script."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

from padwan_server.cli.confirmation import confirm
from padwan_server.cli.errors import print_error
from padwan_server.cli.progress import Progress
from padwan_server.cli.render import command_line, render
from padwan_server.cli.terminal import harmless, print_json, say
from padwan_server.errors import PadwanError
from padwan_server.operations.operation import Operation, Result
from padwan_server.operations.settings import parse_settings
from padwan_server.session.roots import find_root, working_folder
from padwan_server.session.session import Session

DONE, FAILED, USAGE, NOT_SUCCESSFUL, TIMED_OUT, INTERRUPTED = 0, 1, 2, 3, 4, 130
"""The exit codes."""

_PIECE = 1 << 20
"""Bytes of standard input that are read at once."""

_USAGE_ERRORS = ("invalid-params", "prompts-or-file", "keys-or-range", "unknown-format")


def run(operation: Operation[Any, Any], arguments: dict[str, Any], backend: str, *, as_json: bool) -> int:
    """Run ``operation`` in the workspace around the current folder, print what it says, and return the exit code."""
    try:
        result = asyncio.run(_run(operation, arguments, backend))
    except PadwanError as error:
        print_error(error, as_json=as_json)
        return USAGE if error.code in _USAGE_ERRORS else FAILED
    except KeyboardInterrupt:
        interrupted = _interrupted(operation, arguments, backend)
        if as_json:
            print_error(interrupted, as_json=True)
        else:
            say(str(interrupted), err=True)
        return INTERRUPTED
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        render(operation.name, result, backend)
    return _exit_code(result.model_dump())


async def _run(operation: Operation[Any, Any], arguments: dict[str, Any], backend: str) -> Result:
    operation.parse(arguments)
    settings = parse_settings({"backend": backend})
    session = Session(find_root(working_folder()), settings, standard_input=_standard_input)
    try:
        with Progress() as progress:

            async def ask(question: str) -> bool | None:
                progress.pause()
                return await confirm(harmless(question))

            result: Result = await operation(arguments, session.context(progress.show, ask))
        return result
    finally:
        await session.aclose()


def _exit_code(result: dict[str, Any]) -> int:
    if result.get("timed_out"):
        return TIMED_OUT
    if result.get("valid") is False:
        return FAILED
    polled = "timed_out" in result
    return NOT_SUCCESSFUL if polled and result["state"] != "SUCCEEDED" else DONE


def _standard_input() -> Iterator[bytes]:
    return iter(lambda: sys.stdin.buffer.read(_PIECE), b"")


def _interrupted(operation: Operation[Any, Any], arguments: dict[str, Any], backend: str) -> PadwanError:
    if operation.name == "poll":
        again = command_line("poll", backend, arguments["job"])
        return PadwanError("interrupted", "Stopped watching; the job goes on.", f"Watch again: {again}")
    see = command_line("list", backend)
    return PadwanError("interrupted", "Interrupted. A job that was sent goes on.", f"See the jobs: {see}")
