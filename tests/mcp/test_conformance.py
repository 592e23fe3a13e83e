"""The ecosystem's own checkers: the conformance suite of both eras, and the Inspector.

The suites speak HTTP and send no token, so the server under test adds it to what they send.
docs/reference/assistants.md lists the scenarios that do not apply; together with those below they are all that the
suites have.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp.server import Server
from starlette.types import ASGIApp, Receive, Scope, Send

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.mcp import http
from padwan_server.mcp.server import build
from padwan_server.mcp.workspaces import OneWorkspace
from padwan_server.operations.settings import Settings
from padwan_server.session.session import Session
from tests.support.assistant import SERVER
from tests.support.javascript import JavaScript

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TOKEN = "known-to-the-test"
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "assistants.md"

SINCE_2025 = [
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "resources-subscribe",
    "resources-unsubscribe",
    "prompts-list",
    "completion-complete",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
]
SINCE_2026 = [
    *SINCE_2025,
    "server-session-lifecycle",
    "caching",
    "sep-2164-resource-not-found",
    "http-header-validation",
    "input-required-result-unsupported-methods",
]
IN_PART = {
    "server-stateless": {
        "sep-2575-server-rejects-undeclared-capability",
        "sep-2575-missing-capability-http-400",
        "sep-2575-http-server-no-independent-requests-on-stream",
        "sep-2575-server-no-log-without-loglevel",
    }
}
"""Scenarios of which some checks call tools of the suite's own."""


@asynccontextmanager
async def served(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A server that everybody on this machine may use; its address."""
    guarded = http.app

    def open_to_all(server: Server[None], token: str) -> ASGIApp:
        inner = guarded(server, token)

        async def add_token(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                scope["headers"] = [*scope["headers"], (b"authorization", f"Bearer {token}".encode())]
            await inner(scope, receive, send)

        return add_token

    monkeypatch.setattr(http, "app", open_to_all)
    session = Session(workspace, Settings())
    async with http.listening(build(OneWorkspace(session)), 0, TOKEN) as url:
        yield url
    await session.aclose()


async def suite(javascript: JavaScript, year: str, *arguments: str) -> tuple[int, str]:
    """Run the conformance suite; its exit code and what it said."""
    program = javascript.package(f"conformance-{year}") / "dist" / "index.js"
    process = await asyncio.create_subprocess_exec(
        *(javascript.node, str(program), *arguments),
        cwd=javascript.folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, re.sub(r"\x1b\[\d+m", "", said.decode())


@pytest.mark.parametrize(("year", "scenarios"), [("2025", SINCE_2025), ("2026", SINCE_2026)])
async def test_the_server_passes_what_applies(
    workspace: Path,
    service: Callable[..., RunningEmulator],
    javascript: JavaScript,
    monkeypatch: pytest.MonkeyPatch,
    year: str,
    scenarios: list[str],
) -> None:
    service()
    async with served(workspace, monkeypatch) as url:
        for scenario in scenarios:
            code, said = await suite(javascript, year, "server", "--url", url, "--scenario", scenario)
            passed = re.search(r"Passed: (\d+)/\1, 0 failed, 0 warnings", said)
            assert code == 0, said
            assert passed, said
            assert passed[1] != "0", said


async def test_it_passes_the_stateless_scenario_but_for_what_calls_the_suites_own_tools(
    workspace: Path, service: Callable[..., RunningEmulator], javascript: JavaScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    service()
    async with served(workspace, monkeypatch) as url:
        for scenario, expected in IN_PART.items():
            _, said = await suite(javascript, "2026", "server", "--url", url, "--scenario", scenario)
            assert set(re.findall(r"\[(\S+) *\] FAILURE", said)) == expected
            assert len(re.findall(r"\[\S+ *\] SUCCESS", said)) >= 24


@pytest.mark.parametrize("year", ["2025", "2026"])
async def test_every_scenario_applies_or_the_page_says_why_not(javascript: JavaScript, year: str) -> None:
    _, said = await suite(javascript, year, "list")
    listed = set(re.findall(r"^ +- (\S+)", said.partition("Client scenarios")[0], re.MULTILINE))
    assert len(listed) > 20
    table = PAGE.read_text(encoding="utf-8").partition("## What the conformance suite does not tell")[2]
    excused = {
        name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\S+?)`", row)
    }
    applying = set(SINCE_2025 if year == "2025" else [*SINCE_2026, *IN_PART])
    unexplained = {name for name in listed - applying if not any(re.fullmatch(_glob(e), name) for e in excused)}
    assert unexplained == set()
    assert not applying & {name for name in listed if any(re.fullmatch(_glob(e), name) for e in excused)}


def _glob(name: str) -> str:
    return re.escape(name).replace(r"\*", ".*")


INSPECTOR = ("@modelcontextprotocol/inspector", "clients/launcher/build/index.js")


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_finds_nothing_in_the_schemas(
    workspace: Path, environment: dict[str, str], javascript: JavaScript, era: str
) -> None:
    program = javascript.package(INSPECTOR[0]) / INSPECTOR[1]
    arguments = ["--cli", "--protocol-era", era, "--method", "tools/list", "--strict"]
    server = [sys.executable, *SERVER, "--root", str(workspace)]
    ended = javascript.run(program, *arguments, *server, environment=environment)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(json.loads(ended.stdout)["tools"]) == 9


def test_the_inspectors_load_is_borne(workspace: Path, environment: dict[str, str], javascript: JavaScript) -> None:
    program = javascript.package(INSPECTOR[0]) / INSPECTOR[1]
    load = ["--load", "--load-requests", "200", "--load-concurrency", "20"]
    call = ["--method", "tools/call", "--tool-name", "batch_validate", "--tool-args-json", '{"prompts": ["x"]}']
    server = [sys.executable, *SERVER, "--root", str(workspace)]
    ended = javascript.run(program, "--cli", *call, *load, *server, environment=environment)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert (told["requests"], told["ok"], told["errorMessages"]) == (200, 200, [])
