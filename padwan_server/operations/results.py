"""results: the answers of an ended job, a page at a time."""

from __future__ import annotations

from itertools import islice

from pydantic import Field

from padwan_server.jobs.chain import Chain
from padwan_server.operations.context import Context
from padwan_server.operations.operation import Effect, Operation, Params, Result
from padwan_server.operations.views import JobName, ResultView, result_view


class ResultsParams(Params):
    """Which job, which of its prompts, and how much of each answer."""

    job: JobName
    offset: int = Field(default=0, ge=0, description="Results to pass over.")
    limit: int = Field(default=100, ge=1, le=1000, description="Results to tell at most.")
    keys: list[str] | None = Field(default=None, description="Tell only the results of these keys.")
    failed_only: bool = Field(default=False, description="Tell only what has no good answer.")
    max_chars: int | None = Field(default=None, ge=0, description="Cut each content after so many characters.")


class ResultsResult(Result):
    """A page of results."""

    job: str = Field(description="Name of the job.")
    state: str = Field(description="State of the job.")
    total: int = Field(description="Results that the choice names, on all pages.")
    offset: int = Field(description="Results before this page.")
    results: list[ResultView] = Field(description="The results, in the order of the prompts.")
    next_offset: int | None = Field(description="Where the next page begins, null at the end.")
    warning: str = Field(description="What a reader of the results must know, usually empty.")


async def results(params: ResultsParams, context: Context) -> ResultsResult:
    """Tell the results of an ended batch job, a page at a time. With retries, the best answer to each prompt."""
    jobs = await context.open_jobs()
    job = await jobs.find(params.job)
    chain = await jobs.chain(job)
    total, page = await jobs.read(lambda: _page(chain, params))
    end = params.offset + len(page)
    return ResultsResult(
        job=job.name,
        state=job.state,
        total=total,
        offset=params.offset,
        results=page,
        next_offset=end if end < total else None,
        warning=chain.root.warning,
    )


def _page(chain: Chain, params: ResultsParams) -> tuple[int, list[ResultView]]:
    keys = None if params.keys is None else set(params.keys)
    wanted = [
        (job, record)
        for job, record in chain.records()
        if (keys is None or record.key in keys) and not (params.failed_only and record.good)
    ]
    page = islice(wanted, params.offset, params.offset + params.limit)
    return len(wanted), [_cut(result_view(answer), params.max_chars) for answer in chain.answers_of(page)]


def _cut(result: ResultView, max_chars: int | None) -> ResultView:
    return result.model_copy(update={"content": result.content[:max_chars]}) if max_chars is not None else result


RESULTS = Operation(
    name="results",
    title="Show Batch Results",
    params=ResultsParams,
    result=ResultsResult,
    run=results,
    effect=Effect.READS,
)
