"""The formats of an export and how one is chosen."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePath

from padwan_server.errors import PadwanError


class ExportFormat(StrEnum):
    """What an export can be."""

    JSON = "json"
    CSV = "csv"
    TXT = "txt"
    JSONL = "jsonl"


def export_format(output: str, format: str = "") -> ExportFormat:  # noqa: A002 the field's own word
    """The format that was asked for, else that of the file's extension, else json.

    Raises PadwanError ``unknown-format``.
    """
    wanted = format or PurePath(output).suffix.lstrip(".")
    if wanted.lower() in set(ExportFormat):
        return ExportFormat(wanted.lower())
    if not format:
        return ExportFormat.JSON
    raise PadwanError(
        "unknown-format", f"There is no export format {format!r}.", f"The formats are {', '.join(ExportFormat)}."
    )
