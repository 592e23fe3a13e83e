"""Where a text departs from JSON."""

from __future__ import annotations

from typing import NamedTuple

from padwan_server.prompts.problem import Edit, Fix, Problem
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.span import Span


class Fault(NamedTuple):
    """One departure. ``edits``, if there are any, put it right, and ``repair`` names them as the title of a fix."""

    message: str
    span: Span
    repair: str = ""
    edits: tuple[Edit, ...] = ()

    def problem(self) -> Problem:
        """The fault as a finding of its own."""
        return syntax_problem([self], readable=True)


def syntax_problem(faults: list[Fault], *, readable: bool) -> Problem:
    """The one finding for all faults of a record: its first fault, and a fix for all those that are mended alike.

    A record that could not be read to its end gets no fix, since what the faults in it mean is a guess.
    """
    first = faults[0]
    fix = None
    if readable and first.edits:
        # One fault may be met twice, by each of the containers that end at the same place.
        alike = tuple(dict.fromkeys(e for fault in faults if fault.repair == first.repair for e in fault.edits))
        fix = Fix(first.repair, alike)
    return problem(Code.JSON_SYNTAX, first.message, first.span, fix)


def shown(character: str) -> str:
    """A character for a message: itself when that is clear to read, else its code point."""
    return f'"{character}"' if character.isprintable() and character != '"' else f"U+{ord(character):04X}"
