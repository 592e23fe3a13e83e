"""Jobs, results and problems as every front end shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from padwan_server.jobs.job import Job, Part
from padwan_server.jobs.results import StoredAnswer
from padwan_server.operations.operation import Result
from padwan_server.prompts.problem import Problem
from padwan_server.prompts.rules import Grades
from padwan_server.prompts.text import Encoding

if TYPE_CHECKING:
    from padwan_server.prompts.document import PromptDocument

JobName = Annotated[str, Field(min_length=1, max_length=512, description="The job: batches/abc or abc.")]
PromptFilePath = Annotated[
    str,
    Field(
        min_length=1,
        description="Prompt file: .json, .jsonl, or text with one prompt a line.",
    ),
]


class PartView(Result):
    """One of several jobs at the service that were submitted as one."""

    job: str = Field(description="Its name at the service, empty while it was not sent.")
    state: str = Field(description="Its state; WAITING while it was not sent.")
    total: int = Field(description="Its requests.")
    succeeded: int = Field(description="Its requests that the service answered.")
    failed: int = Field(description="Its requests that failed.")


class JobView(Result):
    """A batch job. Counts are requests as the service tells them; times are ISO 8601 in UTC."""

    job: str = Field(description="Name of the job, batches/<id>; empty for a submission that was never answered.")
    id: str = Field(description="The workspace's own name of the job, if it has one.")
    state: str = Field(
        description="State of the job, e.g. PENDING, RUNNING, SUCCEEDED, FAILED, CANCELLED, EXPIRED; "
        "WAITING before it is sent, SUBMIT_UNCERTAIN while nobody knows whether the service has it."
    )
    done: bool = Field(description="Whether the job has ended, well or not.")
    name: str = Field(description="Display name.")
    model: str = Field(description="Model, without the prefix models/.")
    total: int = Field(description="Requests in the job.")
    succeeded: int = Field(description="Requests that the service answered.")
    failed: int = Field(description="Requests that failed at the service.")
    pending: int = Field(description="Requests without an answer yet.")
    created: str = Field(description="When it was submitted.")
    ended: str = Field(description="When it ended, empty before.")
    file: str = Field(description="Prompt file that it was made from, empty if none is known.")
    retry_of: str = Field(description="The id of the job whose failed prompts it sent again, empty if it is no retry.")
    error: str = Field(description="Why the service gave the job up, empty if it did not.")
    warning: str = Field(description="What a reader of the results must know, usually empty.")
    parts: list[PartView] = Field(
        description="The jobs at the service that it was split into, any of which names all of it; empty if it is one."
    )


def job_view(job: Job) -> JobView:
    """``job`` for people and programs."""
    return JobView(
        job=job.name,
        id=job.id,
        state=job.state,
        done=job.terminal,
        name=job.display_name,
        model=job.model,
        total=job.total,
        succeeded=job.succeeded,
        failed=job.failed,
        pending=job.pending,
        created=job.created.isoformat(timespec="seconds"),
        ended=job.ended.isoformat(timespec="seconds") if job.ended else "",
        file=job.source,
        retry_of=job.retry_of,
        error=job.error,
        warning=job.warning,
        parts=[_part_view(part) for part in job.parts] if len(job.parts) > 1 else [],
    )


def _part_view(part: Part) -> PartView:
    return PartView(job=part.name, state=part.state, total=part.total, succeeded=part.succeeded, failed=part.failed)


class ResultView(Result):
    """The answer to one prompt."""

    key: str = Field(description="Key of the prompt.")
    outcome: str = Field(description="ok, truncated, empty, blocked, error, or missing (no answer came).")
    content: str = Field(description="Text of the answer, without thoughts.")
    input_tokens: int | None = Field(description="Tokens of the prompt, null if unknown.")
    output_tokens: int | None = Field(description="Tokens of the answer, null if unknown.")
    total_tokens: int | None = Field(description="All tokens, thoughts included, null if unknown.")
    error: str = Field(description="Why there is no good answer, empty if there is.")
    finish_reason: str = Field(description="Why the model stopped, e.g. STOP or MAX_TOKENS.")
    omitted_chars: int = Field(description="Characters of content that were left out at its end.")


def result_view(stored: StoredAnswer, max_chars: int | None = None) -> ResultView:
    """``stored`` for people and programs, with ``max_chars`` of its text at most."""
    answer = stored.answer
    content = answer.content[:max_chars]
    return ResultView(
        key=stored.key,
        outcome=stored.outcome,
        content=content,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        total_tokens=answer.total_tokens,
        error=answer.error,
        finish_reason=answer.finish_reason,
        omitted_chars=len(answer.content) - len(content),
    )


class ProblemView(Result):
    """A problem of a prompt file. Lines and columns count from 1, columns in characters; the end is excluded."""

    code: str = Field(description="Stable code of the rule.")
    severity: str = Field(description="error, warning, information or hint; errors stop a submission.")
    message: str = Field(description="What is wrong and what to do.")
    line: int = Field(description="Line where it begins.")
    column: int = Field(description="Column where it begins.")
    end_line: int = Field(description="Line where it ends.")
    end_column: int = Field(description="Column where it ends.")


def problem_view(problem: Problem, document: PromptDocument, grades: Grades) -> ProblemView:
    """``problem`` for people and programs, as bad as the settings say."""
    line, column = document.position(problem.span.start, Encoding.UTF32)
    end_line, end_column = document.position(problem.span.end, Encoding.UTF32)
    return ProblemView(
        code=problem.code,
        severity=grades.graded(problem).severity.name.lower(),
        message=problem.message,
        line=line + 1,
        column=column + 1,
        end_line=end_line + 1,
        end_column=end_column + 1,
    )
