"""What a rule finds in a prompt file, and how it can be mended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from padwan_server.prompts.span import Span


class Severity(IntEnum):
    """How bad it is, with the language server protocol's numbers. Only an error stops a submission."""

    ERROR = 1
    WARNING = 2
    INFORMATION = 3
    HINT = 4


@dataclass(frozen=True, slots=True)
class Edit:
    """``text`` takes the place of what ``span`` covers; an empty span inserts."""

    span: Span
    text: str

    def shifted(self, offset: int) -> Edit:
        """The same edit of a text that begins ``offset`` earlier."""
        return Edit(self.span.shifted(offset), self.text)


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that make one problem go away. They never overlap; edits at one place apply in their order."""

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: a stable ``code``, a ``message`` with the next step, its exact place, and a mechanical fix if any.

    ``related`` holds other places that matter, each with a short word about it.
    """

    code: str
    severity: Severity
    message: str
    span: Span
    fix: Fix | None = None
    related: tuple[tuple[Span, str], ...] = ()

    def shifted(self, offset: int) -> Problem:
        """The same problem in a text that begins ``offset`` earlier."""
        if not offset:
            return self
        return replace(
            self,
            span=self.span.shifted(offset),
            fix=self.fix and replace(self.fix, edits=tuple(edit.shifted(offset) for edit in self.fix.edits)),
            related=tuple((span.shifted(offset), word) for span, word in self.related),
        )
