"""Errors as the shell shows them."""

from __future__ import annotations

from typing import Any

from padwan_server.cli.terminal import print_json, say
from padwan_server.errors import PadwanError

_SHOWN = 20
"""Problems that are told beside another result."""


def print_error(error: PadwanError, *, as_json: bool) -> None:
    """For people on standard error; with ``as_json`` the one value on standard output."""
    if as_json:
        print_json({"error": error.to_json()})
        return
    say(f"error[{error.code}]: {error.message}", err=True)
    if error.hint:
        say(f"  {error.hint}", err=True)
    if len(problems := error.data.get("problems", [])) > 1 and "line" in problems[0]:
        print_problems(error.data.get("file", ""), problems)


def print_problems(file: str, problems: list[dict[str, Any]]) -> None:
    """The first problems of a prompt file, and how to see the others."""
    for problem in problems[:_SHOWN]:
        say(problem_line(file or "prompts", problem), err=True)
    if len(problems) > _SHOWN:
        say(f"… and {len(problems) - _SHOWN} more: padwan-server batch validate tells them all.", err=True)


def problem_line(file: str, problem: dict[str, Any]) -> str:
    """One problem as compilers tell it."""
    return "{file}:{line}:{column}: {severity}: {message} [{code}]".format(file=file, **problem)
