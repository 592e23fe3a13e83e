"""Tables on a terminal and in a pipe."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

from rich.cells import cell_len

from padwan_server.cli.terminal import harmless, say

_GAP = "  "


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """One line for each row, or on a terminal that is too narrow for that one for each cell: none is ever cut.

    rich's own tables would double what a list takes to start.
    """
    cells = [[harmless(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(titles, *cells, strict=True)]
    if sys.stdout.isatty() and sum(widths) + len(_GAP) * (len(widths) - 1) > shutil.get_terminal_size().columns:
        label = max(map(len, titles)) + 1
        for row in cells:
            say("\n".join(f"{title + ':':<{label}} {cell}" for title, cell in zip(titles, row, strict=True)) + "\n")
        return
    for line in (titles, *cells):
        say(_GAP.join(cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)).rstrip())
