"""The documents as a reader has them: pages, and the fenced blocks in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Block:
    """One fenced block; ``title`` is the name of the file that it shows, if it does."""

    page: str
    line: int
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """Every page for people, as paths from the root of the repository."""
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    editors = (path for path in (ROOT / "editors").rglob("*.md") if "node_modules" not in path.parts)
    return sorted(path.relative_to(ROOT).as_posix() for path in [*found, *editors])


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return list(_blocks(page, (ROOT / page).read_text(encoding="utf-8").splitlines()))


def _blocks(page: str, lines: list[str]) -> Iterator[Block]:
    opened: re.Match[str] | None = None
    start = 0
    for number, line in enumerate(lines):
        if opened is None:
            opened, start = re.match(r"(\s*)(```+|~~~+)\s*(\S*)(.*)$", line), number
        elif line.strip() == opened[2]:
            title = re.search(r'title="([^"]*)"', opened[4])
            text = "".join(f"{inner.removeprefix(opened[1])}\n" for inner in lines[start + 1 : number])
            yield Block(page, start + 1, opened[3], title[1] if title else "", text)
            opened = None
    assert opened is None, f"{page}:{start + 1}: the block has no end"
