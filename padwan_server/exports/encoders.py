"""Rows as text, a piece at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from padwan_server.exports.format import ExportFormat
from padwan_server.exports.row import FIELDS, Row

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that is run as a formula, the wide forms too."""


def encode(
    rows: Iterable[Row],
    format: ExportFormat,  # noqa: A002 the field's own word
    *,
    guard_formulas: bool = False,
) -> Iterator[bytes]:
    """The file's content, one piece for each row. Half surrogate pairs, which no file can hold, become ``?``."""
    match format:
        case ExportFormat.JSON:
            pieces = _json(rows)
        case ExportFormat.CSV:
            pieces = _csv(map(_guarded, rows) if guard_formulas else rows)
        case ExportFormat.TXT:
            pieces = _txt(rows)
        case ExportFormat.JSONL:
            return (row.raw + b"\n" for row in rows)
    return (piece.encode("utf-8", "replace") for piece in pieces)


def _json(rows: Iterable[Row]) -> Iterator[str]:
    """As ``json.dump(…, indent=2)`` lays out an array of objects."""
    before = "[\n"
    for row in rows:
        members = zip(FIELDS, row, strict=False)
        body = ",\n".join(f'    "{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in members)
        yield f"{before}  {{\n{body}\n  }}"
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _csv(rows: Iterable[Row]) -> Iterator[str]:
    """As Python's csv module writes it (RFC 4180, lines end with CR LF); the module takes twice the time."""
    yield ",".join(FIELDS) + "\r\n"
    for row in rows:
        yield ",".join(map(_cell, row[: len(FIELDS)])) + "\r\n"


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


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
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
