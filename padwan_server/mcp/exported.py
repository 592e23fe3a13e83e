"""The files that exports wrote: a link in the tool's answer, and what a client gets that follows it."""

from __future__ import annotations

import stat
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import mcp_types as types

from padwan_server.mcp.untrusted import Fence, clean
from padwan_server.operations.context import Workspace
from padwan_server.operations.export import ExportResult

SCHEME = "file://"

_LONGEST = 16_000
"""Characters of a file that are told; it may have gigabytes."""

_MOST_BYTES = 4
"""Of a character in UTF-8."""

_KINDS = {"json": "application/json", "csv": "text/csv", "txt": "text/plain", "jsonl": "application/jsonl"}


def link(result: ExportResult, workspace: Workspace) -> types.ResourceLink:
    """A link to the file that an export wrote."""
    path = workspace.output_path(result.output)
    return types.ResourceLink(
        type="resource_link",
        uri=path.as_uri(),
        name=result.output,
        mime_type=_KINDS[result.format],
        # Somebody may have moved it since, which makes the export no failure.
        size=path.stat().st_size if path.exists() else None,
    )


def path_in(uri: str) -> str | None:
    """The path of a local file that ``uri`` names, None if it names none."""
    try:
        split = urlsplit(uri)
    except ValueError:
        return None
    if split.netloc or split.query or split.fragment or "%00" in split.path:
        return None
    return url2pathname(split.path)


def beginning(path: Path) -> str:
    """The first characters of a file, in a fence: models wrote what stands in it. Blocks; raises OSError."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise FileNotFoundError(path)
    with path.open("rb") as file:
        text = file.read(_LONGEST * _MOST_BYTES).decode("utf-8", "replace")[:_LONGEST]
    left = found.st_size - len(text.encode())
    rest = f"\nThe file goes on for {left} more bytes." if left > 0 else ""
    return Fence().around_all(clean(text)) + rest
