"""The tool server as a process: its streams, its root, and its end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest

from padwan_server.emulator.testing import RunningEmulator
from tests.support.assistant import SERVER, assistant, call, line, start_as, start_server
from tests.support.service import service_environment, workspace_scenario

pytestmark = pytest.mark.slow

Emulate = Callable[..., RunningEmulator]


async def test_the_main_job_over_stdio(workspace: Path, environment: dict[str, str]) -> None:
    workspace_scenario(workspace, {"clock": {"pending": 0.2, "running": 0.5}})
    (workspace / "ask.jsonl").write_text('{"key": "good", "prompt": "one"}\n')
    async with assistant(workspace, environment, "--backend", "emulator") as session:
        job = (await call(session, "create", file="ask.jsonl"))["job"]
        assert (await call(session, "poll", job=job, interval=1))["done"]
        assert (await call(session, "export", job=job, output="out.json"))["rows"] == 1


async def test_an_editor_hands_its_settings_over_and_options_go_before_them(
    workspace: Path, environment: dict[str, str]
) -> None:
    settings = json.dumps({"backend": "gemini", "model": "gemini-3.5-flash-lite", "confirm": "never"})
    async with assistant(workspace, environment, "--backend", "emulator", "--settings", settings) as session:
        assert (await call(session, "create", prompts=["one"]))["model"] == "gemini-3.5-flash-lite"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, None])
async def test_it_ends_at_once_and_cleanly_also_in_mid_call(
    workspace: Path, environment: dict[str, str], emulate: Emulate, ending: signal.Signals | None
) -> None:
    silent = {"on": "get", "delay": 600, "times": 99}
    emulator = emulate({"clock": {"pending": 600}, "faults": [silent]})
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
    said, errors = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, errors) == (0, b"")
    assert b"[internal]" not in said
    assert emulator.requests("cancel") == []


async def test_a_submission_that_gets_no_answer_does_not_keep_it_and_is_not_lost(
    workspace: Path, environment: dict[str, str], emulate: Emulate
) -> None:
    emulator = emulate({"faults": [{"on": "create", "delay": 600}]})
    process, _ = await start_server(workspace, service_environment(environment, emulator))
    assert process.stdin
    process.stdin.write(line(2, "tools/call", {"name": "batch_create", "arguments": {"prompts": ["x"]}}))
    while not emulator.requests("create"):
        await asyncio.sleep(0.01)
    process.terminate()
    await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    assert len(list((workspace / ".padwan" / "requests").iterdir())) == 1


async def test_nothing_but_the_protocol_is_on_standard_output(workspace: Path, environment: dict[str, str]) -> None:
    process, _ = await start_server(workspace, environment)
    assert process.stdin
    process.stdin.write(b"no json\n" + b"[1]\n" + b'{"jsonrpc": "2.0"}\n' + b"\xff\xfe\n")
    process.stdin.write(line(2, "nothing/known", {}) + line(3, "tools/call", {"name": "batch_nothing"}))
    process.stdin.write(line(4, "tools/call", {"name": "batch_create", "arguments": {"prompts": ["x"]}}))
    process.stdin.write(line(5, "tools/list", {}))
    answers: dict[int, Any] = {}
    assert process.stdout
    while 5 not in answers or 4 not in answers:
        message = json.loads(await process.stdout.readline())
        assert message["jsonrpc"] == "2.0"
        answers[message["id"]] = message
    process.stdin.close()
    rest, errors = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, rest) == (0, b"")
    assert b"Traceback" not in errors
    assert answers[2]["error"]["code"] == types.METHOD_NOT_FOUND
    assert answers[3]["error"]["code"] == types.INVALID_PARAMS
    assert "no-api-key" in json.dumps(answers[4]["result"])


async def test_a_call_that_is_cancelled_gets_no_answer_and_the_next_one_does(
    workspace: Path, environment: dict[str, str], emulate: Emulate
) -> None:
    emulator = emulate({"clock": {"pending": 600}})
    process, _ = await start_server(workspace, service_environment(environment, emulator))
    assert process.stdin
    assert process.stdout
    process.stdin.write(line(2, "tools/call", {"name": "batch_create", "arguments": {"prompts": ["x"]}}))
    job = json.loads(await process.stdout.readline())["result"]["structuredContent"]["job"]
    token = {"name": "batch_poll", "arguments": {"job": job}, "_meta": {"progressToken": "p"}}
    process.stdin.write(line(3, "tools/call", token))
    assert json.loads(await process.stdout.readline())["method"] == "notifications/progress"
    process.stdin.write(line(None, "notifications/cancelled", {"requestId": 3}))
    process.stdin.write(line(4, "ping", {}))
    answered = {json.loads(await process.stdout.readline()).get("id")}
    while 4 not in answered:
        answered.add(json.loads(await process.stdout.readline()).get("id"))
    process.stdin.close()
    await asyncio.wait_for(process.communicate(), 30)
    assert emulator.requests("cancel") == []


async def test_unfinished_jobs_are_picked_up_at_the_start(
    workspace: Path, environment: dict[str, str], emulate: Emulate
) -> None:
    environment = service_environment(environment, emulate({"clock": {"pending": 0.5, "running": 0}}))
    async with assistant(workspace, environment) as session:
        await call(session, "create", prompts=["x"])
    process, _ = await start_server(workspace, environment)
    while not list((workspace / ".padwan" / "results").glob("*.jsonl")):
        await asyncio.sleep(0.01)
    process.terminate()
    await asyncio.wait_for(process.communicate(), 30)


@pytest.mark.parametrize("root", ["/", "~", "~/..", "/absent"])
async def test_a_root_that_is_too_much_is_refused(environment: dict[str, str], root: str) -> None:
    root = root.replace("~", environment["HOME"])
    process = await asyncio.create_subprocess_exec(
        sys.executable, *SERVER, "--root", root, stderr=asyncio.subprocess.PIPE, env=environment
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"invalid-root" in said


async def test_the_root_is_the_option_then_the_clients_project_then_the_folder(
    workspace: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    project = tmp_path / "project"
    for folder in (workspace, project):
        folder.mkdir(exist_ok=True)
        (folder / f"{folder.name}.txt").write_text("a prompt")
    environment["CLAUDE_PROJECT_DIR"] = str(project)
    async with assistant(workspace, environment) as session:
        assert (await call(session, "validate", file="workspace.txt"))["valid"]
    for named, file in ((str(project), "project.txt"), ("", "workspace.txt")):
        environment["CLAUDE_PROJECT_DIR"] = named
        async with start_as(["mcp"], workspace, environment) as session:
            assert (await call(session, "validate", file=file))["valid"]
