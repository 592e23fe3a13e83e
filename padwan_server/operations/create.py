"""create: send prompts as a new batch job."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, TypeVar

import msgspec
from pydantic import AfterValidator, Field

from padwan_server.errors import PadwanError
from padwan_server.gemini.requests import text_requests, with_defaults
from padwan_server.jobs.job import Job
from padwan_server.jobs.requests import Request
from padwan_server.operations.context import Context
from padwan_server.operations.operation import Effect, Operation, Params
from padwan_server.operations.prompt_source import Sendable, prompt_source, sendable
from padwan_server.operations.views import JobView, ProblemView, PromptFilePath, job_view
from padwan_server.prompts.prompt import Prompt
from padwan_server.service import MAX_PROMPTS, model_name, model_warning

T = TypeVar("T")


def _without_lone_surrogates(given: T) -> T:
    try:
        json.dumps(given, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a surrogate pair, which cannot be sent") from None
    return given


_SENDABLE = AfterValidator(_without_lone_surrogates)


class CreateParams(Params):
    """What to send, and how the model is to answer it."""

    file: PromptFilePath | None = None
    prompts: list[str] | None = Field(default=None, description="Prompts to send in place of a file.")
    model: str | None = Field(default=None, min_length=1, description="Model; the setting's unless given.")
    name: str = Field(default="cli-batch", min_length=1, max_length=512, description="Display name of the job.")
    system: Annotated[str, _SENDABLE] | None = Field(
        default=None, description="System instruction for prompts that bring none."
    )
    config: Annotated[dict[str, Any], _SENDABLE] | None = Field(
        default=None,
        description="generationConfig of the Gemini API for every prompt, e.g. {temperature: 0}; a prompt's own wins.",
    )
    keys: list[str] | None = Field(default=None, min_length=1, description="Send only the prompts with these keys.")
    range: str | None = Field(
        default=None,
        pattern=r"^\d+(-\d*)?$",
        description="Send only these prompts, counted from 1: 5, 1-100 or 101-.",
    )
    max_requests: int | None = Field(default=None, ge=1, description="Refuse to send more requests than this.")
    max_per_job: int = Field(
        default=MAX_PROMPTS,
        ge=1,
        le=MAX_PROMPTS,
        description="Requests in one job of the service; more are split into several that are handled as one.",
    )
    again: bool = Field(default=False, description="Send it even if an unfinished job is the same.")


class CreateResult(JobView):
    """The job as the service accepted it."""

    unsaved: bool = Field(description="Whether the editor's unsaved text was sent.")
    warnings: list[str] = Field(description="What the sender should know, e.g. that the model is retired.")
    problems: list[ProblemView] = Field(description="Problems of the file that did not stop it.")


async def create(params: CreateParams, context: Context) -> CreateResult:
    """Send a prompt file, or a list of prompts, as a new Gemini batch job. This costs money.

    Sends nothing if any prompt has an error. The answer names the job: poll it, then export it.
    """
    source, grades = await prompt_source(params.file, params.prompts, context), context.settings.grades
    sound = await sendable(source, grades)
    chosen = await asyncio.to_thread(choice, sound, params)
    refuse_more(chosen.count, params.max_requests, "choose prompts with keys or range")
    model = model_name(params.model or context.settings.model)
    warning = model_warning(model, datetime.now(UTC).date())
    await context.approve(spending(chosen.count, model, f"from {source.name}" if source.name else "", context))
    jobs = await context.open_jobs()

    async def submit(*, again: bool) -> Job:
        requests = requests_of(chosen.prompts(), params.system, params.config)
        return await jobs.submit(
            model, params.name, requests, source.name, per_part=params.max_per_job, again=again, told=context.progress
        )

    try:
        job = await submit(again=params.again)
    except PadwanError as error:
        if error.code != "already-submitted" or not await context.confirm(f"{error.message} Send them once more?"):
            raise
        job = await submit(again=True)
    return CreateResult(
        **job_view(job).model_dump(),
        unsaved=source.unsaved,
        warnings=[warning] if warning else [],
        problems=sound.problems,
    )


def refuse_more(count: int, max_requests: int | None, otherwise: str) -> None:
    """Raises PadwanError ``too-many-requests`` if ``count`` is more than the caller wants to pay for."""
    if max_requests is not None and count > max_requests:
        raise PadwanError(
            "too-many-requests",
            f"Nothing was sent: there are {count} prompts and max_requests is {max_requests}.",
            f"Raise max_requests, or {otherwise}.",
            {"requests": count, "max_requests": max_requests},
        )


def spending(count: int, model: str, which: str, context: Context) -> str:
    """The question whether that many prompts are to be sent."""
    prompts = " ".join(filter(None, (f"{count} prompt{'' if count == 1 else 's'}", which)))
    price = "The emulator takes nothing for it." if context.settings.backend == "emulator" else "This costs money."
    return f"Send {prompts} to {model} as a Gemini batch job? {price}"


def requests_of(
    prompts: Iterable[Prompt], system: str | None = None, config: dict[str, Any] | None = None
) -> Iterator[Request]:
    """The Gemini requests of prompts, with the whole file's instruction and config where they have none."""
    of_text = text_requests(system or "", config)
    for prompt in prompts:
        if prompt.request is None:
            request = of_text(prompt.text)
        else:
            request = msgspec.json.encode(with_defaults(prompt.request, system or "", config))
        yield Request(prompt.key, msgspec.Raw(request), prompt.digest)


@dataclass(frozen=True)
class Choice:
    """Some of the prompts of a source."""

    count: int
    prompts: Callable[[], Iterator[Prompt]]
    """They are read anew at each call, one after the other."""


def choice(source: Sendable, params: CreateParams) -> Choice:
    """What ``keys`` or ``range`` choose. Raises PadwanError ``unknown-keys`` or ``empty-range``."""
    if params.keys is not None and params.range is not None:
        raise PadwanError("keys-or-range", "Give keys or range, not both.", "Leave one of them out.")
    if params.keys is not None:
        return _of_keys(source, set(params.keys))
    if params.range is not None:
        return _of_range(source, params.range)
    return Choice(source.count, source.prompts)


def _of_keys(source: Sendable, wanted: set[str]) -> Choice:
    unknown = sorted(wanted.difference(prompt.key for prompt in source.prompts()))
    if unknown:
        raise PadwanError(
            "unknown-keys",
            f"Nothing was sent: the prompts have no key {', '.join(unknown[:10])}.",
            "Check the keys; a prompt without one has prompt-<position>, counted from 0.",
            {"keys": unknown},
        )
    return Choice(len(wanted), lambda: (prompt for prompt in source.prompts() if prompt.key in wanted))


def _of_range(source: Sendable, given: str) -> Choice:
    first, dash, last = given.partition("-")
    start = max(int(first) - 1, 0)
    end = min(int(last or source.count) if dash else int(first), source.count)
    if start >= end:
        raise PadwanError(
            "empty-range",
            f"Nothing was sent: the range {given} holds no prompt; there are {source.count}.",
            "Ranges count prompts from 1, both ends included.",
        )
    return Choice(end - start, lambda: islice(source.prompts(), start, end))


CREATE = Operation(
    name="create",
    title="Create Batch Job",
    params=CreateParams,
    result=CreateResult,
    run=create,
    effect=Effect.SPENDS,
    long_running=True,
    for_people=("max_per_job",),
)
