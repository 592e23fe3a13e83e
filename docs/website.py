"""Builds the site of the documents into build/site, strictly: a link, a picture or a page that leads nowhere fails."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

DOCS = Path(__file__).parent
BUILD = DOCS.parent / "build"
SITE = BUILD / "site"
_LOADED = ("script", "img", "link", "iframe", "source")
"""Elements whose address the browser fetches unasked."""
_MARKUP = re.compile(r"(?m)^(\||[-*] |\d+\. |#+ |```)")
"""What a paragraph holds where a list or a table has no blank line above it: other readers of Markdown need none."""


class _Page(HTMLParser):
    """The addresses that a page names, and the places in it that can be named."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = set()
        self.unread: list[str] = []
        self._paragraph: str | None = None
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "p":
            self._paragraph = ""
        self.places.update(filter(None, (named.get("id"), named.get("name"))))
        address = named.get("href") or named.get("src")
        if address:
            self.links.append(address)
            if tag in _LOADED:
                self.loaded.append(address)

    def handle_data(self, data: str) -> None:
        if self._paragraph is not None:
            self._paragraph += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "p" and self._paragraph is not None:
            if _MARKUP.search(self._paragraph):
                self.unread.append(self._paragraph.strip()[:60])
            self._paragraph = None


def build() -> int:
    """Build the site; the exit code of the builder, which tells what is wrong."""
    # The builder wants everything in one folder, and publishes all that lies in the documents' own.
    source = BUILD / "docs"
    for folder in (source, SITE):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, source, ignore=shutil.ignore_patterns("*.py", "*.toml", "__pycache__"))
    shutil.copy(DOCS / "zensical.toml", BUILD)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(BUILD / "zensical.toml")]
    return subprocess.run(command, check=False).returncode  # noqa: S603 our own


def broken(site: Path) -> Iterator[str]:
    """What the builder lets pass: dead links of the built pages, pages without a way to them, things from elsewhere."""
    pages = {path.resolve(): _Page(path) for path in sorted(site.rglob("*.html")) if path.name != "404.html"}
    reached = {(site / "index.html").resolve()}
    for path, page in pages.items():
        name = path.relative_to(site.resolve())
        yield from (f"{name}: loads {address}" for address in page.loaded if urlsplit(address).netloc)
        yield from (f"{name}: markup that was not read as such: {text!r}" for text in page.unread)
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            reached.add(target)
            if not target.exists():
                yield f"{name}: {link} is not there"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
                yield f"{name}: {link} has no such place"
    yield from (f"{path.relative_to(site.resolve())}: no page leads there" for path in pages if path not in reached)


def main() -> int:
    """Build and check; 1 if anything is wrong."""
    if code := build():
        return code
    wrong = list(broken(SITE))
    for line in wrong:
        print(line, file=sys.stderr)  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
