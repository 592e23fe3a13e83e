"""Results of operations for people. Data is printed as it is: never as markup, and without control characters."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from padwan_server.cli.errors import print_problems, problem_line
from padwan_server.operations.operation import Result
from padwan_server.operations.settings import Settings
from padwan_server.session.roots import find_root


def render(name: str, result: Result, backend: str) -> None:
    """Print the result of the operation ``name``, with the next step at ``backend``."""
    _RENDERERS[name](result)
    for words, operation, job in _next_steps(name, result):
        _say(f"\n{words} {command_line(operation, backend, job)}")


def command_line(operation: str, backend: str, job: str = "") -> str:
    """What a person types to go on at the same backend."""
    line = f"padwan-server batch {operation}" + (f" -j {job}" if job else "")
    return line if backend == Settings().backend else f"{line} --backend {backend}"


def _next_steps(name: str, result: Any) -> Iterator[tuple[str, str, str]]:
    """What to say, and the operation and the job to say it of."""
    if name == "create":
        yield "Watch it:", "poll", result.job
    elif name == "retry" and result.submitted:
        yield "Watch it:", "poll", result.submitted.job
    elif name == "poll" and result.timed_out:
        yield "The time is up; the job goes on. Watch again:", "poll", result.job
    elif name == "cancel" and not result.done:
        yield "Look again:", "status", result.job


def _say(text: str = "") -> None:
    """Print a text. A terminal gets no control characters: an answer of a model could steer it with them."""
    if sys.stdout.isatty():
        text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf") or c == "\u200d")
    click.echo(text)


def _path(path: str) -> str:
    """A path that starts at the workspace root, as the person would type it here."""
    here = Path.cwd()
    inside = not Path(path).is_absolute() or Path(path).is_relative_to(here)
    return os.path.relpath(find_root(here) / path, here) if inside else path


def _job(job: Any) -> None:
    _say(f"Name:         {job.job or '(the service never told)'}")
    _say(f"State:        {job.state}")
    _say(f"Display Name: {job.name}")
    _say(f"Model:        {job.model}")
    _say(f"Stats:        {job.succeeded}/{job.total} succeeded, {job.failed} failed, {job.pending} pending")
    for label, value in (("Error", job.error), ("Warning", job.warning)):
        if value:
            _say(f"{label + ':':<13} {value}")


def _answer(answer: Any) -> None:
    _say(f"\n[{answer.key}]")
    for text in (answer.content, f"error: {answer.error}" if answer.error else ""):
        if text:
            _say(text)


def _results(result: Any) -> None:
    for answer in result.results:
        _answer(answer)
    if result.results_omitted:
        _say(f"\n… and {result.results_omitted} more: export them to have all.")


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:10]) + (" …" if len(keys) > 10 else "")


def _create(result: Any) -> None:
    _job(result)
    for warning in result.warnings:
        click.echo(f"warning: {warning}", err=True)
    print_problems(result.file, [problem.model_dump() for problem in result.problems])


def _status(result: Any) -> None:
    _job(result)
    for sentence in result.diagnosis:
        _say(f"              {sentence}")
    for label, keys in (("Missing", result.missing_keys), ("Repeated", result.repeated_keys)):
        if keys:
            _say(f"{label + ':':<13} {_some(keys)}")
    if result.unknown_keys:
        _say(f"Unknown keys: {_some(result.unknown_keys)}")
    if result.outcomes:
        _say("Outcomes:     " + ", ".join(f"{count} {outcome}" for outcome, count in result.outcomes.items()))
    _results(result)


def _poll(result: Any) -> None:
    _status(result)
    if result.output:
        _say(f"\nSaved to {_path(result.output)}")


def _list(result: Any) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if result.warning:
        click.echo(f"warning: {result.warning}", err=True)
    if not result.jobs:
        _say("No batch jobs.")
        return
    table = Table()
    for title in ("Name", "State", "Display Name", "Model", "Stats"):
        table.add_column(title, overflow="fold")
    for job in result.jobs:
        cells = (job.job or f"({job.id})", job.state, job.name, job.model, f"{job.succeeded}/{job.total}")
        table.add_row(*(Text(cell) for cell in cells))
    # A pipe has no width, and cut names are of no use in one.
    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(table)
    if result.next_page_token:
        _say(f"More: --page-token {result.next_page_token}")


def _cancel(job: Any) -> None:
    _job(job)
    if job.cancelled:
        _say("\nThe job is cancelled.")
    elif job.done:
        _say(f"\nThe job had already ended: {job.state}.")
    else:
        _say(f"\nThe service was asked to cancel it; it is still {job.state}.")


def _retry(result: Any) -> None:
    for failed in result.failed:
        _say(f"[{failed.key}] {failed.outcome}: {failed.error or failed.finish_reason}")
    _say(result.message)
    if result.changed:
        _say(f"With a changed text: {', '.join(result.changed)}")


def _export(result: Any) -> None:
    failures = f", {result.failed} of them without a good answer" if result.failed else ""
    _say(f"Exported {result.rows} results to {_path(result.output)} ({result.format}){failures}.")
    if result.warning:
        click.echo(f"warning: {result.warning}", err=True)


def _results_page(result: Any) -> None:
    for answer in result.results:
        _answer(answer)
    if result.next_offset is not None:
        _say(f"\n{result.next_offset} of {result.total}. More: --offset {result.next_offset}")
    if result.warning:
        click.echo(f"warning: {result.warning}", err=True)


def _message(result: Any) -> None:
    _say(result.message)


def _validate(result: Any) -> None:
    name = _path(result.file) if result.file else "prompts"
    for problem in result.problems:
        _say(problem_line(name, problem.model_dump()))
    _say(f"{result.prompts} prompts, {result.errors} errors, {result.warnings} warnings.")


_RENDERERS: dict[str, Callable[[Any], None]] = {
    "validate": _validate,
    "create": _create,
    "status": _status,
    "list": _list,
    "poll": _poll,
    "cancel": _cancel,
    "results": _results_page,
    "retry": _retry,
    "export": _export,
    "resolve": _message,
    "delete": _message,
    "prune": _message,
}
