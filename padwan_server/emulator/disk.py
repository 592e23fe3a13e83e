"""Records on disk that a process which is killed leaves whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeVar

import msgspec

Record = TypeVar("Record")


def write_record(path: Path, record: Any) -> None:
    """Write a record in place of the one before, or not at all."""
    new = path.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(record))
    os.replace(new, path)  # noqa: PTH105 the same, and said to be atomic on every platform


def read_records(folder: Path, suffix: str, kind: type[Record]) -> list[Record]:
    """All records of a folder."""
    return [msgspec.json.decode(path.read_bytes(), type=kind) for path in folder.glob(f"*{suffix}")]
