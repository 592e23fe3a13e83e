"""Documents hold what is true: derived pages are fresh, links lead somewhere. Examples: tests/test_examples.py."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from docs import website
from tests.support.neovim import binary
from tests.support.pages import ROOT, blocks, pages
from tests.support.shell import Shell

pytestmark = pytest.mark.slow


def test_derived_pages_are_fresh() -> None:
    pages = runpy.run_path(str(ROOT / "docs" / "derive.py"))["pages"]()
    assert len(pages) > 12
    assert [path.name for path, text in pages.items() if path.read_text(encoding="utf-8") != text] == []


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page: str) -> None:
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    assert [link for link in links if "://" not in link and not (ROOT / page).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize(
    ("html", "told"),
    [
        ('<a href="nowhere.html">', "index.html: nowhere.html is not there"),
        ('<img src="missing.png">', "index.html: missing.png is not there"),
        ('<a href="other.html#gone">', "index.html: other.html#gone has no such place"),
        ('<script src="https://example.org/x.js"></script>', "index.html: loads https://example.org/x.js"),
        ("<p>A table:\n| a | b |</p>", "index.html: markup that was not read as such: 'A table:\\n| a | b |'"),
        ("", "other.html: no page leads there"),
    ],
)
def test_the_site_is_refused_for_what_leads_nowhere(tmp_path: Path, html: str, told: str) -> None:
    (tmp_path / "other.html").write_text('<h1 id="top">Other</h1>')
    (tmp_path / "index.html").write_text(html + ('<a href="other.html#top">' if html else ""))
    assert list(website.broken(tmp_path)) == [told]


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "docs/zensical.toml").read_text(encoding="utf-8")
    named = set(re.findall(r'"([\w/-]+\.md)"', navigation))
    assert named == {page.removeprefix("docs/") for page in pages() if page.startswith("docs/")}


def test_what_the_architecture_names_is_there() -> None:
    named = re.findall(r"`((?:[\w.]+/)*[\w.]+\.(?:py|md)|tests/[\w/]+)`", (ROOT / "docs/architecture.md").read_text())
    assert len(named) > 10
    places = (ROOT, ROOT / "padwan_server")
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    reasons = (ROOT / "docs/architecture.md").read_text().partition("## Dependencies")[2]
    names = [re.split(r"[<>=]", dependency)[0] for dependency in project["dependencies"]]
    assert [name for name in names if not re.search(rf"^\| [^|]*\b{name}\b", reasons, re.MULTILINE)] == []


def test_the_options_that_the_pages_on_assistants_name_exist(workspace: Path) -> None:
    paths = ["docs/reference/assistants.md", "docs/how-to/assistants-over-http.md"]
    text = "".join((ROOT / path).read_text(encoding="utf-8") for path in paths)
    told = Shell(workspace)("mcp", "--help").stdout + Shell(workspace)("lsp", "--help").stdout
    named = set(re.findall(r'[`" ](--[a-z]+)', text)) - {"--transport", "--header"}
    assert named == set(re.findall(r"(--[a-z]+)", told)) - {"--help", "--tcp", "--stdio"}


@pytest.mark.parametrize("page", ["README.md", "docs/start/neovim.md"])
def test_the_lines_for_neovim_start_the_plugin(page: str, workspace: Path, environment: dict[str, str]) -> None:
    [lua] = [block.text for block in blocks(page) if block.title == "init.lua"]
    (workspace / "init.lua").write_text(lua.replace("/path/of/padwan-server", str(ROOT)))
    (workspace / "x.prompts.json").write_text('[""]')
    found = "vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end, 10)"
    told = f"lua io.stdout:write(tostring({found}), ' ', vim.fn.exists(':Padwan'), ' ', vim.fn.isdirectory('.padwan'))"
    path = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    command = [binary(), "--headless", "-i", "NONE", "-u", "init.lua", "x.prompts.json", "-c", told, "-c", "qa!"]
    ran = subprocess.run(command, cwd=workspace, env={**environment, "PATH": path}, capture_output=True, check=True)
    assert ran.stdout.decode() == "true 2 0", ran.stderr.decode()


def test_the_emulators_options_are_those_of_the_page(workspace: Path) -> None:
    told = Shell(workspace)("emulator", "--help").stdout
    page = (ROOT / "docs/reference/emulator.md").read_text()
    options = set(re.findall(r"--[a-z-]+", told)) - {"--help", "--lease", "--linger"}
    assert options == set(re.findall(r"`(--[a-z-]+)`", page.partition("## Scenarios")[0]))
