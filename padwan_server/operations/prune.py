"""prune: the workspace forgets what is old."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from padwan_server.jobs.job import now
from padwan_server.operations.context import Context
from padwan_server.operations.operation import Effect, Operation, Params, Result


class PruneParams(Params):
    """How old."""

    days: int = Field(default=30, ge=0, description="Forget jobs that were submitted longer ago than this.")
    dry_run: bool = Field(default=False, description="Only tell what would be forgotten.")


class PruneResult(Result):
    """What was forgotten."""

    jobs: list[str] = Field(description="Names of the jobs, oldest first.")
    bytes_freed: int = Field(description="Bytes of their requests and answers.")
    message: str = Field(description="The same in a sentence.")


async def prune(params: PruneParams, context: Context) -> PruneResult:
    """Forget old batch jobs that have ended: their requests and stored answers in the workspace. Export them before.

    Unfinished jobs stay, and so does a retry chain of which any job is newer. The service is not asked for anything.
    """
    pruned = await context.history.prune(now() - timedelta(days=params.days), dry_run=params.dry_run)
    verb = "would be forgotten" if params.dry_run else "forgotten"
    return PruneResult(
        jobs=pruned.jobs,
        bytes_freed=pruned.bytes,
        message=f"{len(pruned.jobs)} {'job' if len(pruned.jobs) == 1 else 'jobs'} {verb}, {pruned.bytes / 1e6:.1f} MB.",
    )


PRUNE = Operation(
    name="prune",
    title="Prune Old Batch Jobs",
    params=PruneParams,
    result=PruneResult,
    run=prune,
    effect=Effect.CHANGES,
    for_assistants=False,
)
