"""delete: a job gone, at the service and here."""

from __future__ import annotations

from pydantic import Field

from padwan_server.errors import PadwanError
from padwan_server.operations.context import Context
from padwan_server.operations.operation import Effect, Operation, Params, Result
from padwan_server.operations.views import JobName


class DeleteParams(Params):
    """Which job."""

    job: JobName


class DeleteResult(Result):
    """What is gone."""

    job: str = Field(description="Name of the job that was deleted.")
    message: str = Field(description="The same in a sentence.")


async def delete(params: DeleteParams, context: Context) -> DeleteResult:
    """Delete a batch job that has ended, at the service and in the workspace, its stored answers included.

    Export them before. One that still runs must be cancelled first.
    """
    jobs = await context.open_jobs()
    job = await jobs.find(params.job)
    if job.sent and not job.terminal and not await jobs.decisions.is_gone(job):
        raise PadwanError(
            "job-not-done",
            f"Nothing was deleted: {job.name} is {job.state}.",
            "Cancel it first, or wait until it has ended.",
            {"job": job.name, "state": job.state},
        )
    await jobs.decisions.delete(job)
    return DeleteResult(job=job.name, message=f"Deleted {job.name or job.id} and its answers.")


DELETE = Operation(
    name="delete",
    title="Delete Batch Job",
    params=DeleteParams,
    result=DeleteResult,
    run=delete,
    effect=Effect.CHANGES,
    for_assistants=False,
)
