"""Errors as the shell shows them."""

from __future__ import annotations

import json
from typing import Any

import click

from padwan_server.errors import PadwanError

_SHOWN = 20
"""Problems that are told beside another result."""


def print_error(error: PadwanError, *, as_json: bool) -> None:
    """For people on standard error; with ``as_json`` the one value on standard output."""
    if as_json:
        click.echo(json.dumps({"error": error.to_json()}, ensure_ascii=False))
        return
    click.echo(f"error[{error.code}]: {error.message}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)
    if len(problems := error.data.get("problems", [])) > 1 and "line" in problems[0]:
        print_problems(error.data.get("file", ""), problems)


def print_problems(file: str, problems: list[dict[str, Any]]) -> None:
    """The first problems of a prompt file, and how to see the others."""
    for problem in problems[:_SHOWN]:
        click.echo(problem_line(file or "prompts", problem), err=True)
    if len(problems) > _SHOWN:
        click.echo(f"… and {len(problems) - _SHOWN} more: padwan-server batch validate tells them all.", err=True)


def problem_line(file: str, problem: dict[str, Any]) -> str:
    """One problem as compilers tell it."""
    return "{file}:{line}:{column}: {severity}: {message} [{code}]".format(file=file, **problem)
