"""A prompt file as a document: its records and its problems."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.json_array import read_json_array
from padwan_server.prompts.json_lines import read_json_lines
from padwan_server.prompts.keys import duplicate_keys
from padwan_server.prompts.problem import Edit, Fix, Problem, Severity
from padwan_server.prompts.reading import Reading
from padwan_server.prompts.record import Record
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.source import BYTE_ORDER_MARK
from padwan_server.prompts.span import Span
from padwan_server.prompts.text import LineIndex
from padwan_server.prompts.text_lines import read_text_lines


@dataclass(frozen=True)
class PromptDocument:
    """What a text holds: records in their order, problems by their place."""

    text: str
    format: PromptFormat
    records: Sequence[Record]
    problems: Sequence[Problem]
    lines: LineIndex

    @property
    def errors(self) -> list[Problem]:
        """The problems that stop a submission."""
        return [found for found in self.problems if found.severity is Severity.ERROR]


def parse(text: str, format: PromptFormat) -> PromptDocument:  # noqa: A002 the field's own word
    """The document of a text. Never raises: what cannot be read is a problem."""
    lines = LineIndex(text)
    reading = _read(text, format, lines)
    problems = [*reading.problems, *duplicate_keys(reading.records), *_of_the_whole(reading)]
    return PromptDocument(text, format, reading.records, sorted(problems, key=lambda found: found.span), lines)


def from_strings(prompts: Sequence[str]) -> PromptDocument:
    """The document of prompts that come as a list: a JSON array of strings, one on a line."""
    return parse(json.dumps(list(prompts), indent=0), PromptFormat.JSON)


def _read(text: str, format: PromptFormat, lines: LineIndex) -> Reading:  # noqa: A002 see above
    start = len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0
    if format is PromptFormat.JSON:
        return read_json_array(text, start)
    read = read_json_lines if format is PromptFormat.JSONL else read_text_lines
    return read(text, (Span(max(line.start, start), line.end) for line in lines.spans()))


def _of_the_whole(reading: Reading) -> Iterator[Problem]:
    """What no single record shows."""
    if reading.text.startswith(BYTE_ORDER_MARK):
        mark = Span(0, len(BYTE_ORDER_MARK))
        fix = Fix("Remove the byte order mark", (Edit(mark, ""),))
        message = "The file starts with a byte order mark. It is no part of any prompt; remove it."
        yield problem(Code.BYTE_ORDER_MARK, message, mark, fix)
    if not reading.count and not any(found.severity is Severity.ERROR for found in reading.problems):
        yield problem(Code.EMPTY_FILE, "There is no prompt in this file. Write one.", Span(0, len(reading.text)))
    strings = {_is_string(record) for record in reading.records}
    if len(strings) == 2:
        odd = next(found for found in reading.records if _is_string(found) != _is_string(reading.records[0]))
        yield problem(Code.MIXED_ARRAY, "From here on, prompts are strings as well as objects.", odd.span)


def _is_string(record: Record) -> bool:
    return record.span == record.prompt_span
