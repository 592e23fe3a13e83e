"""export: write the results of a job to a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import Field

from padwan_server.exports.encoders import encode
from padwan_server.exports.format import ExportFormat, export_format
from padwan_server.exports.row import Row
from padwan_server.exports.writer import refuse, write
from padwan_server.gemini.answers import Answer
from padwan_server.jobs.chain import Chain
from padwan_server.jobs.ledger import GOOD
from padwan_server.jobs.results import Batch, Reader
from padwan_server.operations.context import Context
from padwan_server.operations.operation import Effect, Operation, Params, Result
from padwan_server.operations.views import JobName


class ExportParams(Params):
    """Which job, where to, and how."""

    job: JobName
    output: str = Field(min_length=1, description="File to write, from the workspace root.")
    format: str | None = Field(
        default=None,
        description="json, csv, txt, or jsonl with all that came; by the extension unless given.",
    )
    overwrite: bool = Field(default=False, description="Whether an existing file may be replaced.")
    guard_formulas: bool = Field(
        default=False,
        description="In csv, put ' before texts that spreadsheets would run as formulas.",
    )
    keys: list[str] | None = Field(default=None, min_length=1, description="Write only the results of these keys.")


class ExportResult(Result):
    """What was written."""

    job: str = Field(description="Name of the job.")
    output: str = Field(description="The file, from the workspace root.")
    format: str = Field(description="json, csv, txt or jsonl.")
    rows: int = Field(description="Prompts in the file, one row each.")
    failed: int = Field(description="Rows without a good answer; their error field says why.")
    warning: str = Field(description="What a reader of the results must know, usually empty.")


async def export(params: ExportParams, context: Context) -> ExportResult:
    """Write the results of an ended batch job to a json, csv, txt or jsonl file in the workspace.

    With retries it holds the best answer to each prompt. The file is whole or not there.
    """
    target, format = refuse_output(params, context)  # noqa: A001 the field's own word
    jobs = await context.open_jobs()
    job = await jobs.find(params.job)
    chain = await jobs.chain(job)
    counted = Counted()
    await jobs.apart(chain, lambda whole: write_answers(whole, counted, target, format, params))
    return ExportResult(
        job=job.name,
        output=context.workspace.display_path(target),
        format=format.value,
        rows=counted.rows,
        failed=counted.failed,
        warning=chain.root.warning,
    )


def write_answers(chain: Chain, counted: Counted, target: Path, format: ExportFormat, params: ExportParams) -> None:  # noqa: A002
    """Write the answers that count to ``target``, some at a time."""
    with Reader(chain.folder) as reader:
        batches = counted.of(chain.batches(None if params.keys is None else set(params.keys)))
        if format is ExportFormat.JSONL:
            pieces: Iterable[bytes] = map(reader.lines, batches)
        else:
            rows = (rows_of(batch.keys, reader.answers(batch)) for batch in batches)
            pieces = encode(rows, format, guard_formulas=params.guard_formulas)
        write(pieces, target, overwrite=params.overwrite)


def refuse_output(params: ExportParams, context: Context) -> tuple[Path, ExportFormat]:
    """Where to write and how. Raises PadwanError if it cannot be written as things are now."""
    format = export_format(params.output, params.format or "")  # noqa: A001 the field's own word
    target = context.workspace.output_path(params.output)
    refuse(target, overwrite=params.overwrite)
    return target, format


class Counted:
    """What is written, counted as it goes by."""

    def __init__(self) -> None:
        self.rows = 0
        self.failed = 0

    def of(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The same batches."""
        for batch in batches:
            self.rows += len(batch.outcomes)
            self.failed += sum(outcome not in GOOD for outcome in batch.outcomes)
            yield batch


def rows_of(keys: Sequence[str], answers: Sequence[Answer]) -> list[Row]:
    """What json, csv and txt hold of answers to the prompts with these keys."""
    # Not by keywords, which take as long as all the rest.
    return [
        Row(
            key,
            answer.content,
            answer.input_tokens,
            answer.output_tokens,
            answer.total_tokens,
            answer.error,
            answer.finish_reason,
        )
        for key, answer in zip(keys, answers, strict=True)
    ]


EXPORT = Operation(
    name="export",
    title="Export Batch Results",
    params=ExportParams,
    result=ExportResult,
    run=export,
    effect=Effect.WRITES_FILES,
    long_running=True,
    for_people=("keys",),
)
