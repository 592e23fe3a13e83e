"""JSON Lines files: one record per line."""

from __future__ import annotations

from collections.abc import Iterable

from padwan_server.prompts.fault import Fault
from padwan_server.prompts.gap import skip_gap
from padwan_server.prompts.problem import Edit, Fix
from padwan_server.prompts.reading import Reading
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.span import Span


def read_json_lines(text: str, lines: Iterable[Span]) -> Reading:
    """Each line by itself, so that what is broken in one is no matter to the next."""
    reading = Reading(text)
    for line in lines:
        if text[line.start : line.end].strip():
            _read_line(reading, line)
        elif line.end < len(text):
            # What follows the last line end is no line, and so no blank one.
            _blank(reading, line)
    return reading


def _read_line(reading: Reading, line: Span) -> None:
    faults: list[Fault] = []
    scan = reading.read_record(skip_gap(reading.text, line.start, line.end, faults), line.end)
    rest = skip_gap(reading.text, scan.end, line.end, faults)
    reading.problems += (fault.problem() for fault in faults)
    if scan.value is not None and rest < line.end:
        message = "A line holds one JSON value. Put what follows it on a line of its own."
        reading.problems.append(Fault(message, Span(rest, line.end)).problem())


def _blank(reading: Reading, line: Span) -> None:
    after = line.end + (2 if reading.text.startswith("\r\n", line.end) else 1)
    fix = Fix("Remove the blank line", (Edit(Span(line.start, after), ""),))
    message = "This line is blank. It is skipped; remove it."
    reading.problems.append(problem(Code.BLANK_LINE, message, line, fix))
