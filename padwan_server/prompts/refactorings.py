"""Edits of a whole prompt file that a person asks for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from padwan_server.prompts.document import PromptDocument
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.problem import Edit, Problem
from padwan_server.prompts.record import Record
from padwan_server.prompts.rules import ALL, ERRORS, Code
from padwan_server.prompts.span import Span


class Refactoring(NamedTuple):
    """A kind of edit: ``edits`` finds none where it does not apply, which ``may_apply`` mostly tells at once."""

    name: str
    title: str
    edits: Callable[[PromptDocument], list[Edit]]
    may_apply: Callable[[PromptDocument], bool]


def add_keys(document: PromptDocument) -> list[Edit]:
    """Write the key of each prompt that has none: the one that it has by its position."""
    if not _readable(document):
        return []
    return [edit for record in document.records if record.generated for edit in _with_key(document, record)]


def _with_key(document: PromptDocument, record: Record) -> Iterator[Edit]:
    start, end = record.span
    if record.is_string:
        yield Edit(Span(start, start), f'{{"key": "{record.key}", "prompt": ')
        yield Edit(Span(end, end), "}")
    elif record.key_span is None and document.between(Span(start, start + 1)) == "{":
        yield Edit(Span(start + 1, start + 1), f'"key": "{record.key}", ')


def to_objects(document: PromptDocument) -> list[Edit]:
    """Write each string as an object with a prompt."""
    if not _readable(document):
        return []
    return [
        edit
        for record in document.records
        if record.is_string
        for edit in (
            Edit(Span(record.span.start, record.span.start), '{"prompt": '),
            Edit(Span(record.span.end, record.span.end), "}"),
        )
    ]


def to_strings(document: PromptDocument) -> list[Edit]:
    """Write each object as a string; only where all of them hold a prompt and nothing else."""
    if not _readable(document):
        return []
    objects = [record for record in document.records if not record.is_string]
    if any(json.loads(document.between(record.span)).keys() != {"prompt"} for record in objects):
        return []
    return [Edit(record.span, document.between(record.prompt_span)) for record in objects]


def remove_blanks(document: PromptDocument) -> list[Edit]:
    """Remove the prompts that are blank, and blank lines."""
    if not _readable(document):
        return []
    counts = document.counts()
    lines = fixes(document.find(counts[Code.BLANK_LINE], {Code.BLANK_LINE}))
    entries = list(_without(document, lambda record: not record.text.strip() and record.request is None))
    return _apart([*entries, *lines])


def _readable(document: PromptDocument) -> bool:
    """Whether every entry of a JSON file is what it looks like: else an edit of all would guess."""
    counts = document.counts()
    return document.format is not PromptFormat.TEXT and not any(counts[code] for code in _UNREADABLE)


_UNREADABLE = ERRORS - {
    Code.BLANK_PROMPT,
    Code.DUPLICATE_KEY,
    Code.LONE_SURROGATE,
    Code.EMPTY_FILE,
    Code.NOT_UTF8,
}


def _apart(edits: list[Edit]) -> list[Edit]:
    """Those that do not lie within one before them."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.span.start, -edit.span.end)):
        if not kept or edit.span.start >= kept[-1].span.end:
            kept.append(edit)
    return kept


def _without(document: PromptDocument, unwanted: Callable[[Record], bool]) -> Iterator[Edit]:
    """Remove entries with what stands between them and the next, or the one before for the last ones."""
    before: Record | None = None
    run: list[Record] = []
    for record in document.records:
        if unwanted(record):
            run.append(record)
            continue
        if run:
            yield Edit(Span(run[0].span.start, record.span.start), "")
            run = []
        before = record
    if run:
        yield Edit(Span(before.span.end if before else run[0].span.start, run[-1].span.end), "")


# Fixes of what people should decide on one by one: they change what is sent.
_DECISIONS = {Code.CONTROL_CHARACTER, Code.LONE_SURROGATE, Code.RETIRED_MODEL}


def mendable(document: PromptDocument) -> list[Problem]:
    """The problems that can be mended without a decision."""
    return [found for found in document.find(document.counts().total(), ALL - _DECISIONS) if found.fix]


def fixes(problems: list[Problem]) -> list[Edit]:
    """The edits of all fixes that do not get into each other's way."""
    edits: list[Edit] = []
    end = 0
    for found in problems:
        fix = sorted(found.fix.edits, key=lambda edit: edit.span) if found.fix else []
        if fix and fix[0].span.start >= end:
            edits += fix
            end = max(fix[-1].span.end, fix[-1].span.start + 1)
    return edits


def _has_blanks(document: PromptDocument) -> bool:
    counts = document.counts()
    return bool(counts[Code.BLANK_PROMPT] or counts[Code.BLANK_LINE])


REFACTORINGS = (
    Refactoring(
        "add-keys",
        "Add a key to each prompt without one",
        add_keys,
        lambda document: _readable(document) and document.keyed < document.prompts,
    ),
    Refactoring(
        "to-objects",
        "Write all prompts as objects",
        to_objects,
        lambda document: _readable(document) and bool(document.strings),
    ),
    Refactoring(
        "to-strings",
        "Write all prompts as strings",
        to_strings,
        lambda document: _readable(document) and not document.keyed and document.strings < document.prompts,
    ),
    Refactoring(
        "remove-blanks",
        "Remove all blank prompts",
        remove_blanks,
        lambda document: _readable(document) and _has_blanks(document),
    ),
)
