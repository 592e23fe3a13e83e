"""Operations for scripts: JSON in, JSON out."""

from __future__ import annotations

import json
import sys

import click

from padwan_server.cli.run import run as run_operation
from padwan_server.cli.terminal import print_json
from padwan_server.operations.alone import alone
from padwan_server.operations.names import NAMES

_BACKENDS = click.Choice(["gemini", "emulator"])


@click.command(
    epilog="""\b
Examples:
  padwan-server run list '{"limit": 5}'
  padwan-server run create - < parameters.json"""
)
@click.argument("name", type=click.Choice(NAMES))
@click.argument("parameters", metavar="[JSON]", default="{}")
@click.option("--backend", type=_BACKENDS, default="gemini", show_default=True, help="Where jobs run.")
def run(name: str, parameters: str, backend: str) -> int:
    """Run an operation with the parameters of a JSON object (- reads it from standard input); prints one JSON value."""
    try:
        given = json.loads(sys.stdin.read() if parameters == "-" else parameters)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"The parameters are no JSON: {error}") from None
    return run_operation(alone(name), given, backend, as_json=True)


@click.command()
@click.argument("name", type=click.Choice(NAMES), required=False)
def schema(name: str | None) -> None:
    """Print the JSON Schemas of parameters and results, of one operation or of all."""
    described = {
        operation.name: {
            "description": operation.description,
            "effect": operation.effect.value,
            "parameters": operation.input_schema(),
            "result": operation.output_schema(),
        }
        for operation in map(alone, [name] if name else NAMES)
    }
    print_json(described)
