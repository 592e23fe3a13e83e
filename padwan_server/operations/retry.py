"""retry: what failed in a job, and sending only that again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec
from pydantic import Field

from padwan_server.errors import PadwanError
from padwan_server.jobs.chain import Chain
from padwan_server.jobs.job import Job
from padwan_server.jobs.jobs import Jobs
from padwan_server.jobs.lock import MOMENT
from padwan_server.jobs.refusals import forgotten
from padwan_server.jobs.requests import Request
from padwan_server.jobs.results import StoredAnswer
from padwan_server.operations.context import Context
from padwan_server.operations.create import refuse_more, requests_of, spending
from padwan_server.operations.operation import Effect, Operation, Params, Result
from padwan_server.operations.prompt_source import prompt_source, sendable
from padwan_server.operations.views import JobName, JobView, PromptFilePath, job_view

Which = Literal["failed", "blocked", "truncated", "missing"]

_OUTCOMES = {
    "failed": {"error", "empty"},
    "blocked": {"blocked"},
    "truncated": {"truncated"},
    "missing": {"missing"},
}


FAILED_SHOWN = 1000
"""Prompts that are told one by one."""


class RetryParams(Params):
    """Which job, which of its prompts, and whether to send them."""

    job: JobName
    which: list[Which] = Field(
        default=["failed", "blocked", "missing"],
        min_length=1,
        description="failed (an error or no text), blocked, truncated (at the token limit), missing (no answer came).",
    )
    submit: bool = Field(default=False, description="Whether to send them as a new job; otherwise only tell them.")
    file: PromptFilePath | None = Field(
        default=None,
        description="Prompt file with corrected texts for the same keys; without submit it only tells which changed.",
    )
    max_requests: int | None = Field(default=None, ge=1, description="Refuse to send more requests than this.")


class FailedPrompt(Result):
    """A prompt without a good answer."""

    key: str = Field(description="Key of the prompt.")
    outcome: str = Field(description="error, empty, blocked, truncated or missing.")
    error: str = Field(description="Why, in the service's words where it gave any.")
    finish_reason: str = Field(description="Why the model stopped, if it began.")


class RetryResult(Result):
    """What failed in a job, its retries included."""

    job: str = Field(description="The job that was asked about.")
    total: int = Field(description="Prompts of the job.")
    failed: list[FailedPrompt] = Field(description="The prompts that the choice names, in their order, the first 1000.")
    failed_total: int = Field(description="How many there are.")
    submitted: JobView | None = Field(description="The new job with these prompts, null if none was sent.")
    changed: list[str] = Field(description="Keys whose text in the given file differs from what was sent before.")
    message: str = Field(description="The same in a sentence.")


async def retry(params: RetryParams, context: Context) -> RetryResult:
    """Tell which prompts of an ended batch job have no good answer; with submit, send only those again.

    The new job is linked to the first: exports of either hold the best answer to each prompt. Sending costs money.
    """
    jobs = await context.open_jobs()
    job = await jobs.find(params.job)
    chain = await jobs.chain(job)
    outcomes = set().union(*(_OUTCOMES[choice] for choice in params.which))
    failed = await jobs.read(lambda: [found for found in chain.records() if found[1].outcome in outcomes])
    shown = await jobs.read(lambda: list(chain.read(failed[:FAILED_SHOWN])))
    total = await jobs.read(lambda: sum(chain.outcomes().values()))
    again = _Again({record.key: record.digest for _, record in failed}, await _corrected(params.file, context))
    submitted = await _submitted(again, chain, jobs, params, context) if failed and params.submit else None
    return RetryResult(
        job=job.name,
        total=total,
        failed=[_failed_prompt(answer) for answer in shown],
        failed_total=len(failed),
        submitted=submitted,
        changed=again.changed,
        message=_summary(len(failed), total, submitted),
    )


async def _corrected(file: str | None, context: Context) -> dict[str, Request]:
    """What the given file has for each key."""
    if not file:
        return {}
    source, grades = await prompt_source(file, None, context), context.settings.grades
    prompts = await sendable(source, grades)
    return await asyncio.to_thread(lambda: {request.key: request for request in requests_of(prompts.prompts())})


@dataclass(frozen=True)
class _Again:
    """What to send again: the digest of what was sent for each key, and the corrected requests that there are."""

    digests: dict[str, str]
    corrected: dict[str, Request]

    @property
    def changed(self) -> list[str]:
        """Keys with another text than before."""
        return [key for key in self.digests if self._is_changed(key)]

    def _is_changed(self, key: str) -> bool:
        return key in self.corrected and self.corrected[key].digest != self.digests[key]

    def requests(self, stored: Iterable[Request]) -> Iterator[Request]:
        """The stored requests, their contents replaced by the corrected ones; instruction and config stay."""
        alone = dict.fromkeys(key for key in self.digests if key in self.corrected)
        for before in stored:
            alone.pop(before.key, None)
            if self._is_changed(before.key):
                corrected = self.corrected[before.key]
                members = {**before.members, **corrected.members}
                yield Request(before.key, msgspec.Raw(msgspec.json.encode(members)), corrected.digest)
            else:
                yield Request(before.key, before.request, self.digests[before.key])
        yield from (self.corrected[key] for key in alone)


async def _submitted(again: _Again, chain: Chain, jobs: Jobs, params: RetryParams, context: Context) -> JobView:
    for job in chain.jobs[1:]:
        # A retry whose program ended before anything left gives way to this one.
        if not await jobs.gave_way(job):
            _refuse_while_running(job)
    refuse_more(len(again.digests), params.max_requests, "choose fewer with which")
    keys = again.digests.keys()
    held = await jobs.read(lambda: {request.key for request in chain.requests(keys)})
    lost = sorted(keys - held - again.corrected.keys())
    if lost:
        raise PadwanError(
            "requests-unknown",
            f"Nothing was sent: this workspace does not hold the prompts of {', '.join(lost[:10])}.",
            "Pass the prompt file that the job was made from as file.",
            {"keys": lost[:FAILED_SHOWN]},
        )
    root = chain.root
    await context.approve(spending(len(keys), root.model, f"of {root.name} again", context))
    requests = again.requests(chain.requests(keys))
    lock = jobs.retrying(root)
    if not await lock.take_within(MOMENT):
        raise _running(root, "are just being sent again", "Try again in a while.")
    try:
        await _refuse_after_another(chain, jobs)
        sent = await jobs.submit(root.model, root.display_name, requests, root.source, root.id, told=context.progress)
    finally:
        lock.release()
    return job_view(sent)


async def _refuse_after_another(chain: Chain, jobs: Jobs) -> None:
    """A person may have been asked for long, and another have retried or removed the job meanwhile."""
    known = {job.id for job in chain.jobs}
    current = await jobs.read(jobs.ledger.chain, chain.root)
    if not current:
        raise forgotten(chain.root.id)
    for job in current:
        if job.id not in known and job.parts:
            raise _running(job, f"were sent again meanwhile ({job.state})", "Ask for this retry once more.")


def _refuse_while_running(job: Job) -> None:
    if not job.stored:
        hint = f"Resolve {job.id} first." if job.uncertain or not job.name else f"Poll {job.name} first."
        raise _running(job, f"are already being retried ({job.state})", hint)


def _running(job: Job, how: str, hint: str) -> PadwanError:
    message = f"Nothing was sent: failed prompts of this job {how}."
    return PadwanError("retry-running", message, hint, {"job": job.name, "id": job.id})


def _failed_prompt(answer: StoredAnswer) -> FailedPrompt:
    return FailedPrompt(
        key=answer.key,
        outcome=answer.outcome,
        error=answer.answer.error,
        finish_reason=answer.answer.finish_reason,
    )


def _summary(failed: int, total: int, submitted: JobView | None) -> str:
    if not failed:
        return "No failed requests to retry."
    if submitted is None:
        return f"{failed} of {total} requests failed. Retry with submit to send only those again."
    return f"{failed} of {total} requests were sent again as {submitted.job}."


RETRY = Operation(
    name="retry",
    title="Retry Failed Prompts",
    params=RetryParams,
    result=RetryResult,
    run=retry,
    effect=Effect.SPENDS,
    long_running=True,
)
