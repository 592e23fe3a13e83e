"""resolve: what is to become of a submission whose fate nobody knows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from padwan_server.errors import PadwanError
from padwan_server.gemini.job import RemoteJob
from padwan_server.jobs.job import Job
from padwan_server.jobs.jobs import Jobs
from padwan_server.jobs.refusals import being_sent
from padwan_server.operations.context import Context
from padwan_server.operations.operation import Effect, Operation, Params, Result
from padwan_server.operations.views import JobName, JobView, job_view


class ResolveParams(Params):
    """Which submission, and the decision."""

    job: JobName
    choice: Literal["adopt", "resubmit", "discard"] = Field(
        description="adopt: it is at the service, look for it; resubmit: send it once more, which costs twice if the "
        "service has it all the same; discard: forget it."
    )
    candidate: str | None = Field(
        default=None, min_length=1, description="Which job at the service to adopt, where several may be the one."
    )


class ResolveResult(Result):
    """What became of it."""

    job: JobView | None = Field(description="The job now, null if it was forgotten.")
    message: str = Field(description="The same in a sentence.")


async def resolve(params: ResolveParams, context: Context) -> ResolveResult:
    """Decide on a submission that is SUBMIT_UNCERTAIN or was never sent: adopt it, send it once more, or discard it.

    Before anything is sent or forgotten, the service is asked whether it has the job after all.
    """
    jobs = await context.open_jobs()
    job = await jobs.decisions.settled(await jobs.known(params.job))
    if job.unanswered and not job.uncertain:
        raise being_sent(job)
    if not _is_open(job):
        return _decided(job)
    match params.choice:
        case "adopt":
            job = await jobs.decisions.adopt(job, await _candidate(job, params.candidate, jobs))
            return ResolveResult(job=job_view(job), message=f"Adopted {job.name}, which is {job.state}.")
        case "resubmit":
            sent = await jobs.decisions.resubmit(job)
            return ResolveResult(job=job_view(sent), message=f"The service has it: {sent.name} is {sent.state}.")
        case "discard":
            left = await jobs.decisions.discard(job)
            if left is None:
                return ResolveResult(job=None, message="Discarded: nothing of it is remembered.")
            named = {part.name for part in job.parts}
            if any(part.name not in named for part in left.parts):
                return _decided(left)
            return ResolveResult(job=job_view(left), message="Discarded the part in question.")


def _is_open(job: Job) -> bool:
    return job.uncertain or (job.waiting and not job.sent)


def _decided(job: Job) -> ResolveResult:
    """There is nothing to decide."""
    message = f"The service has it: {job.name} is {job.state}." if job.sent else f"It was not sent, and is {job.state}."
    return ResolveResult(job=job_view(job), message=message)


async def _candidate(job: Job, name: str | None, jobs: Jobs) -> RemoteJob:
    """The job at the service that the person means."""
    if not job.uncertain:
        raise PadwanError(
            "no-candidate", "It was never sent, so the service cannot have it.", "Resubmit or discard it."
        )
    found = await jobs.decisions.candidates(job)
    chosen = [remote for remote in found if name is None or remote.name in (name, f"batches/{name}")]
    if len(chosen) == 1:
        return chosen[0]
    names = [remote.name for remote in found]
    raise PadwanError(
        "no-candidate",
        f"{len(names)} jobs at the service may be this one: {', '.join(names[:10])}."
        if names
        else "The service has no job that may be this one.",
        "Name one of them as candidate." if names else "Look again in a while, or resubmit or discard it.",
        {"candidates": names},
    )


RESOLVE = Operation(
    name="resolve",
    title="Resolve Uncertain Submission",
    params=ResolveParams,
    result=ResolveResult,
    run=resolve,
    effect=Effect.SPENDS,
    for_assistants=False,
)
