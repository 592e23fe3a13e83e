"""status: one look at a job."""

from __future__ import annotations

from itertools import islice

from pydantic import Field

from padwan_server.jobs.job import Job
from padwan_server.jobs.jobs import Jobs
from padwan_server.operations.context import Context
from padwan_server.operations.operation import Effect, Operation, Params
from padwan_server.operations.views import RESULTS_SHOWN, JobName, JobView, ResultView, job_view, result_view


class StatusParams(Params):
    """Which job, and whether its results are wanted."""

    job: JobName
    results: bool = Field(default=False, description="Whether to tell the results of a job that has ended.")


class StatusResult(JobView):
    """A job, and once it has ended what became of each prompt."""

    outcomes: dict[str, int] = Field(
        description="How many prompts ended ok, truncated, empty, blocked, error or missing, retries included."
    )
    retries: list[str] = Field(description="Names of the jobs that sent failed prompts of this one again.")
    results: list[ResultView] = Field(description=f"The first {RESULTS_SHOWN} results, in the order of the prompts.")
    results_omitted: int = Field(description="Results beyond those; export them to have all.")


async def status(params: StatusParams, context: Context) -> StatusResult:
    """Tell the current state and counts of a batch job and, if asked, its results once it has ended.

    To wait until it ends, use poll.
    """
    jobs = await context.open_jobs()
    return await status_of(await jobs.find(params.job), jobs, results=params.results)


async def status_of(job: Job, jobs: Jobs, *, results: bool) -> StatusResult:
    """What status tells of ``job``."""
    if not job.stored:
        return StatusResult(**job_view(job).model_dump(), outcomes={}, retries=[], results=[], results_omitted=0)
    chain = await jobs.chain(job)
    outcomes = await jobs.read(chain.outcomes)
    shown = await jobs.read(lambda: [result_view(a) for a in islice(chain.answers(), RESULTS_SHOWN)]) if results else []
    return StatusResult(
        **job_view(job).model_dump(),
        outcomes=outcomes,
        retries=[retry.name for retry in chain.jobs if retry.retry_of == job.id and retry.name],
        results=shown,
        results_omitted=sum(outcomes.values()) - len(shown) if results else 0,
    )


STATUS = Operation(
    name="status",
    title="Show Batch Job Status",
    params=StatusParams,
    result=StatusResult,
    run=status,
    effect=Effect.READS,
)
