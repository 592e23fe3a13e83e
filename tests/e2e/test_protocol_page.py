"""The transcripts of docs/reference/protocol.md and docs/reference/assistants.md, replayed message by message."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

from tests.support.json_rpc import connect
from tests.support.service import workspace_scenario

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
MORE = "…"


def transcript(page: str) -> list[tuple[str, Any]]:
    """The page's messages, each with its direction."""
    blocks = re.findall(r"```transcript\n(.*?)```", (REFERENCE / page).read_text(encoding="utf-8"), re.DOTALL)
    return [(line[:3], json.loads(line[4:])) for block in blocks for line in block.splitlines()]


def matches(expected: Any, actual: Any, names: dict[str, str]) -> bool:
    """Whether a message is as the page has it; what the page names is noted at first sight."""
    if expected == "<any>":
        return True
    if isinstance(expected, str) and re.fullmatch(r"<\w+>", expected):
        return bool(names.setdefault(expected, actual) == actual)
    if isinstance(expected, str) and isinstance(actual, str):
        return bool(re.fullmatch(re.escape(expected).replace(MORE, r"\w+"), actual))
    if isinstance(expected, dict) and isinstance(actual, dict):
        listed = {name: value for name, value in expected.items() if name != MORE}
        complete = MORE in expected or actual.keys() == listed.keys()
        return complete and all(name in actual and matches(v, actual[name], names) for name, v in listed.items())
    if isinstance(expected, list) and isinstance(actual, list):
        pairs = zip(expected, actual, strict=False)
        return len(expected) == len(actual) and all(matches(one, other, names) for one, other in pairs)
    return bool(expected == actual)


def named(message: Any, names: dict[str, str]) -> Any:
    """A message with what its names stand for."""
    text = json.dumps(message)
    for name, value in names.items():
        text = text.replace(name, value)
    return json.loads(text)


async def test_the_transcript_is_what_happens(workspace: Path, environment: dict[str, str]) -> None:
    workspace_scenario(workspace, {"clock": {"pending": 0, "running": 0}})
    (workspace / "greet.prompts.json").write_text('["Say hello.", "Say goodbye."]')
    names = {"<root>": workspace.as_uri()}
    async with connect(workspace, environment) as client:
        for direction, message in transcript("protocol.md"):
            if direction == "-->":
                client.send(named(message, names))
            else:
                actual = await client.read()
                assert matches(message, actual, names), f"expected {message}\ngot {actual}"
        assert await client.wait() == 0


def test_the_transcript_names_every_kind_of_message() -> None:
    methods = {message.get("method") for _, message in transcript("protocol.md")}
    assert {"initialize", "workspace/executeCommand", "$/progress", "padwan/jobProgress", "shutdown", "exit"} <= methods


async def test_the_transcript_of_the_tool_server_is_what_happens(workspace: Path, environment: dict[str, str]) -> None:
    workspace_scenario(workspace, {"clock": {"pending": 0, "running": 0}})
    command = [sys.executable, "-m", "padwan_server", "mcp", "--backend", "emulator", "--root", str(workspace)]
    pipe = asyncio.subprocess.PIPE
    server = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, env=environment)
    assert server.stdin
    assert server.stdout
    names: dict[str, str] = {}
    for direction, message in transcript("assistants.md"):
        if direction == "-->":
            server.stdin.write(json.dumps(named(message, names)).encode() + b"\n")
        else:
            actual = json.loads(await server.stdout.readline())
            assert matches(message, actual, names), f"expected {message}\ngot {actual}"
    server.stdin.close()
    assert await server.wait() == 0
