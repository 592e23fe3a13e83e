"""Each repair of pygls, seen from outside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.json_rpc import JsonRpcClient, connect

INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, PARSE_ERROR = -32600, -32601, -32602, -32700
CANCELLED, REQUEST_FAILED, NOT_INITIALIZED = -32800, -32803, -32002


@pytest.fixture
async def client(workspace: Path, environment: dict[str, str]) -> AsyncIterator[JsonRpcClient]:
    async with connect(workspace, environment) as client:
        yield client


async def test_a_request_before_initialize_is_told_so(client: JsonRpcClient, workspace: Path) -> None:
    answer = await client.execute("padwan.batch.list")
    assert answer["error"]["code"] == NOT_INITIALIZED
    await client.initialize(workspace)
    assert "result" in await client.execute("padwan.batch.validate", {"prompts": ["x"]})


async def created_job(client: JsonRpcClient, prompts: list[str]) -> str:
    answer = await client.execute("padwan.batch.create", {"prompts": prompts})
    name: str = answer["result"]["job"]
    return name


def slow_emulator(workspace: Path) -> None:
    """Jobs of this workspace's emulator never end by themselves within a test."""
    folder = workspace / ".padwan" / "emulator"
    folder.mkdir(parents=True)
    (folder / "scenario.json").write_text(json.dumps({"clock": {"pending": 3600, "running": 3600}}))


async def test_an_error_carries_code_and_hint_and_no_traceback(client: JsonRpcClient, workspace: Path) -> None:
    await client.initialize(workspace)
    error = (await client.execute("padwan.batch.create", {"file": "absent.json"}))["error"]
    assert error["code"] == REQUEST_FAILED
    assert error["data"]["code"] == "file-not-found"
    assert error["data"]["hint"] in error["message"]
    assert "Traceback" not in json.dumps(error)


async def test_an_unknown_method_is_answered_with_method_not_found(client: JsonRpcClient, workspace: Path) -> None:
    await client.initialize(workspace)
    error = (await client.call("textDocument/nothing", {}))["error"]
    assert error["code"] == METHOD_NOT_FOUND
    assert "data" not in error or error["data"] is None


async def test_a_failing_notification_is_no_popup(client: JsonRpcClient, workspace: Path) -> None:
    await client.initialize(workspace)
    unopened = {"uri": (workspace / "never-opened.prompts.json").as_uri(), "version": 2}
    client.notify("textDocument/didChange", {"textDocument": unopened, "contentChanges": [{"text": "[]"}]})
    client.notify("textDocument/didClose", {"textDocument": {"uri": unopened["uri"]}})
    await client.execute("padwan.batch.validate", {"prompts": ["a"]})
    assert [n["method"] for n in client.notifications if n["method"].startswith("window/show")] == []


async def test_a_cancelled_request_ends_its_command(client: JsonRpcClient, workspace: Path) -> None:
    slow_emulator(workspace)
    await client.initialize(workspace)
    job = await created_job(client, ["a"])
    poll = client.request("workspace/executeCommand", {"command": "padwan.batch.poll", "arguments": [{"job": job}]})
    while not any(n["method"] == "padwan/jobProgress" for n in client.notifications):
        await client.receive()
    client.notify("$/cancelRequest", {"id": poll})
    assert (await client.answer(poll))["error"]["code"] == CANCELLED
    # Had the watching gone on, its next look would have been told.
    client.notifications.clear()
    await client.execute("padwan.batch.poll", {"job": job, "timeout": 0})
    assert len([n for n in client.notifications if n["method"] == "padwan/jobProgress"]) <= 1


async def test_shutdown_with_a_command_in_flight_ends_both(client: JsonRpcClient, workspace: Path) -> None:
    slow_emulator(workspace)
    await client.initialize(workspace)
    job = await created_job(client, ["a"])
    polls = [
        client.request("workspace/executeCommand", {"command": "padwan.batch.poll", "arguments": [{"job": job}]})
        for _ in range(3)
    ]
    while not any(n["method"] == "padwan/jobProgress" for n in client.notifications):
        await client.receive()
    assert (await client.call("shutdown"))["result"] is None
    for poll in polls:
        assert (await client.answer(poll))["error"]["code"] == CANCELLED
    client.notify("exit")
    assert await client.wait() == 0


async def test_requests_after_shutdown_are_refused(client: JsonRpcClient, workspace: Path) -> None:
    await client.initialize(workspace)
    await client.call("shutdown")
    assert (await client.execute("padwan.batch.list"))["error"]["code"] == INVALID_REQUEST


async def test_exit_without_shutdown_is_a_failure(client: JsonRpcClient, workspace: Path) -> None:
    await client.initialize(workspace)
    client.notify("exit")
    assert await client.wait() == 1


async def test_a_closed_pipe_ends_the_server(client: JsonRpcClient, workspace: Path) -> None:
    await client.initialize(workspace)
    assert client.process.stdin
    client.process.stdin.close()
    assert await client.wait() == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM handlers")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_server_cleanly(client: JsonRpcClient, workspace: Path, number: signal.Signals) -> None:
    await client.initialize(workspace)
    client.process.send_signal(number)
    assert await client.wait() == 0


async def test_the_server_ends_with_its_clients_process(client: JsonRpcClient, workspace: Path) -> None:
    stand_in = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    await client.initialize(workspace, processId=stand_in.pid)
    stand_in.communicate(b"\n")
    assert await client.wait() == 1


async def test_a_result_that_is_no_json_still_gets_an_answer(client: JsonRpcClient, workspace: Path) -> None:
    await client.initialize(workspace)
    answer = await client.execute("padwan.batch.validate", {"prompts": ["\ud800"]})
    assert answer["result"]["problems"][0]["code"] == "lone-surrogate"


@pytest.mark.parametrize("params", [None, 5, [], {"command": 5}, {"arguments": []}])
async def test_malformed_parameters_of_a_known_method_are_invalid_params(
    client: JsonRpcClient, workspace: Path, params: Any
) -> None:
    await client.initialize(workspace)
    assert (await client.call("workspace/executeCommand", params))["error"]["code"] == INVALID_PARAMS


@pytest.mark.parametrize("header", [b"content-length", b"CONTENT-LENGTH", b"Content-length"])
async def test_header_names_have_any_case(client: JsonRpcClient, workspace: Path, header: bytes) -> None:
    await client.initialize(workspace)
    client.write(json.dumps({"jsonrpc": "2.0", "id": "x", "method": "shutdown"}).encode(), header)
    assert (await client.answer("x"))["result"] is None


async def test_a_body_that_is_no_json_is_a_parse_error_and_the_next_message_counts(
    client: JsonRpcClient, workspace: Path
) -> None:
    await client.initialize(workspace)
    client.write(b"{oops")
    assert (await client.answer(None))["error"]["code"] == PARSE_ERROR
    assert "result" in await client.execute("padwan.batch.validate", {"prompts": ["a"]})


@pytest.mark.parametrize("message", [[], "text", {"id": 1, "method": "shutdown"}])
async def test_what_is_no_json_rpc_is_an_invalid_request(client: JsonRpcClient, workspace: Path, message: Any) -> None:
    await client.initialize(workspace)
    client.send(message)
    assert (await client.answer(None))["error"]["code"] == INVALID_REQUEST


async def test_an_argument_may_hold_the_word_jsonrpc(client: JsonRpcClient, workspace: Path) -> None:
    await client.initialize(workspace)
    error = (await client.execute("padwan.batch.validate", {"jsonrpc": "2.0", "id": 1}))["error"]
    assert error["data"]["data"]["problems"][0]["parameter"] == "jsonrpc"


async def test_nothing_of_a_prompt_is_logged(client: JsonRpcClient, workspace: Path) -> None:
    await client.initialize(workspace)
    await client.execute("padwan.batch.validate", {"prompts": ["a very secret prompt"]})
    await client.call("workspace/executeCommand", {"command": 5, "arguments": ["a very secret prompt"]})
    await client.call("shutdown")
    client.notify("exit")
    await client.wait()
    assert client.process.stderr
    assert b"secret" not in await client.process.stderr.read()


async def test_finished_commands_leave_nothing_behind() -> None:
    """Futures, result types and progress tokens: pygls keeps one of each per command."""
    program = "from tests.lsp.leaks import main; main()"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    output, _ = await process.communicate()
    assert json.loads(output) == {"futures": 0, "result_types": 0, "tokens": 0}


async def test_start_up_imports_neither_the_sdk_nor_mcp() -> None:
    program = (
        "import sys, padwan_server.lsp.server; "
        "print([name for name in ('google.genai', 'mcp', 'httpx2', 'rich', 'starlette') if name in sys.modules])"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert output.decode().strip() == "[]"


async def test_one_tcp_client_is_served(workspace: Path, environment: dict[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "padwan_server", "lsp", "--tcp", "127.0.0.1:0"],
        stderr=asyncio.subprocess.PIPE,
        cwd=workspace,
        env=environment,
    )
    assert process.stderr
    port = int((await process.stderr.readline()).split(b":")[-1].split()[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}'
    writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    header = await reader.readline()
    assert header.startswith(b"Content-Length")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    assert await process.wait() == 1
