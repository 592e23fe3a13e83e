"""results: the answers of a job, page by page."""

from __future__ import annotations

from itertools import islice

from pydantic import Field

from padwan_server.jobs.chain import Chain
from padwan_server.operations.context import Context, Shown
from padwan_server.operations.operation import Effect, Operation, Params, Result
from padwan_server.operations.views import JobName, ResultView, result_view


class ResultsParams(Params):
    """Which job, and which of its answers."""

    job: JobName
    offset: int = Field(default=0, ge=0, le=1 << 53, description="First prompt to tell, counted from 0.")
    limit: int = Field(default=100, ge=1, le=1000, description="Prompts to tell at most.")
    keys: list[str] | None = Field(default=None, min_length=1, description="Only the prompts with these keys.")
    failed_only: bool = Field(default=False, description="Only the prompts without a good answer.")
    max_chars: int | None = Field(default=None, ge=1, description="Characters of each answer at most.")


class ResultsResult(Result):
    """One page."""

    job: str = Field(description="Name of the job.")
    state: str = Field(description="State of the job.")
    total: int = Field(description="Prompts that the choice names.")
    offset: int = Field(description="The first prompt on this page.")
    results: list[ResultView] = Field(description="The answers, in the order of the prompts.")
    next_offset: int | None = Field(description="Where the next page begins, null at the end.")
    warning: str = Field(description="What a reader of the results must know, usually empty.")


async def results(params: ResultsParams, context: Context) -> ResultsResult:
    """Read the answers of an ended batch job page by page: all, those of some keys, or only the failed ones.

    With retries it tells the best answer to each prompt. To have all in a file, use export.
    """
    jobs = await context.open_jobs()
    job = await jobs.find(params.job)
    chain = await jobs.chain(job)
    total, page = await jobs.read(_page, chain, params, context.shown)
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


def _page(chain: Chain, params: ResultsParams, shown: Shown) -> tuple[int, list[ResultView]]:
    """How many there are, and those of the page."""
    limit, chars = min(params.limit, shown.results), params.max_chars or shown.chars
    if params.keys is None and not params.failed_only:
        first = islice(chain.answers(params.offset), limit)
        return sum(chain.outcomes().values()), [result_view(answer, chars) for answer in first]
    chosen = chain.records() if params.keys is None else filter(None, map(chain.record, dict.fromkeys(params.keys)))
    if params.failed_only:
        chosen = ((job, record) for job, record in chosen if not record.good)
    found = list(chosen)
    answers = chain.read(found[params.offset : params.offset + limit])
    return len(found), [result_view(answer, chars) for answer in answers]


RESULTS = Operation(
    name="results",
    title="Read Batch Results",
    params=ResultsParams,
    result=ResultsResult,
    run=results,
    effect=Effect.READS,
)
