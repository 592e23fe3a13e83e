"""poll: watch a job until it ends."""

from __future__ import annotations

from contextlib import aclosing

from pydantic import Field

from padwan_server.errors import PadwanError
from padwan_server.jobs.clock import deadline
from padwan_server.jobs.job import Job
from padwan_server.jobs.jobs import Jobs
from padwan_server.operations.context import Context
from padwan_server.operations.export import ExportParams, export, refuse_output
from padwan_server.operations.operation import Effect, Operation, Params
from padwan_server.operations.status import StatusResult, status_of
from padwan_server.operations.views import JobName

_FOUND_WITHIN = 10.0
"""Seconds in which a job must be found at least, however short a poll is to be."""


class PollParams(Params):
    """Which job, how often to look, how long to wait, and what to do at the end."""

    job: JobName
    interval: float = Field(default=5, gt=0, le=3600, description="Seconds between two looks; less than 1 counts as 1.")
    timeout: float | None = Field(
        default=None, ge=0, description="Seconds to wait at most; without it until the job ends."
    )
    results: bool = Field(default=True, description="Whether to tell the results when the job has ended.")
    output: str | None = Field(
        default=None, min_length=1, description="File to export the results to when the job has ended."
    )
    format: str | None = Field(default=None, description="Format of output; by its extension unless given.")
    overwrite: bool = Field(default=False, description="Whether output may replace a file.")


class PollResult(StatusResult):
    """The job when polling stopped."""

    timed_out: bool = Field(description="Whether the time was up before the job ended; it goes on: poll again.")
    output: str = Field(description="The file that was written, empty if none was.")


async def poll(params: PollParams, context: Context) -> PollResult:
    """Watch a batch job until it ends, with progress, and tell its results. Can take up to two days.

    Stopping a poll stops the watching alone.
    """
    wanted = _export_params(params)
    if wanted:
        # What would fail after two days is said now.
        refuse_output(wanted, context)
    jobs = await context.open_jobs()
    job = await _watched(await _found(jobs, params), jobs, params, context)
    output = (await export(wanted, context)).output if wanted and job.stored else ""
    told = await status_of(job, jobs, context.shown if params.results else None)
    return PollResult(**told.model_dump(), timed_out=not job.terminal, output=output)


def _export_params(params: PollParams) -> ExportParams | None:
    if params.output is None:
        return None
    return ExportParams(job=params.job, output=params.output, format=params.format, overwrite=params.overwrite)


async def _found(jobs: Jobs, params: PollParams) -> Job:
    try:
        async with deadline(None if params.timeout is None else max(params.timeout, _FOUND_WITHIN)):
            return await jobs.known(params.job)
    except TimeoutError:
        raise PadwanError(
            "network",
            "The service did not answer in time, so the job could not be looked for.",
            "Try again, with more time.",
        ) from None


async def _watched(job: Job, jobs: Jobs, params: PollParams, context: Context) -> Job:
    try:
        async with deadline(params.timeout), aclosing(jobs.watch(job, params.interval)) as looks:
            async for look in looks:
                await context.progress(look)
    except TimeoutError:
        pass
    return await jobs.remembered(job)


POLL = Operation(
    name="poll",
    title="Poll Batch Job",
    params=PollParams,
    result=PollResult,
    run=poll,
    effect=Effect.READS,
    long_running=True,
    for_people=("output", "format", "overwrite"),
)
