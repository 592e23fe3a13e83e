"""From our words to the protocol's; the only converters."""

from __future__ import annotations

from lsprotocol import types

from padwan_server.lsp.documents import PromptTextDocument
from padwan_server.prompts.problem import Fix, Problem
from padwan_server.prompts.span import Span

SOURCE = "padwan"
DIAGNOSTICS_SHOWN = 1000
"""Editors slow down beyond that; the last one says how many more there are."""


def to_range(span: Span, document: PromptTextDocument) -> types.Range:
    """``span`` in the client's lines and columns."""
    start = document.index.position(span.start, document.encoding)
    end = document.index.position(span.end, document.encoding)
    return types.Range(types.Position(*start), types.Position(*end))


def to_diagnostics(document: PromptTextDocument) -> list[types.Diagnostic]:
    """The problems of a document, at most DIAGNOSTICS_SHOWN of them."""
    problems = document.prompts.problems
    shown = [to_diagnostic(problem, document) for problem in problems[:DIAGNOSTICS_SHOWN]]
    if len(problems) > DIAGNOSTICS_SHOWN:
        more = len(problems) - DIAGNOSTICS_SHOWN + 1
        shown[-1].message = f"{shown[-1].message} And {more - 1} more problems."
    return shown


def to_diagnostic(problem: Problem, document: PromptTextDocument) -> types.Diagnostic:
    """One problem."""
    return types.Diagnostic(
        range=to_range(problem.span, document),
        message=problem.message,
        severity=types.DiagnosticSeverity(problem.severity.value),
        code=problem.code,
        source=SOURCE,
        related_information=[
            types.DiagnosticRelatedInformation(types.Location(document.uri, to_range(span, document)), message)
            for span, message in problem.related
        ]
        or None,
    )


def to_code_action(problem: Problem, fix: Fix, document: PromptTextDocument) -> types.CodeAction:
    """The fix of a problem."""
    edits = [types.TextEdit(to_range(edit.span, document), edit.text) for edit in fix.edits]
    return types.CodeAction(
        title=fix.title,
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[to_diagnostic(problem, document)],
        is_preferred=True,
        edit=types.WorkspaceEdit(changes={document.uri: edits}),
    )
