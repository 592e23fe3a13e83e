"""An export is written whole or not at all, and never over another file unasked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from padwan_server.errors import PadwanError
from padwan_server.exports.format import ExportFormat, export_format
from padwan_server.exports.row import Row
from padwan_server.exports.writer import export

ROWS = [Row("a", "one", 1, 2, 3, "", "STOP", b"{}"), Row("b", "two", 1, 2, 3, "", "STOP", b"{}")]


def refused(target: Path, *, overwrite: bool = False) -> str:
    with pytest.raises(PadwanError) as caught:
        export(ROWS, target, ExportFormat.JSON, overwrite=overwrite)
    return caught.value.code


def test_all_rows_are_written_and_counted(tmp_path: Path) -> None:
    assert export(ROWS, tmp_path / "x.json", ExportFormat.JSON) == 2
    assert [row["key"] for row in json.loads((tmp_path / "x.json").read_text())] == ["a", "b"]
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_no_row_at_all_is_an_empty_array(tmp_path: Path) -> None:
    assert export([], tmp_path / "x.json", ExportFormat.JSON) == 0
    assert json.loads((tmp_path / "x.json").read_text()) == []


def test_an_existing_file_is_left_as_it_is_unless_overwriting_was_asked(tmp_path: Path) -> None:
    target = tmp_path / "x.json"
    target.write_text("mine")
    assert refused(target) == "output-exists"
    assert target.read_text() == "mine"
    export(ROWS, target, ExportFormat.JSON, overwrite=True)
    assert target.read_text().startswith("[")


def test_a_file_that_appears_meanwhile_is_not_lost(tmp_path: Path) -> None:
    target = tmp_path / "x.json"

    def rows() -> Iterator[Row]:
        yield ROWS[0]
        target.write_text("somebody else's")

    with pytest.raises(PadwanError) as caught:
        export(rows(), target, ExportFormat.JSON)
    assert caught.value.code == "output-exists"
    assert target.read_text() == "somebody else's"
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_rows_that_break_off_leave_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "x.json"
    target.write_text("mine")

    def rows() -> Iterator[Row]:
        yield ROWS[0]
        raise LookupError

    with pytest.raises(LookupError):
        export(rows(), target, ExportFormat.JSON, overwrite=True)
    assert target.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_links_and_folders_are_never_written_through(tmp_path: Path, overwrite: bool) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "link.json").symlink_to(precious)
    (tmp_path / "folder").mkdir()
    assert refused(tmp_path / "link.json", overwrite=overwrite) == "output-not-writable"
    assert refused(tmp_path / "folder", overwrite=overwrite) == "output-is-folder"
    assert refused(tmp_path / "absent" / "x.json", overwrite=overwrite) == "output-folder-missing"
    assert precious.read_text() == "mine"


FULL_DISK = """
import resource, sys
from pathlib import Path
from padwan_server.errors import PadwanError
from padwan_server.exports.format import ExportFormat
from padwan_server.exports.row import Row
from padwan_server.exports.writer import export
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
rows = (Row(str(n), "x" * 1000, 1, 1, 1, "", "", b"") for n in range(10_000))
try:
    export(rows, Path(sys.argv[1]), ExportFormat.CSV, overwrite=True)
except PadwanError as error:
    print(error.code)
"""


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_text("mine")
    ended = subprocess.run([sys.executable, "-c", FULL_DISK, str(target)], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "disk-full"
    assert target.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize(
    ("output", "given", "expected"),
    [
        ("x.csv", "", "csv"),
        ("x.CSV", "", "csv"),
        ("x.txt", "json", "json"),
        ("x.jsonl", "", "jsonl"),
        ("x", "", "json"),
        ("x.md", "", "json"),
    ],
)
def test_the_format_is_the_one_given_or_the_extensions(output: str, given: str, expected: str) -> None:
    assert export_format(output, given) == expected


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(PadwanError) as caught:
        export_format("x.json", "yaml")
    assert caught.value.code == "unknown-format"
    assert "csv" in caught.value.hint
