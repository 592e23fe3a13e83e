"""What is wrong with a document that no single block of it shows."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from padwan_server.prompts.blocks import Blocks
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.json_array import bracket_problems
from padwan_server.prompts.problem import Edit, Fix, Problem
from padwan_server.prompts.record import Record
from padwan_server.prompts.rules import ERRORS, Code, problem
from padwan_server.prompts.source import BYTE_ORDER_MARK
from padwan_server.prompts.span import Span
from padwan_server.service import INLINE_LIMIT_BYTES, MAX_INPUT_FILE_BYTES, MAX_PROMPTS

_REQUEST_BYTES = 100
"""What a request has around its prompt on the wire, about."""


def problems_of_the_whole(blocks: Blocks, format: PromptFormat) -> list[Problem]:  # noqa: A002 the field's own word
    """Problems of the array's brackets, of the beginning, of size and number, and of what is mixed or missing."""
    found = list(bracket_problems(blocks, blocks.offsets)) if format is PromptFormat.JSON else []
    if blocks[0].text.startswith(BYTE_ORDER_MARK):
        found.append(_byte_order_mark())
    if not blocks.entry_count and not _has_errors(blocks, found):
        found.append(problem(Code.EMPTY_FILE, "There is no prompt in this file. Write one.", Span(0, blocks.size)))
    if odd := _first_of_another_kind(blocks):
        found.append(problem(Code.MIXED_ARRAY, "From here on, prompts are strings as well as objects.", odd.span))
    return [*found, *too_much(blocks.size_in_bytes, blocks.entry_count)]


def _byte_order_mark() -> Problem:
    mark = Span(0, len(BYTE_ORDER_MARK))
    fix = Fix("Remove the byte order mark", (Edit(mark, ""),))
    message = "The file starts with a byte order mark. It is no part of any prompt; remove it."
    return problem(Code.BYTE_ORDER_MARK, message, mark, fix)


def _has_errors(blocks: Blocks, found: list[Problem]) -> bool:
    return any(p.code in ERRORS for p in found) or any(blocks.codes[code] for code in ERRORS)


def _first_of_another_kind(blocks: Blocks) -> Record | None:
    if not blocks.strings or not blocks.objects:
        return None
    kind: bool | None = None
    for at, block in enumerate(blocks):
        if kind is not None and not (block.objects if kind else block.strings):
            continue
        for record in blocks.records(at):
            if kind is None:
                kind = record.is_string
            if record.is_string is not kind:
                return record
    return None


def too_much(size_in_bytes: int, entries: int) -> Iterator[Problem]:
    """What becomes of a file of this size that holds so many entries."""
    start = Span(0, min(1, size_in_bytes))
    size = size_in_bytes + _REQUEST_BYTES * entries
    jobs = max(ceil(size / MAX_INPUT_FILE_BYTES), ceil(entries / MAX_PROMPTS))
    if jobs > 1:
        message = (
            f"{entries:,} prompts, about {size / 1e6:,.0f} MB of requests, are more than one job takes: about {jobs} "
            "will be made of them and handled as one. Nothing to do."
        )
        yield problem(Code.SEVERAL_JOBS, message, start)
    elif size > INLINE_LIMIT_BYTES:
        message = f"About {size / 1e6:.0f} MB of requests: they will be uploaded as an input file. Nothing to do."
        yield problem(Code.LARGE_FILE, message, start)
