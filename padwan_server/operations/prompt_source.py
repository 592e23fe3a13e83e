"""Where prompts come from: a file of the workspace, or a list given with the call."""

from __future__ import annotations

from collections.abc import Sequence

from padwan_server.errors import PadwanError
from padwan_server.operations.context import Context, PromptFile
from padwan_server.operations.views import problem_view
from padwan_server.prompts.document import PROBLEMS_SHOWN, PromptDocument, from_strings
from padwan_server.prompts.rules import Grades, number_of


async def prompt_source(file: str | None, prompts: Sequence[str] | None, context: Context) -> PromptFile:
    """The prompts to work on. Raises PadwanError ``prompts-or-file`` unless exactly one of the two is given."""
    if (file is None) == (prompts is None):
        raise PadwanError(
            "prompts-or-file",
            "Give either a prompt file or a list of prompts." if file is None else "Give a file or prompts, not both.",
            "Pass file (a path in the workspace) or prompts (a list of texts).",
        )
    if file is not None:
        return await context.workspace.prompt_file(file)
    return PromptFile(name="", document=from_strings(prompts or ()), unsaved=False)


def sendable(source: PromptFile, grades: Grades) -> PromptDocument:
    """The prompts of a source without errors. Raises PadwanError ``prompt-file-errors`` with the errors in data."""
    document = source.document
    count = number_of(document.counts(), grades.stopping)
    if not count:
        return document
    found = document.find(PROBLEMS_SHOWN, grades.stopping)
    problems = [problem_view(problem, document, grades).model_dump() for problem in found]
    first = problems[0]
    where = f"{source.name}:{first['line']}:{first['column']}" if source.name else "the prompts"
    raise PadwanError(
        "prompt-file-errors",
        f"Nothing was sent: {where}: {first['message']}" + (f" ({count} errors in all.)" if count > 1 else ""),
        "Correct the errors and send again.",
        {"file": source.name, "problems": problems, "errors": count},
    )
