"""The tool server under the official SDK's client."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import mcp_types as types
import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.operations.table import OPERATIONS
from tests.support.assistant import SERVER, assistant, call, line, refused, start_server
from tests.support.service import service_environment, workspace_scenario

pytestmark = pytest.mark.slow

Emulate = Callable[..., RunningEmulator]


async def test_the_tools_are_the_tables_operations(workspace: Path, environment: dict[str, str]) -> None:
    async with assistant(workspace, environment) as session:
        tools = (await session.list_tools()).tools
    assert [tool.name for tool in tools] == [
        f"batch_{name}" for name, operation in OPERATIONS.items() if operation.for_assistants
    ]
    for tool in tools:
        operation = OPERATIONS[tool.name.removeprefix("batch_")]
        assert tool.input_schema == operation.input_schema()
        assert tool.output_schema == operation.output_schema()
        assert tool.input_schema["additionalProperties"] is False
    hints = {tool.name: tool.annotations for tool in tools}
    assert {name for name, hint in hints.items() if hint and hint.read_only_hint} == {
        "batch_validate",
        "batch_status",
        "batch_list",
        "batch_poll",
    }


async def test_the_main_job_by_an_assistant(workspace: Path, environment: dict[str, str]) -> None:
    error = {"error": {"code": 13, "message": "It broke."}, "times": 1}
    workspace_scenario(workspace, {"clock": {"pending": 0.2, "running": 0.5}, "answers": {"bad": error}})
    (workspace / "ask.jsonl").write_text('{"key": "good", "prompt": "one"}\n{"key": "bad", "prompt": "two"}\n')
    async with assistant(workspace, environment, "--backend", "emulator") as session:
        assert (await call(session, "validate", file="ask.jsonl"))["valid"]
        job = (await call(session, "create", file="ask.jsonl"))["job"]
        told: list[str] = []

        async def show(progress: float, total: float | None, message: str | None) -> None:
            told.append(message or "")

        result = await session.call_tool("batch_poll", {"job": job, "interval": 1}, progress_callback=show)
        assert isinstance(result, types.CallToolResult)
        assert result.structured_content
        assert result.structured_content["outcomes"] == {"error": 1, "ok": 1}
        assert told[-1].startswith("SUCCEEDED 2/2")
        again = (await call(session, "retry", job=job, submit=True))["submitted"]["job"]
        assert (await call(session, "poll", job=again))["done"]
        exported = await call(session, "export", job=job, output="out.json")
        assert (exported["output"], exported["rows"], exported["failed"]) == ("out.json", 2, 0)
        status = await call(session, "status", job=job, results=True)
        assert [answer["key"] for answer in status["results"]] == ["good", "bad"]
        assert str(workspace) not in json.dumps(status)


async def test_an_assistants_paths_stay_in_the_workspace(workspace: Path, environment: dict[str, str]) -> None:
    (workspace.parent / "secret.txt").write_text("secret")
    (workspace / "link.txt").symlink_to(workspace.parent / "secret.txt")
    async with assistant(workspace, environment, "--backend", "emulator") as session:
        for path in ("../secret.txt", "/etc/hostname", "link.txt"):
            assert await refused(session, "validate", file=path) == "outside-workspace"
        assert await refused(session, "export", job="x", output="../out.json") == "outside-workspace"
    assert not (workspace / ".padwan").exists()


async def test_a_poll_gives_up_before_its_client_does(
    workspace: Path, environment: dict[str, str], emulate: Emulate
) -> None:
    environment = service_environment(environment, emulate({"clock": {"pending": 600}}))
    async with assistant(workspace, environment) as session:
        job = (await call(session, "create", prompts=["x"]))["job"]
        polled = await call(session, "poll", job=job, timeout=0.1)
    assert (polled["done"], polled["timed_out"]) == (False, True)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, None])
async def test_it_ends_at_once_and_cleanly_also_in_mid_call(
    workspace: Path, environment: dict[str, str], emulate: Emulate, ending: signal.Signals | None
) -> None:
    emulator = emulate({"clock": {"pending": 600}})
    process, _ = await start_server(workspace, service_environment(environment, emulator))
    assert process.stdin
    assert process.stdout
    process.stdin.write(line(2, "tools/call", {"name": "batch_create", "arguments": {"prompts": ["x"]}}))
    job = json.loads(await process.stdout.readline())["result"]["structuredContent"]["job"]
    process.stdin.write(line(3, "tools/call", {"name": "batch_poll", "arguments": {"job": job}}))
    while not emulator.requests("get"):
        await asyncio.sleep(0)
    if ending:
        process.send_signal(ending)
    else:
        process.stdin.close()
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    assert said == b""
    assert emulator.requests("cancel") == []


@pytest.mark.parametrize("root", ["/", "~", "/absent"])
async def test_a_root_that_is_too_much_is_refused(environment: dict[str, str], root: str) -> None:
    root = environment["HOME"] if root == "~" else root
    process = await asyncio.create_subprocess_exec(
        sys.executable, *SERVER, "--root", root, stderr=asyncio.subprocess.PIPE, env=environment
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"invalid-root" in said
