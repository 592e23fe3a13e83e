"""validate: check prompts without sending anything."""

from __future__ import annotations

from pydantic import Field

from padwan_server.operations.context import Context
from padwan_server.operations.operation import Effect, Operation, Params, Result
from padwan_server.operations.prompt_source import prompt_source
from padwan_server.operations.views import ProblemView, PromptFilePath, problem_view
from padwan_server.prompts.document import PROBLEMS_SHOWN
from padwan_server.prompts.rules import number_of


class ValidateParams(Params):
    """A prompt file or a list of prompts."""

    file: PromptFilePath | None = None
    prompts: list[str] | None = Field(default=None, description="Prompts to check in place of a file.")


class ValidateResult(Result):
    """What a submission would find."""

    file: str = Field(description="The file that was checked, empty for a list of prompts.")
    format: str = Field(description="json, jsonl or text.")
    unsaved: bool = Field(description="Whether the editor's unsaved text was checked.")
    prompts: int = Field(description="Prompts found.")
    valid: bool = Field(description="Whether it could be sent: there are no errors.")
    errors: int = Field(description="Problems that stop a submission.")
    warnings: int = Field(description="Problems that do not.")
    problems: list[ProblemView] = Field(description=f"The first {PROBLEMS_SHOWN} problems, in the file's order.")


async def validate(params: ValidateParams, context: Context) -> ValidateResult:
    """Check a prompt file, or a list of prompts, before create, and tell every problem with its place.

    Sends nothing and costs nothing.
    """
    source = await prompt_source(params.file, params.prompts, context)
    document = await source.document()
    grades = context.settings.grades
    counts = document.counts()
    errors = number_of(counts, grades.stopping)
    return ValidateResult(
        file=source.name,
        format=document.format.value,
        unsaved=source.unsaved,
        prompts=document.prompts,
        valid=not errors,
        errors=errors,
        warnings=number_of(counts, grades.shown - grades.stopping),
        problems=[
            problem_view(problem, document, grades)
            for problem in document.find(PROBLEMS_SHOWN, grades.shown | grades.stopping)
        ],
    )


VALIDATE = Operation(
    name="validate",
    title="Validate Prompts",
    params=ValidateParams,
    result=ValidateResult,
    run=validate,
    effect=Effect.READS,
)
