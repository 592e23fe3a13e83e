"""An export is written whole or not at all, and never over another file unasked."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from padwan_server.errors import PadwanError
from padwan_server.exports.format import export_format
from padwan_server.exports.writer import write

PIECES = [b"one\n", b"two\n"]


def refused(target: Path, *, overwrite: bool = False) -> str:
    with pytest.raises(PadwanError) as caught:
        write(PIECES, target, overwrite=overwrite)
    return caught.value.code


def test_all_pieces_are_written_and_nothing_is_left_beside_them(tmp_path: Path) -> None:
    write(PIECES, tmp_path / "x.txt")
    assert (tmp_path / "x.txt").read_bytes() == b"one\ntwo\n"
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_an_existing_file_is_left_as_it_is_unless_overwriting_was_asked(tmp_path: Path) -> None:
    target = tmp_path / "x.json"
    target.write_text("mine")
    assert refused(target) == "output-exists"
    assert target.read_text() == "mine"
    write(PIECES, target, overwrite=True)
    assert target.read_text().startswith("one")


def test_a_file_that_appears_meanwhile_is_not_lost(tmp_path: Path) -> None:
    target = tmp_path / "x.json"

    def pieces() -> Iterator[bytes]:
        yield PIECES[0]
        target.write_text("somebody else's")

    with pytest.raises(PadwanError) as caught:
        write(pieces(), target)
    assert caught.value.code == "output-exists"
    assert target.read_text() == "somebody else's"
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_pieces_that_break_off_leave_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "x.json"
    target.write_text("mine")

    def pieces() -> Iterator[bytes]:
        yield PIECES[0]
        raise LookupError

    with pytest.raises(LookupError):
        write(pieces(), target, overwrite=True)
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
from padwan_server.exports.writer import write
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
pieces = (b"x" * 1000 for _ in range(10_000))
try:
    write(pieces, Path(sys.argv[1]), overwrite=True)
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


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="this system takes no advice on files")
def test_a_file_system_that_takes_no_advice_keeps_nobody_from_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "posix_fadvise", refuse)
    large = b"x" * (20 << 20)
    write([large, large], tmp_path / "x.csv")
    assert (tmp_path / "x.csv").stat().st_size == 2 * len(large)


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
