"""Where prompts come from: a file of the workspace, or a list given with the call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from padwan_server.errors import PadwanError
from padwan_server.operations.context import Context, PromptFile
from padwan_server.operations.views import ProblemView, problem_view
from padwan_server.prompts.document import PROBLEMS_SHOWN, PromptDocument, parse, text_of
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.prompt import Prompt
from padwan_server.prompts.reading import prompts_in, read_sound
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
    text = text_of(prompts or ())
    return PromptFile(name="", format=PromptFormat.JSON, unsaved=False, pieces=lambda: iter([text]))


@dataclass(frozen=True)
class Sendable:
    """The prompts of a source without errors."""

    count: int
    prompts: Callable[[], Iterator[Prompt]]
    """All of them in order, read anew at each call. Blocks; raises PadwanError ``file-changed``."""
    problems: list[ProblemView]
    """What does not stop them."""


async def sendable(source: PromptFile, grades: Grades) -> Sendable:
    """The prompts of a source. Raises PadwanError ``prompt-file-errors`` if it has errors."""
    return await asyncio.to_thread(_streamed, source, grades) or _checked(source, await source.document(), grades)


def _streamed(source: PromptFile, grades: Grades) -> Sendable | None:
    """The prompts of a source in which nothing is wrong, which need not be kept: there may be a million of them."""
    text = _Fingerprinted(source.pieces())
    sound = read_sound(text, source.format)
    if sound is None or any(problem.code in grades.stopping for problem in sound.problems):
        return None
    start = parse(next(source.pieces())[:1], source.format)
    shown = [problem_view(problem, start, grades) for problem in sound.problems if problem.code in grades.shown]

    def prompts() -> Iterator[Prompt]:
        again = _Fingerprinted(source.pieces())
        yield from prompts_in(again, source.format)
        if again.fingerprint != text.fingerprint:
            raise PadwanError(
                "file-changed", f"Nothing was sent: {source.name} changed while it was read.", "Send it again."
            )

    return Sendable(sound.count, prompts, shown)


class _Fingerprinted:
    """Pieces of a text, of which one can tell afterwards whether they are the same as others."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = pieces
        self._hash = blake2b(digest_size=16)

    def __iter__(self) -> Iterator[str]:
        for piece in self._pieces:
            self._hash.update(piece.encode("utf-8", "surrogatepass"))
            yield piece

    @property
    def fingerprint(self) -> bytes:
        return self._hash.digest()


def _checked(source: PromptFile, document: PromptDocument, grades: Grades) -> Sendable:
    count = number_of(document.counts(), grades.stopping)
    if not count:
        found = document.find(PROBLEMS_SHOWN, grades.shown)
        views = [problem_view(problem, document, grades) for problem in found]
        return Sendable(document.prompts, document.to_send, views)
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
