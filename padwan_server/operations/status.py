"""status: one look at a job."""

from __future__ import annotations

from itertools import islice

from pydantic import Field

from padwan_server.jobs.chain import Chain
from padwan_server.jobs.job import Job
from padwan_server.jobs.jobs import Jobs
from padwan_server.jobs.progress import progress_of
from padwan_server.operations.context import RESULTS_SHOWN, Context, Shown
from padwan_server.operations.operation import Effect, Operation, Params
from padwan_server.operations.views import JobName, JobView, ResultView, job_view, result_view

_FINDINGS = ("missing_keys", "repeated_keys", "unknown_keys")


class StatusParams(Params):
    """Which job, and whether its results are wanted."""

    job: JobName
    results: bool = Field(default=False, description="Whether to tell the results of a job that has ended.")


class StatusResult(JobView):
    """A job, and once it has ended what became of each prompt."""

    elapsed: float = Field(description="Seconds since it was submitted, until it ended.")
    rate: float | None = Field(description="Requests a second so far, null while unknown.")
    eta: float | None = Field(description="Seconds until it may end, null while unknown.")
    diagnosis: list[str] = Field(description="Why it is not done, or not well, in sentences; usually empty once done.")
    outcomes: dict[str, int] = Field(
        description="How many prompts ended ok, truncated, empty, blocked, error or missing, retries included."
    )
    retries: list[str] = Field(description="Names of the jobs that sent failed prompts of this one again.")
    results: list[ResultView] = Field(description=f"The first {RESULTS_SHOWN} results, in the order of the prompts.")
    results_omitted: int = Field(description="Results beyond those; export them to have all.")
    missing_keys: list[str] = Field(description="Keys that were sent and not answered, the first hundred.")
    repeated_keys: list[str] = Field(
        description="Keys that were answered more than once; the first good answer counts."
    )
    unknown_keys: list[str] = Field(description="Keys that were answered and never sent.")


async def status(params: StatusParams, context: Context) -> StatusResult:
    """Tell the current state and counts of a batch job and, if asked, its results once it has ended.

    To wait until it ends, use poll.
    """
    jobs = await context.open_jobs()
    return await status_of(await jobs.find(params.job), jobs, context.shown if params.results else None)


async def status_of(job: Job, jobs: Jobs, shown: Shown | None) -> StatusResult:
    """What status tells of ``job``, with as many results as are ``shown``."""
    look = progress_of(job)
    told = {
        **job_view(job).model_dump(),
        "elapsed": look.elapsed,
        "rate": look.rate,
        "eta": look.eta,
        "diagnosis": await jobs.diagnosis(job),
    }
    if not job.stored:
        nothing: dict[str, list[str]] = {name: [] for name in ("retries", "results", *_FINDINGS)}
        return StatusResult(**told, **nothing, outcomes={}, results_omitted=0)
    chain = await jobs.chain(job)
    outcomes = await jobs.read(chain.outcomes)
    results = await jobs.read(_first, chain, shown) if shown else []
    found = await jobs.findings(job)
    return StatusResult(
        **told,
        **dict(zip(_FINDINGS, found, strict=True)),
        outcomes=outcomes,
        retries=[retry.name for retry in chain.jobs if retry.retry_of == job.id and retry.name],
        results=results,
        results_omitted=sum(outcomes.values()) - len(results) if shown else 0,
    )


def _first(chain: Chain, shown: Shown) -> list[ResultView]:
    return [result_view(answer, shown.chars) for answer in islice(chain.answers(), shown.results)]


STATUS = Operation(
    name="status",
    title="Show Batch Job Status",
    params=StatusParams,
    result=StatusResult,
    run=status,
    effect=Effect.READS,
)
