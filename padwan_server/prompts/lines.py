"""JSON Lines and text files: each line by itself, so that what is broken in one is no matter to the next."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

from padwan_server.prompts.block import Block, glanced_block, read_block
from padwan_server.prompts.entry import control_problem, read_entry
from padwan_server.prompts.fault import Fault
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.gap import skip_gap
from padwan_server.prompts.glance import glance_at_lines
from padwan_server.prompts.literal import control_characters
from padwan_server.prompts.problem import Edit, Fix, Problem
from padwan_server.prompts.record import Record, default_key
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.scanner import scan_record
from padwan_server.prompts.source import BYTE_ORDER_MARK
from padwan_server.prompts.span import Span
from padwan_server.prompts.text import LINE_END

TARGET = 32_768
"""Characters of a block, about."""


def line_blocks(
    text: str,
    format: PromptFormat,  # noqa: A002 the field's own word
    *,
    first: bool,
    complete: bool,
    ends: Collection[int],
) -> Iterator[Block]:
    """The blocks of a text that begins with a line; each ends behind a line end, the last at the document's."""
    read = _json_block if format is PromptFormat.JSONL else _text_block
    at = 0
    while at < len(text) or (first and at == 0):
        end = _end_of_block(text, at, ends)
        if end is None:
            if not complete:
                return
            end = len(text)
        yield read(text[at:end], len(BYTE_ORDER_MARK) if first and at == 0 and text.startswith(BYTE_ORDER_MARK) else 0)
        at = end or 1


def _end_of_block(text: str, at: int, ends: Collection[int]) -> int | None:
    """Behind the line end where a block is to end."""
    found = LINE_END.search(text, at + TARGET - 1)
    likely = found.end() if found else len(text) + 1
    if known := min((end for end in ends if at < end <= likely and _ends_line(text, end)), default=None):
        return known
    # A carriage return at the end of what we have may be followed by its line feed.
    return None if found is None or (likely == len(text) and found[0] == "\r") else likely


def _ends_line(text: str, end: int) -> bool:
    return text[end - 1] in "\r\n" and not text.startswith("\r\n", end - 1)


# JSON Lines


def _json_block(text: str, start: int) -> Block:
    lines = [Span(start, end) for start, end in _lines(text, start)]
    glance = glance_at_lines(text[start:])
    if glance is None or len(glance.keys) != len(lines) or not all(text[slice(*line)].strip() for line in lines):
        return _exact_block(text, lines)
    return glanced_block(text, glance, partial(_starts, start=start), partial(_values, text, start))


def _values(text: str, start: int) -> list[Any]:
    """The values of sound lines."""
    values: list[Any] = json.loads(f"[{LINE_END.sub(',', text[start:].rstrip())}]")
    return values


def _starts(text: str, start: int) -> Iterator[int]:
    """Where the values of sound lines start."""
    for line in _lines(text, start):
        yield line[0] + len(text[line[0] : line[1]]) - len(text[line[0] : line[1]].lstrip(" \t"))


def _lines(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Each line without its end; what follows the last line end is none if it is empty."""
    for match in LINE_END.finditer(text, start):
        yield start, match.start()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _exact_block(text: str, lines: list[Span]) -> Block:
    records: list[Record | None] = []
    problems: list[Problem] = []
    for line in lines:
        if text[line.start : line.end].strip():
            record, found = _read_line(text, line, len(records))
            records.append(record)
            problems += found
        elif line.end < len(text):
            problems.append(_blank(text, line))
    return read_block(text, records, problems, 0)


_PIECES = ("[", "]", "{", "}", "],", "},")
_OVER_LINES = (
    "A line of a JSON Lines file holds one whole value, and this one goes over several. "
    "Put it on one line, or name the file .json if it is an array."
)


def _read_line(text: str, line: Span, index: int) -> tuple[Record | None, list[Problem]]:
    faults: list[Fault] = []
    start = skip_gap(text, line.start, line.end, faults)
    scan = scan_record(text, start, line.end)
    rest = skip_gap(text, scan.end, line.end, faults)
    problems = [*(fault.problem() for fault in faults), *scan.problems]
    if text[line.start : line.end].strip() in _PIECES:
        return None, [Fault(_OVER_LINES, line).problem()]
    if scan.value is None:
        return None, problems
    if rest < line.end:
        message = "A line holds one JSON value. Put what follows it on a line of its own."
        problems.append(Fault(message, Span(rest, line.end)).problem())
    record, found = read_entry(text, scan.value, index)
    return record, [*problems, *found]


def _blank(text: str, line: Span) -> Problem:
    after = line.end + (2 if text.startswith("\r\n", line.end) else 1)
    fix = Fix("Remove the blank line", (Edit(Span(line.start, after), ""),))
    message = "This line is blank. It is skipped; remove it."
    return problem(Code.BLANK_LINE, message, line, fix)


# Text


def _text_block(text: str, start: int) -> Block:
    """Every line that is not blank, stripped of all white space around it, also Unicode's; what is inside stays."""
    prompts = _prompts(text, start)
    block = Block(
        text,
        keys=[None] * len(prompts),
        contents=list(map(hash, prompts)),
        strings=len(prompts),
        problems=[],
        reach=len(text),
        find_starts=partial(_text_starts, start=start),
        read=_read_text,
        values=partial(_prompts, text, start),
    )
    checks = []
    if not (text.isascii() or _encodes(text)):
        checks.append(_lone_surrogates)
    if next(control_characters(text, Span(0, len(text)), escapes=False), None):
        checks.append(_controls)
    if checks:
        spans = [_text_span(text, at) for at in block.starts]
        block.problems = [found for span in spans for check in checks for found in check(text, span)]
    return block


def _prompts(text: str, start: int) -> list[str]:
    return [stripped for begin, end in _lines(text, start) if (stripped := text[begin:end].strip())]


def _text_starts(text: str, start: int) -> Iterator[int]:
    for begin, end in _lines(text, start):
        content = text[begin:end]
        if stripped := content.strip():
            yield begin + content.find(stripped)


def _text_span(text: str, start: int) -> Span:
    end = LINE_END.search(text, start)
    return Span(start, start + len(text[start : end.start() if end else len(text)].rstrip()))


def _read_text(text: str, start: int, position: int) -> tuple[Record | None, list[Problem]]:
    span = _text_span(text, start)
    return Record(position, default_key(position), True, text[slice(*span)], None, span, None, span), []


def _controls(text: str, span: Span) -> Iterator[Problem]:
    if found := list(control_characters(text, span, escapes=False)):
        yield control_problem(text, found)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lone_surrogates(text: str, span: Span) -> Iterator[Problem]:
    found = [at for at in range(*span) if "\ud800" <= text[at] <= "\udfff"]
    if found:
        edits = tuple(Edit(Span(at, at + 1), "\ufffd") for at in found)
        message = "Half of a surrogate pair in this prompt, which cannot be sent. Write the whole character."
        yield problem(Code.LONE_SURROGATE, message, edits[0].span, Fix("Replace it with U+FFFD", edits))
