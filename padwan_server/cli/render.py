"""Results of operations for people. Data is printed as it is: never as markup, and without control characters."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from padwan_server.cli.errors import print_problems, problem_line
from padwan_server.cli.table import print_table
from padwan_server.cli.terminal import say
from padwan_server.operations.operation import Result
from padwan_server.operations.settings import Settings
from padwan_server.session.roots import find_root


def render(name: str, result: Result, backend: str) -> None:
    """Print the result of the operation ``name``, with the next step at ``backend``."""
    _RENDERERS[name](result)
    for words, operation, job in _next_steps(name, result):
        say(f"\n{words} {command_line(operation, backend, job)}")


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
    elif name == "retry" and result.failed:
        yield "Send them again:", "retry", f"{result.job} --submit"
    elif name == "cancel" and not result.done:
        yield "Look again:", "status", result.job


def _path(path: str) -> str:
    """A path that starts at the workspace root, as the person would type it here."""
    here = Path.cwd()
    inside = not Path(path).is_absolute() or Path(path).is_relative_to(here)
    return os.path.relpath(find_root(here) / path, here) if inside else path


def _job(job: Any) -> None:
    say(f"Name:         {job.job or '(the service never told)'}")
    say(f"State:        {job.state}")
    say(f"Display Name: {job.name}")
    say(f"Model:        {job.model}")
    say(f"Stats:        {job.succeeded}/{job.total} succeeded, {job.failed} failed, {job.pending} pending")
    for label, value in (("Error", job.error), ("Warning", job.warning)):
        if value:
            say(f"{label + ':':<13} {value}")


def _answer(answer: Any) -> None:
    say(f"\n[{answer.key}]")
    for text in (answer.content, f"error: {answer.error}" if answer.error else ""):
        if text:
            say(text)


def _results(result: Any) -> None:
    for answer in result.results:
        _answer(answer)
    if result.results_omitted:
        say(f"\n… and {result.results_omitted} more: export them to have all.")


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:10]) + (" …" if len(keys) > 10 else "")


def _create(result: Any) -> None:
    _job(result)
    for warning in result.warnings:
        say(f"warning: {warning}", err=True)
    print_problems(result.file, [problem.model_dump() for problem in result.problems])


def _status(result: Any) -> None:
    _job(result)
    for sentence in result.diagnosis:
        say(f"              {sentence}")
    for label, keys in (("Missing", result.missing_keys), ("Repeated", result.repeated_keys)):
        if keys:
            say(f"{label + ':':<13} {_some(keys)}")
    if result.unknown_keys:
        say(f"Unknown keys: {_some(result.unknown_keys)}")
    if result.outcomes:
        say("Outcomes:     " + ", ".join(f"{count} {outcome}" for outcome, count in result.outcomes.items()))
    _results(result)


def _poll(result: Any) -> None:
    _status(result)
    if result.output:
        say(f"\nSaved to {_path(result.output)}")


_TITLES = ("Name", "State", "Display Name", "Model", "Stats")


def _list(result: Any) -> None:
    if result.warning:
        say(f"warning: {result.warning}", err=True)
    if not result.jobs:
        say("No batch jobs.")
        return
    rows = [
        [job.job or f"({job.id})", job.state, " ".join(job.name.split()), job.model, f"{job.succeeded}/{job.total}"]
        for job in result.jobs
    ]
    print_table(_TITLES, rows)
    if result.next_page_token:
        say(f"More: --page-token {result.next_page_token}")


def _cancel(job: Any) -> None:
    _job(job)
    if job.cancelled:
        say("\nThe job is cancelled.")
    elif job.done:
        say(f"\nThe job had already ended: {job.state}.")
    else:
        say(f"\nThe service was asked to cancel it; it is still {job.state}.")


def _retry(result: Any) -> None:
    for failed in result.failed:
        say(f"[{failed.key}] {failed.outcome}: {failed.error or failed.finish_reason}")
    say(result.message)
    if result.changed:
        say(f"With a changed text: {', '.join(result.changed)}")


def _export(result: Any) -> None:
    failures = f", {result.failed} of them without a good answer" if result.failed else ""
    say(f"Exported {result.rows} results to {_path(result.output)} ({result.format}){failures}.")
    if result.warning:
        say(f"warning: {result.warning}", err=True)


def _results_page(result: Any) -> None:
    for answer in result.results:
        _answer(answer)
    if result.next_offset is not None:
        say(f"\n{result.next_offset} of {result.total}. More: --offset {result.next_offset}")
    if result.warning:
        say(f"warning: {result.warning}", err=True)


def _message(result: Any) -> None:
    say(result.message)


def _validate(result: Any) -> None:
    name = _path(result.file) if result.file else "prompts"
    for problem in result.problems:
        say(problem_line(name, problem.model_dump()))
    say(f"{result.prompts} prompts, {result.errors} errors, {result.warnings} warnings.")


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
