"""What an export holds, compared with what Python's own modules write and read."""

from __future__ import annotations

import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from padwan_server.exports.encoders import encode
from padwan_server.exports.format import ExportFormat
from padwan_server.exports.row import FIELDS, Row

TOKENS = st.none() | st.integers(min_value=0)
TEXT = st.text(st.characters(codec="utf-8"))
ROWS = st.lists(st.builds(Row, TEXT, TEXT, TOKENS, TOKENS, TOKENS, TEXT, TEXT))


def encoded(rows: list[Row], format: ExportFormat, **options: bool) -> str:  # noqa: A002 the field's own word
    batches = (rows[first : first + 3] for first in range(0, len(rows), 3))
    return b"".join(encode(batches, format, **options)).decode("utf-8")


@given(ROWS)
def test_csv_is_what_pythons_module_writes(rows: list[Row]) -> None:
    expected = io.StringIO(newline="")
    writer = csv.writer(expected)
    writer.writerow(FIELDS)
    writer.writerows(map(astuple, rows))
    assert encoded(rows, ExportFormat.CSV) == expected.getvalue()


@given(ROWS)
def test_csv_is_read_back_as_it_was(rows: list[Row]) -> None:
    read = list(csv.DictReader(io.StringIO(encoded(rows, ExportFormat.CSV), newline="")))
    assert [[row[name] for name in FIELDS] for row in read] == [
        ["" if value is None else str(value) for value in astuple(row)] for row in rows
    ]


@given(ROWS)
def test_a_guarded_csv_has_no_formulas_and_all_else_as_it_was(rows: list[Row]) -> None:
    guarded = encoded(rows, ExportFormat.CSV, guard_formulas=True)
    read = list(csv.DictReader(io.StringIO(guarded, newline="")))
    for row, cells in zip(rows, read, strict=True):
        for name in ("key", "content", "error", "finish_reason"):
            text, cell = getattr(row, name), cells[name]
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert cell in (text, f"'{text}")
            assert cell == text or text[0] in "=+-@\t\r\n＝＋－＠"


def test_only_csv_is_guarded() -> None:
    row = Row("-a", "=1", None, None, None, "", "")
    for format in (ExportFormat.JSON, ExportFormat.TXT):  # noqa: A001
        assert encoded([row], format, guard_formulas=True) == encoded([row], format)


@given(ROWS)
def test_json_is_an_array_of_objects_with_the_fields_in_order(rows: list[Row]) -> None:
    text = encoded(rows, ExportFormat.JSON)
    expected = [dict(zip(FIELDS, astuple(row), strict=True)) for row in rows]
    assert text == json.dumps(expected, indent=2, ensure_ascii=False) + "\n"


def test_no_row_at_all_is_an_empty_array_or_a_header_alone() -> None:
    assert encoded([], ExportFormat.JSON) == "[]\n"
    assert encoded([], ExportFormat.CSV) == ",".join(FIELDS) + "\r\n"
    assert encoded([], ExportFormat.TXT) == ""


def test_txt_shows_every_failure_under_its_key() -> None:
    rows = [
        Row("a", "good\nanswer", 1, 2, 3, "", "STOP"),
        Row("b", "", None, None, None, "Deadline exceeded.", ""),
        Row("c", "cut off", 1, 2, 3, "too long", "MAX_TOKENS"),
    ]
    assert encoded(rows, ExportFormat.TXT) == (
        "[a]\ngood\nanswer\n\n[b]\nerror: Deadline exceeded.\n\n[c]\ncut off\nerror: too long\n"
    )


def test_half_a_surrogate_pair_spoils_no_file() -> None:
    row = Row("a", "x\ud800y", None, None, None, "", "")
    for format in (ExportFormat.JSON, ExportFormat.CSV, ExportFormat.TXT):  # noqa: A001
        assert "x?y" in encoded([row], format)
