"""cancel: stop a job at the service."""

from __future__ import annotations

from pydantic import Field

from padwan_server.operations.context import Context
from padwan_server.operations.operation import Effect, Operation, Params
from padwan_server.operations.views import JobName, JobView, job_view


class CancelParams(Params):
    """Which job."""

    job: JobName


class CancelResult(JobView):
    """The job as it was right after the request."""

    cancelled: bool = Field(
        description="Whether it is cancelled. If not, it had ended already, or is about to stop: ask status again."
    )


async def cancel(params: CancelParams, context: Context) -> CancelResult:
    """Cancel a pending or running batch job. Requests that were already answered keep their answers and their price."""
    jobs = await context.open_jobs()
    job = await jobs.cancel(await jobs.find(params.job))
    return CancelResult(**job_view(job).model_dump(), cancelled=job.state == "CANCELLED")


CANCEL = Operation(
    name="cancel",
    title="Cancel Batch Job",
    params=CancelParams,
    result=CancelResult,
    run=cancel,
    effect=Effect.CHANGES,
)
