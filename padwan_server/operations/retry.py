"""retry: what failed in a job, and sending only that again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from padwan_server.errors import PadwanError
from padwan_server.jobs.chain import Chain
from padwan_server.jobs.jobs import Jobs
from padwan_server.jobs.requests import Request
from padwan_server.jobs.results import StoredAnswer
from padwan_server.operations.context import Context
from padwan_server.operations.create import refuse_more, request_of, spending
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
    failed: list[FailedPrompt] = Field(description="The prompts that the choice names, in their order.")
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
    failed = await jobs.read(lambda: [a for a in chain.answers() if a.outcome in outcomes])
    total = await jobs.read(lambda: sum(chain.outcomes().values()))
    corrected = await _corrected(params.file, context)
    digests = {record.key: record.digest for job in chain.jobs for record in await jobs.records(job)}
    changed = [a.key for a in failed if a.key in corrected and corrected[a.key].digest != digests.get(a.key)]
    submitted = None
    if failed and params.submit:
        _refuse_while_running(chain)
        refuse_more(len(failed), params.max_requests, "choose fewer with which")
        requests = await _requests(chain, failed, corrected, digests, jobs)
        await context.approve(spending(len(failed), chain.root.model, f"of {job.name} again", context))
        sent = await jobs.submit(chain.root.model, chain.root.display_name, requests, chain.root.source, chain.root.id)
        submitted = job_view(sent)
    return RetryResult(
        job=job.name,
        total=total,
        failed=[_failed_prompt(answer) for answer in failed],
        submitted=submitted,
        changed=changed,
        message=_summary(len(failed), total, submitted),
    )


def _refuse_while_running(chain: Chain) -> None:
    for job in chain.jobs[1:]:
        if not job.stored:
            raise PadwanError(
                "retry-running",
                f"Nothing was sent: failed prompts of this job are already being retried ({job.state}).",
                f"Poll {job.name} first." if job.name else "See batch list for that submission first.",
                {"job": job.name, "id": job.id},
            )


async def _corrected(file: str | None, context: Context) -> dict[str, Request]:
    """What the given file has for each key."""
    if not file:
        return {}
    source, grades = await prompt_source(file, None, context), context.settings.grades
    return await asyncio.to_thread(
        lambda: {r.key: request_of(r, None, None) for r in sendable(source, grades).records_from(0)}
    )


async def _requests(
    chain: Chain,
    failed: Sequence[StoredAnswer],
    corrected: dict[str, Request],
    digests: dict[str, str],
    jobs: Jobs,
) -> list[Request]:
    """The requests to send again."""
    keys = {answer.key for answer in failed}
    stored = {request.key: request for request in await jobs.requests(chain.jobs, keys)}
    lost = sorted(keys - stored.keys() - corrected.keys())
    if lost:
        raise PadwanError(
            "requests-unknown",
            f"Nothing was sent: this workspace does not hold the prompts of {', '.join(lost[:10])}.",
            "Pass the prompt file that the job was made from as file.",
            {"keys": lost},
        )
    return [_again(answer.key, digests, stored, corrected) for answer in failed]


def _again(key: str, digests: dict[str, str], stored: dict[str, Request], corrected: dict[str, Request]) -> Request:
    """The stored request, its contents replaced by the corrected ones; instruction and config stay."""
    if key not in stored:
        return corrected[key]
    before = stored[key]
    if key not in corrected or corrected[key].digest == digests.get(key):
        return Request(key, before.request, digests.get(key, ""))
    merged: dict[str, Any] = {**before.request, **corrected[key].request}
    return Request(key, merged, corrected[key].digest)


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
