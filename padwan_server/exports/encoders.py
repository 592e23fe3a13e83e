"""Rows as text, a piece at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from padwan_server.exports.format import ExportFormat
from padwan_server.exports.row import FIELDS, Row

_ROWS_AT_ONCE = 500
"""Rows that become bytes together."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that is run as a formula, the wide forms too."""


class _Layout(NamedTuple):
    """How a format puts rows together."""

    row: Callable[[Row], str]
    head: str = ""
    between: str = ""
    tail: str = ""
    empty: str = ""
    """The whole file when there are no rows."""


def encode(
    rows: Iterable[Row],
    format: ExportFormat,  # noqa: A002 the field's own word
    *,
    guard_formulas: bool = False,
) -> Iterator[bytes]:
    """The file's content, a piece for some rows. Half surrogate pairs, which no file can hold, become ``?``."""
    rows = iter(rows)
    if format is ExportFormat.JSONL:
        return (row.raw + b"\n" for row in rows)
    guards = guard_formulas and format is ExportFormat.CSV
    texts = _texts(map(_guarded, rows) if guards else rows, _LAYOUTS[format])
    return (text.encode("utf-8", "replace") for text in texts)


def _texts(rows: Iterator[Row], layout: _Layout) -> Iterator[str]:
    before = layout.head
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        yield before + layout.between.join(map(layout.row, some))
        before = layout.between
    yield layout.empty if before == layout.head and layout.empty else layout.tail


def _json_row(row: Row) -> str:
    """As ``json.dump(…, indent=2)`` lays out the objects of an array."""
    key, content, input_tokens, output_tokens, total_tokens, error, finish_reason, _ = row
    return (
        f'  {{\n    "key": {_string(key)},\n    "content": {_string(content)},\n'
        f'    "input_tokens": {_or(input_tokens, "null")},\n    "output_tokens": {_or(output_tokens, "null")},\n'
        f'    "total_tokens": {_or(total_tokens, "null")},\n    "error": {_string(error)},\n'
        f'    "finish_reason": {_string(finish_reason)}\n  }}'
    )


_string = json.JSONEncoder(ensure_ascii=False).encode


def _or(value: int | None, absent: str) -> int | str:
    return absent if value is None else value


def _csv_row(row: Row) -> str:
    """As Python's csv module writes it (RFC 4180, lines end with CR LF); the module takes twice the time."""
    key, content, input_tokens, output_tokens, total_tokens, error, finish_reason, _ = row
    return (
        f"{_cell(key)},{_cell(content)},{_or(input_tokens, '')},{_or(output_tokens, '')},{_or(total_tokens, '')},"
        f"{_cell(error) if error else ''},{finish_reason if finish_reason.isalpha() else _cell(finish_reason)}\r\n"
    )


def _guarded(row: Row) -> Row:
    """A row whose texts no spreadsheet takes for formulas (https://owasp.org/www-community/attacks/CSV_Injection)."""
    return row._replace(
        key=_no_formula(row.key),
        content=_no_formula(row.content),
        error=_no_formula(row.error),
        finish_reason=_no_formula(row.finish_reason),
    )


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cell(text: str) -> str:
    if '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return f'"{text}"' if "," in text or "\n" in text or "\r" in text else text


def _txt_row(row: Row) -> str:
    failure = f"error: {row.error}" if row.error else ""
    body = "\n".join(part for part in (row.content, failure) if part)
    return f"[{row.key}]\n{body}\n"


_HEADER = ",".join(FIELDS) + "\r\n"
_LAYOUTS = {
    ExportFormat.JSON: _Layout(_json_row, head="[\n", between=",\n", tail="\n]\n", empty="[]\n"),
    ExportFormat.CSV: _Layout(_csv_row, head=_HEADER, empty=_HEADER),
    ExportFormat.TXT: _Layout(_txt_row, between="\n"),
}
