"""Text files: one prompt per line."""

from __future__ import annotations

from collections.abc import Iterable

from padwan_server.prompts.problem import Edit, Fix
from padwan_server.prompts.reading import Reading
from padwan_server.prompts.record import Record, default_key
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.span import Span


def read_text_lines(text: str, lines: Iterable[Span]) -> Reading:
    """Every line that is not blank, stripped of all white space around it, also Unicode's; what is inside stays."""
    reading = Reading(text)
    # Half a surrogate pair is the only thing that a line can have wrong, and few texts have one at all.
    sound = _encodes(text)
    for line in lines:
        content = text[line.start : line.end]
        stripped = content.strip()
        if not stripped:
            continue
        start = line.start + content.find(stripped)
        span = Span(start, start + len(stripped))
        if not sound:
            _check_surrogates(reading, span)
        key = default_key(reading.count)
        reading.records.append(Record(reading.count, key, True, stripped, None, span, None, span))
        reading.count += 1
    return reading


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_surrogates(reading: Reading, span: Span) -> None:
    found = [at for at in range(*span) if "\ud800" <= reading.text[at] <= "\udfff"]
    if found:
        edits = tuple(Edit(Span(at, at + 1), "\ufffd") for at in found)
        message = "Half of a surrogate pair in this prompt, which cannot be sent. Write the whole character."
        fix = Fix("Replace it with U+FFFD", edits)
        reading.problems.append(problem(Code.LONE_SURROGATE, message, edits[0].span, fix))
