"""``padwan-server batch``: one command for each operation of the table."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from padwan_server.cli.examples import examples
from padwan_server.cli.options import arguments, options
from padwan_server.cli.run import run
from padwan_server.operations.alone import alone
from padwan_server.operations.names import NAMES
from padwan_server.operations.operation import Operation


class _Operations(click.Group):
    """The operations as commands; one that is called is loaded without the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        return _command(alone(cmd_name)) if cmd_name in NAMES else None


@click.group(cls=_Operations)
def batch() -> None:
    """Create, watch, export and retry Gemini batch jobs."""


def _command(operation: Operation[Any, Any]) -> click.Command:
    common = [
        click.Option(
            ["--backend"],
            type=click.Choice(["gemini", "emulator"]),
            default="gemini",
            help="Where jobs run. [default: gemini]",
        ),
        click.Option(["as_json", "--json"], is_flag=True, help="Print one JSON value and nothing else."),
    ]
    return click.Command(
        operation.name,
        params=[*options(operation), *common],
        callback=partial(_run, operation),
        help=operation.description,
        short_help=operation.description.partition(".")[0] + ".",
        epilog=examples(operation.name),
    )


def _run(operation: Operation[Any, Any], backend: str, as_json: bool, **given: Any) -> int:
    return run(operation, arguments(given), backend, as_json=as_json)
