"""From our words to the protocol's; the only converters."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types

from padwan_server.prompts.document import PROBLEMS_SHOWN, PromptDocument
from padwan_server.prompts.problem import Edit, Fix, Problem
from padwan_server.prompts.rules import Code, Grades, number_of, problem
from padwan_server.prompts.span import Span
from padwan_server.prompts.text import Encoding

SOURCE = "padwan"


class Converter:
    """Translates places of one document, in the units of its client's columns."""

    def __init__(self, uri: str, prompts: PromptDocument, encoding: Encoding) -> None:
        self._uri = uri
        self._prompts = prompts
        self._encoding = encoding

    def range(self, span: Span) -> types.Range:
        """``span`` in lines and columns."""
        start = self._prompts.position(span.start, self._encoding)
        end = start if span.end == span.start else self._prompts.position(span.end, self._encoding)
        return types.Range(types.Position(*start), types.Position(*end))

    def span(self, place: types.Range) -> Span:
        """Lines and columns as offsets."""
        start = self._prompts.offset(place.start.line, place.start.character, self._encoding)
        return Span(start, self._prompts.offset(place.end.line, place.end.character, self._encoding))

    def offset(self, position: types.Position) -> int:
        """A line and a column as an offset."""
        return self._prompts.offset(position.line, position.character, self._encoding)

    def diagnostics(
        self, problems: list[Problem], grades: Grades, failed: list[Problem], untold: int
    ) -> list[types.Diagnostic]:
        """The first problems of the document and its ``failed`` requests, of which there are ``untold`` more.

        Beyond PROBLEMS_SHOWN the last one counts the rest.
        """
        problems = sorted([*problems, *failed], key=lambda p: p.span)[:PROBLEMS_SHOWN]
        shown = [self.diagnostic(grades.graded(found)) for found in problems]
        if len(problems) < PROBLEMS_SHOWN:
            return shown
        if more := number_of(self._prompts.counts(), grades.shown) + len(failed) + untold - PROBLEMS_SHOWN:
            message = f"There are {more + 1} more problems from here on. Mend some of those above first."
            last = problems[-1]
            shown[-1] = self.diagnostic(problem(Code.MORE_PROBLEMS, message, last.span))
        return shown

    def diagnostic(self, found: Problem) -> types.Diagnostic:
        """One found."""
        return types.Diagnostic(
            range=self.range(found.span),
            message=found.message,
            severity=types.DiagnosticSeverity(found.severity.value),
            code=found.code,
            source=SOURCE,
            related_information=[
                types.DiagnosticRelatedInformation(types.Location(self._uri, self.range(span)), message)
                for span, message in found.related
            ]
            or None,
        )

    def code_action(self, found: Problem, fix: Fix) -> types.CodeAction:
        """The fix of a problem."""
        action = self.whole(fix.title, types.CodeActionKind.QuickFix, fix.edits)
        action.diagnostics = [self.diagnostic(found)]
        action.is_preferred = True
        return action

    def whole(self, title: str, kind: types.CodeActionKind | str, edits: Iterable[Edit]) -> types.CodeAction:
        """An action of this kind that makes some edits."""
        made = [types.TextEdit(self.range(edit.span), edit.text) for edit in edits]
        return types.CodeAction(title, kind=kind, edit=types.WorkspaceEdit(changes={self._uri: made}))
