"""list: the recent jobs."""

from __future__ import annotations

from pydantic import Field

from padwan_server.operations.context import JOBS_SHOWN, Context
from padwan_server.operations.operation import Effect, Operation, Params, Result
from padwan_server.operations.views import JobView, job_view


class ListParams(Params):
    """How many jobs, and from where on."""

    limit: int = Field(
        default=10,
        ge=1,
        le=JOBS_SHOWN,
        description="Jobs to tell at most; submissions that got no answer come on top.",
    )
    page_token: str = Field(default="", max_length=4096, description="next_page_token of the page before.")


class ListResult(Result):
    """Some jobs, newest first."""

    jobs: list[JobView] = Field(description="The jobs, newest first.")
    next_page_token: str = Field(description="Pass it as page_token to get the next page; empty at the end.")
    warning: str = Field(description="Set when the service could not be asked and the jobs are as last seen.")


async def list_jobs(params: ListParams, context: Context) -> ListResult:
    """List the recent batch jobs of this API key, newest first, with state and counts."""
    jobs = await context.open_jobs()
    page = await jobs.listing.recent(min(params.limit, context.shown.jobs), params.page_token)
    return ListResult(
        jobs=[job_view(job) for job in page.jobs], next_page_token=page.next_page_token, warning=page.warning
    )


LIST = Operation(
    name="list",
    title="List Batch Jobs",
    params=ListParams,
    result=ListResult,
    run=list_jobs,
    effect=Effect.READS,
)
