"""Rows as text, a piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from padwan_server.exports.format import ExportFormat
from padwan_server.exports.row import FIELDS, Row

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that is run as a formula, the wide forms too."""


class _Layout(NamedTuple):
    """How a format puts rows together."""

    rows: Callable[[list[Row]], bytes]
    head: bytes = b""
    between: bytes = b""
    tail: bytes = b""
    empty: bytes = b""
    """The whole file when there are no rows."""


def encode(
    batches: Iterable[list[Row]],
    format: ExportFormat,  # noqa: A002 the field's own word
    *,
    guard_formulas: bool = False,
) -> Iterator[bytes]:
    """The content of a json, csv or txt file, a piece for each batch of rows; no batch is empty.

    Half surrogate pairs, which no file can hold, become ``?``.
    """
    layout = _LAYOUTS[format]
    guards = guard_formulas and format is ExportFormat.CSV
    before = layout.head
    for rows in batches:
        yield before + layout.rows([_with_texts(row, _no_formula) for row in rows] if guards else rows)
        before = layout.between
    yield layout.empty if before == layout.head and layout.empty else layout.tail


def _json_rows(rows: list[Row]) -> bytes:
    """As ``json.dump(…, indent=2)`` lays out the objects of an array."""
    try:
        array = msgspec.json.encode(rows)
    except UnicodeEncodeError:
        array = msgspec.json.encode([_with_texts(row, _whole_pairs) for row in rows])
    return msgspec.json.format(array, indent=2).removeprefix(b"[\n").removesuffix(b"\n]")


def _csv_rows(rows: list[Row]) -> bytes:
    """As Python's csv module writes them (RFC 4180, lines end with CR LF); the module takes twice the time."""
    keys = _cells([row.key for row in rows])
    errors = _cells([row.error for row in rows])
    reasons = _cells([row.finish_reason for row in rows])
    return _bytes("".join(map(_csv_row, keys, rows, errors, reasons)))


def _csv_row(key: str, row: Row, error: str, finish_reason: str) -> str:
    sent, answered, both = row.input_tokens, row.output_tokens, row.total_tokens
    return (
        f"{key},{_cell(row.content)},"
        f"{'' if sent is None else sent},{'' if answered is None else answered},{'' if both is None else both},"
        f"{error},{finish_reason}\r\n"
    )


def _cells(texts: list[str]) -> list[str]:
    """Short texts, of which one look at all of them tells that they need no quotes."""
    together = "".join(texts)
    return texts if _cell(together) is together else list(map(_cell, texts))


def _cell(text: str) -> str:
    if '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return f'"{text}"' if "," in text or "\n" in text or "\r" in text else text


def _with_texts(row: Row, change: Callable[[str], str]) -> Row:
    """A row with other texts."""
    return msgspec.structs.replace(
        row,
        key=change(row.key),
        content=change(row.content),
        error=change(row.error),
        finish_reason=change(row.finish_reason),
    )


def _no_formula(text: str) -> str:
    """A text that no spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _whole_pairs(text: str) -> str:
    return _bytes(text).decode()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _txt_rows(rows: list[Row]) -> bytes:
    return _bytes("\n".join(map(_txt_row, rows)))


def _txt_row(row: Row) -> str:
    failure = f"error: {row.error}" if row.error else ""
    body = f"{row.content}\n{failure}" if row.content and failure else row.content or failure
    return f"[{row.key}]\n{body}\n"


_HEADER = ",".join(FIELDS).encode() + b"\r\n"
_LAYOUTS = {
    ExportFormat.JSON: _Layout(_json_rows, head=b"[\n", between=b",\n", tail=b"\n]\n", empty=b"[]\n"),
    ExportFormat.CSV: _Layout(_csv_rows, head=_HEADER, empty=_HEADER),
    ExportFormat.TXT: _Layout(_txt_rows, between=b"\n"),
}
