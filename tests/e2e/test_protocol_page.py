"""docs/reference/protocol.md, replayed message by message."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.support.json_rpc import connect
from tests.support.service import workspace_scenario

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "protocol.md"
MORE = "…"


def transcript() -> list[tuple[str, Any]]:
    """The page's messages, each with its direction."""
    blocks = re.findall(r"```transcript\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [(line[:3], json.loads(line[4:])) for block in blocks for line in block.splitlines()]


def matches(expected: Any, actual: Any, names: dict[str, str]) -> bool:
    """Whether a message is as the page has it; what the page names is noted at first sight."""
    if expected == "<any>":
        return True
    if isinstance(expected, str) and re.fullmatch(r"<\w+>", expected):
        return bool(names.setdefault(expected, actual) == actual)
    if isinstance(expected, dict) and isinstance(actual, dict):
        listed = {name: value for name, value in expected.items() if name != MORE}
        complete = MORE in expected or actual.keys() == listed.keys()
        return complete and all(name in actual and matches(v, actual[name], names) for name, v in listed.items())
    if isinstance(expected, list) and isinstance(actual, list):
        pairs = zip(expected, actual, strict=False)
        return len(expected) == len(actual) and all(matches(one, other, names) for one, other in pairs)
    return bool(expected == actual)


async def test_the_transcript_is_what_happens(workspace: Path, environment: dict[str, str]) -> None:
    workspace_scenario(workspace, {"clock": {"pending": 0, "running": 0}})
    (workspace / "greet.prompts.json").write_text('["Say hello.", "Say goodbye."]')
    names = {"<root>": workspace.as_uri()}
    async with connect(workspace, environment) as client:
        for direction, message in transcript():
            if direction == "-->":
                text = json.dumps(message)
                for name, value in names.items():
                    text = text.replace(name, value)
                client.send(json.loads(text))
            else:
                actual = await client.read()
                assert matches(message, actual, names), f"expected {message}\ngot {actual}"
        assert await client.wait() == 0


def test_the_transcript_names_every_kind_of_message() -> None:
    methods = {message.get("method") for _, message in transcript()}
    assert {"initialize", "workspace/executeCommand", "$/progress", "padwan/jobProgress", "shutdown", "exit"} <= methods
