"""Rows as text, a piece at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice

from padwan_server.exports.format import ExportFormat
from padwan_server.exports.row import FIELDS, Row

_ROWS_AT_ONCE = 500
"""Rows that become bytes together."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that is run as a formula, the wide forms too."""


def encode(
    rows: Iterable[Row],
    format: ExportFormat,  # noqa: A002 the field's own word
    *,
    guard_formulas: bool = False,
) -> Iterator[bytes]:
    """The file's content, a piece for some rows. Half surrogate pairs, which no file can hold, become ``?``."""
    match format:
        case ExportFormat.JSON:
            texts = _json(rows)
        case ExportFormat.CSV:
            texts = _csv(map(_guarded, rows) if guard_formulas else rows)
        case ExportFormat.TXT:
            texts = _txt(rows)
        case ExportFormat.JSONL:
            return (row.raw + b"\n" for row in rows)
    return (text.encode("utf-8", "replace") for text in _joined(texts))


def _joined(texts: Iterator[str]) -> Iterator[str]:
    while some := list(islice(texts, _ROWS_AT_ONCE)):
        yield "".join(some)


def _json(rows: Iterable[Row]) -> Iterator[str]:
    """As ``json.dump(…, indent=2)`` lays out an array of objects."""
    before = "[\n"
    for key, content, input_tokens, output_tokens, total_tokens, error, finish_reason, _ in rows:
        yield (
            f'{before}  {{\n    "key": {_string(key)},\n    "content": {_string(content)},\n'
            f'    "input_tokens": {_or(input_tokens, "null")},\n    "output_tokens": {_or(output_tokens, "null")},\n'
            f'    "total_tokens": {_or(total_tokens, "null")},\n    "error": {_string(error)},\n'
            f'    "finish_reason": {_string(finish_reason)}\n  }}'
        )
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


_string = json.JSONEncoder(ensure_ascii=False).encode


def _or(value: int | None, absent: str) -> int | str:
    return absent if value is None else value


def _csv(rows: Iterable[Row]) -> Iterator[str]:
    """As Python's csv module writes it (RFC 4180, lines end with CR LF); the module takes twice the time."""
    yield ",".join(FIELDS) + "\r\n"
    for key, content, input_tokens, output_tokens, total_tokens, error, finish_reason, _ in rows:
        yield (
            f"{_cell(key)},{_cell(content)},{_or(input_tokens, '')},{_or(output_tokens, '')},{_or(total_tokens, '')},"
            f"{_cell(error)},{_cell(finish_reason)}\r\n"
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


def _txt(rows: Iterable[Row]) -> Iterator[str]:
    before = ""
    for row in rows:
        failure = f"error: {row.error}" if row.error else ""
        body = "\n".join(part for part in (row.content, failure) if part)
        yield f"{before}[{row.key}]\n{body}\n"
        before = "\n"
