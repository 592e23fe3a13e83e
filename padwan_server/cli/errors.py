"""Errors as the shell shows them."""

from __future__ import annotations

import json

import click

from padwan_server.errors import PadwanError


def print_error(error: PadwanError, *, as_json: bool) -> None:
    """For people on standard error; with ``as_json`` the one value on standard output."""
    if as_json:
        click.echo(json.dumps({"error": error.to_json()}, ensure_ascii=False))
        return
    click.echo(f"error[{error.code}]: {error.message}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)
