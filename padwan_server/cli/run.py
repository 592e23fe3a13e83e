"""One operation, run for a person at a terminal or for a script."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from padwan_server.cli.confirmation import confirm
from padwan_server.cli.errors import print_error
from padwan_server.cli.progress import Progress
from padwan_server.cli.render import command_line, render
from padwan_server.errors import PadwanError
from padwan_server.operations.operation import Operation, Result
from padwan_server.operations.settings import parse_settings
from padwan_server.session.roots import find_root
from padwan_server.session.session import Session

DONE, FAILED, USAGE, NOT_SUCCESSFUL, TIMED_OUT, INTERRUPTED = 0, 1, 2, 3, 4, 130
"""The exit codes."""


def run(operation: Operation[Any, Any], arguments: dict[str, Any], backend: str, *, as_json: bool) -> int:
    """Run ``operation`` in the workspace around the current folder, print what it says, and return the exit code."""
    try:
        result = asyncio.run(_run(operation, arguments, backend))
    except PadwanError as error:
        print_error(error, as_json=as_json)
        return USAGE if error.code == "invalid-params" else FAILED
    except KeyboardInterrupt:
        _say_interrupted(operation, arguments, backend)
        return INTERRUPTED
    if as_json:
        click.echo(json.dumps(result.model_dump(mode="json"), ensure_ascii=False))
    else:
        render(operation.name, result, backend)
    return _exit_code(result.model_dump())


async def _run(operation: Operation[Any, Any], arguments: dict[str, Any], backend: str) -> Result:
    operation.parse(arguments)
    session = Session(find_root(Path.cwd()), parse_settings({"backend": backend}))
    try:
        with Progress() as progress:
            result: Result = await operation(arguments, session.context(progress.show, confirm))
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


def _say_interrupted(operation: Operation[Any, Any], arguments: dict[str, Any], backend: str) -> None:
    if operation.name == "poll":
        again = command_line("poll", backend, arguments["job"])
        click.echo(f"Stopped watching; the job goes on. Watch again: {again}", err=True)
    else:
        click.echo(f"Interrupted. A job that was sent goes on: see {command_line('list', backend)}", err=True)
