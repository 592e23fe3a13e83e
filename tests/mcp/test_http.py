"""The tool server over HTTP: for this machine and those who know the token; also from a running language server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from padwan_server.emulator.testing import RunningEmulator
from tests.support.assistant import SERVER, checked, code_of
from tests.support.json_rpc import connect
from tests.support.language_client import open_editor
from tests.support.service import service_environment, workspace_scenario

pytestmark = pytest.mark.slow

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


@asynccontextmanager
async def serving(workspace: Path, environment: Mapping[str, str], *options: str) -> AsyncIterator[dict[str, str]]:
    """A server process; what it tells of itself."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *SERVER, "--http", "--root", str(workspace), "--backend", "emulator", *options),
        stdout=asyncio.subprocess.PIPE,
        env=dict(environment),
    )
    assert process.stdout
    url = (await process.stdout.readline()).decode().strip()
    try:
        told = whereabouts(workspace)
        assert told["url"] == url
        yield told
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, rest) == (0, b"")
    assert not (workspace / ".padwan" / "mcp.json").exists()


def whereabouts(workspace: Path) -> dict[str, str]:
    told: dict[str, str] = json.loads((workspace / ".padwan" / "mcp.json").read_text())
    return told


@asynccontextmanager
async def client_of(told: Mapping[str, str], era: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {told['token']}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30, trust_env=False) as http,
        Client(streamable_http_client(told["url"], http_client=http), mode=era) as client,
    ):
        yield client


async def test_the_main_job_over_http(workspace: Path, environment: dict[str, str], era: str) -> None:
    workspace_scenario(workspace, {"clock": {"pending": 0, "running": 0}})
    async with serving(workspace, environment) as told, client_of(told, era) as client:
        job = checked(await client.call_tool("batch_create", {"prompts": ["x"]}))["job"]
        assert checked(await client.call_tool("batch_poll", {"job": job}))["done"]
        assert checked(await client.call_tool("batch_export", {"job": job, "output": "x.csv"}))["rows"] == 1


async def test_strangers_are_refused(workspace: Path, environment: dict[str, str]) -> None:
    async with serving(workspace, environment) as told, httpx2.AsyncClient(trust_env=False) as http:
        accept = {"accept": "application/json, text/event-stream"}
        token = {**accept, "authorization": f"Bearer {told['token']}"}

        async def status(headers: dict[str, str], body: Any = HELLO) -> int:
            return (await http.post(told["url"], json=body, headers=headers)).status_code

        assert await status(token) == 200
        for headers in (
            accept,
            {**accept, "authorization": "Bearer wrong"},
            {**accept, "authorization": told["token"]},
        ):
            assert await status(headers) == 401
        assert await status({**token, "host": "evil.example"}) == 421
        assert await status({**token, "origin": "http://evil.example"}) == 403
        assert await status({**token, "origin": "http://localhost:3000"}) == 200
        assert await status(token, {**HELLO, "padding": "x" * 5_000_000}) == 413
        for method in ("GET", "DELETE"):
            assert (await http.request(method, told["url"])).status_code == 401


async def test_it_listens_to_this_machine_alone_and_keeps_its_token_to_its_owner(
    workspace: Path, environment: dict[str, str]
) -> None:
    environment["PADWAN_MCP_TOKEN"] = "chosen-by-the-user"
    async with serving(workspace, environment) as told:
        assert told["url"].startswith("http://127.0.0.1:")
        assert told["token"] == "chosen-by-the-user"
        file = workspace / ".padwan" / "mcp.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        port = told["url"].split(":")[2].split("/")[0]
        taken = subprocess.run(
            [sys.executable, *SERVER, "--http", "--port", port, "--root", str(workspace)],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=30,
        )
        assert (taken.returncode, taken.stdout) == (1, "")
        assert "port-taken" in taken.stderr
        others = [address for address in _own_addresses() if address != "127.0.0.1"]
        for address in others:
            with pytest.raises(ConnectionError), socket.create_connection((address, int(port)), 1):
                pass


def _own_addresses() -> list[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]


# From the language server


async def attached(workspace: Path) -> dict[str, str]:
    """What the language server tells, once it serves assistants."""
    async with asyncio.timeout(30):
        while not (workspace / ".padwan" / "mcp.json").exists():
            await asyncio.sleep(0.02)
    return whereabouts(workspace)


async def test_an_assistant_works_on_the_editors_jobs_and_unsaved_text(
    workspace: Path, environment: dict[str, str], era: str
) -> None:
    workspace_scenario(workspace, {"clock": {"pending": 0, "running": 0}})
    (workspace / "ask.prompts.json").write_text('["saved"]')
    (workspace.parent / "secret.txt").write_text("secret")
    async with open_editor(workspace, environment=environment, arguments=["--mcp"]) as editor:
        told = await attached(workspace)
        editor.open("ask.prompts.json", '["unsaved", "too"]')
        await editor.problems("ask.prompts.json")
        async with client_of(told, era) as client:
            checked_file = checked(await client.call_tool("batch_validate", {"file": "ask.prompts.json"}))
            assert (checked_file["unsaved"], checked_file["prompts"]) == (True, 2)
            before = editor.refreshed.total()
            created = checked(await client.call_tool("batch_create", {"file": "ask.prompts.json"}))
            assert (created["unsaved"], created["total"]) == (True, 2)
            await editor.until(lambda: editor.refreshed.total() > before)
            job = created["job"]
            assert (await editor.command("poll", job=job, interval=1))["done"]
            assert checked(await client.call_tool("batch_results", {"job": job}))["total"] == 2
            outside = await client.call_tool("batch_validate", {"file": "../secret.txt"})
            assert code_of(outside) == "outside-workspace"
        # A person's own paths may still be anywhere.
        assert (await editor.command("validate", file=str(workspace.parent / "secret.txt")))["valid"]
    assert not (workspace / ".padwan" / "mcp.json").exists()


async def test_the_editors_setting_says_whether_to_ask(workspace: Path, environment: dict[str, str], era: str) -> None:
    options = {"backend": "emulator", "confirm": "always"}
    async with (
        open_editor(workspace, environment=environment, options=options, arguments=["--mcp"]),
        client_of(await attached(workspace), era) as client,
    ):
        refused = await client.call_tool("batch_create", {"prompts": ["x"]})
    assert code_of(refused) == "nobody-to-ask"
    assert not list((workspace / ".padwan").glob("requests/*"))


async def test_without_the_option_nobody_is_served(workspace: Path, environment: dict[str, str]) -> None:
    async with open_editor(workspace, environment=environment) as editor:
        assert (await editor.command("create", prompts=["x"]))["job"]
    assert not (workspace / ".padwan" / "mcp.json").exists()


async def test_a_home_folder_is_not_served_and_the_log_says_so(environment: dict[str, str]) -> None:
    home = Path(os.environ["HOME"])
    async with connect(home, environment, "--mcp") as client:
        await client.initialize(home)
        assert client.process.stderr
        assert b"no tool server" in await asyncio.wait_for(client.process.stderr.readline(), 30)
    assert not (home / ".padwan" / "mcp.json").exists()


async def test_an_assistant_works_in_every_folder_that_the_editor_has_open(
    tmp_path: Path, environment: dict[str, str], era: str
) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for root in (first, second, third):
        workspace_scenario(root, {"clock": {"pending": 0, "running": 0}})
    (second / "ask.prompts.json").write_text('["saved"]')
    (tmp_path / "secret.txt").write_text("secret")
    home = Path(environment["HOME"])
    folders = [{"uri": root.as_uri(), "name": root.name} for root in (first, second)]
    async with connect(first, environment, "--mcp") as editor:
        await editor.initialize(first, workspaceFolders=folders)
        told = await attached(first)
        assert await attached(second) == told
        uri = (second / "ask.prompts.json").as_uri()
        text = {"uri": uri, "languageId": "json", "version": 1, "text": '["unsaved", "too"]'}
        editor.notify("textDocument/didOpen", {"textDocument": text})
        await editor.call("textDocument/foldingRange", {"textDocument": {"uri": uri}})
        async with client_of(told, era) as client:
            for file in ("ask.prompts.json", str(second / "ask.prompts.json")):
                assert checked(await client.call_tool("batch_validate", {"file": file}))["unsaved"], file
            created = checked(await client.call_tool("batch_create", {"file": "ask.prompts.json"}))
            other = checked(await client.call_tool("batch_create", {"prompts": ["x"]}))["job"]
            job = created["job"]
            assert created["file"] == "ask.prompts.json"
            for name in (job, other):
                assert checked(await client.call_tool("batch_poll", {"job": name, "interval": 1}))["done"]
            assert checked(await client.call_tool("batch_export", {"job": job, "output": "out.csv"}))["rows"] == 2
            listed = checked(await client.call_tool("batch_list", {}))["jobs"]
            assert {found["job"] for found in listed} == {job, other}
            assert (await client.read_resource(f"padwan://jobs/{job[8:]}")).contents
            outside = await client.call_tool("batch_validate", {"file": str(tmp_path / "secret.txt")})
            assert code_of(outside) == "outside-workspace"
            added = [{"uri": root.as_uri(), "name": root.name} for root in (home, third)]
            removed = [{"uri": first.as_uri(), "name": "first"}]
            editor.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": added, "removed": removed}})
            assert await attached(third) == told
            (home / "mine.txt").write_text("mine")
            refused = await client.call_tool("batch_validate", {"file": str(home / "mine.txt")})
            assert code_of(refused) == "invalid-root"
        assert (second / "out.csv").exists()
        assert not (home / ".padwan" / "mcp.json").exists()
        assert not (first / ".padwan" / "mcp.json").exists()
        await editor.call("shutdown")
        editor.notify("exit")
        await editor.wait()
    assert not any((root / ".padwan" / "mcp.json").exists() for root in (second, third))


# Its end


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
async def test_it_ends_at_once_and_cleanly_also_in_mid_call(
    workspace: Path,
    environment: dict[str, str],
    emulate: Callable[..., RunningEmulator],
    era: str,
    ending: signal.Signals,
) -> None:
    silent = {"on": "get", "delay": 600, "times": 99}
    emulator = emulate({"clock": {"pending": 600}, "faults": [silent]})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *SERVER, "--http", "--root", str(workspace)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=service_environment(environment, emulator),
    )
    assert process.stdout
    await process.stdout.readline()
    async with client_of(whereabouts(workspace), era) as client:
        job = checked(await client.call_tool("batch_create", {"prompts": ["x"]}))["job"]
        poll = asyncio.create_task(client.call_tool("batch_poll", {"job": job}))
        while not emulator.requests("get"):
            await asyncio.sleep(0.01)
        process.send_signal(ending)
        said, errors = await asyncio.wait_for(process.communicate(), 30)
        with pytest.raises(MCPError):
            await poll
    assert (process.returncode, said, errors) == (0, b"", b"")
    assert not (workspace / ".padwan" / "mcp.json").exists()
    assert emulator.requests("cancel") == []
