"""The API key is nowhere but on its way to the service."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from padwan_server.emulator.testing import RunningEmulator
from tests.support.assistant import line, start_server
from tests.support.json_rpc import connect
from tests.support.service import KEY, service_environment
from tests.support.shell import Shell
from tests.support.stub_service import stub_service

pytestmark = pytest.mark.slow

Emulate = Callable[..., RunningEmulator]
TROUBLE = {"answers": {"prompt-1": {"error": {"code": 3, "message": "bad"}}}}


def holders(*folders: Path) -> list[Path]:
    """The files that hold the key."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path for path in files if KEY.encode() in path.read_bytes()]


async def test_the_language_server_tells_nobody(workspace: Path, environment: dict[str, str], emulate: Emulate) -> None:
    emulator = emulate({**TROUBLE, "faults": [{"on": "create", "after": 1, "status": 500}]})
    async with connect(workspace, service_environment(environment, emulator)) as client:
        said = [await client.initialize(workspace, initializationOptions={"backend": "gemini", "trace": "verbose"})]
        created = await client.execute("padwan.batch.create", {"prompts": ["a", "b"]})
        job = created["result"]["job"]
        said += [created, await client.execute("padwan.batch.create", {"prompts": ["a"]})]
        for name in ("poll", "status", "list", "retry", "cancel", "validate"):
            said.append(await client.execute(f"padwan.batch.{name}", {} if name == "list" else {"job": job}))
        said.append(await client.execute("padwan.batch.export", {"job": job, "output": "x.jsonl"}))
        assert "result" in said[-1]
        await client.call("shutdown")
        client.notify("exit")
        await client.wait()
        assert client.process.stderr
        errors = await client.process.stderr.read()
    assert KEY not in json.dumps([said, client.notifications])
    assert KEY.encode() not in errors
    assert holders(workspace, Path(environment["HOME"]).parent) == []


async def test_the_tool_server_tells_nobody(workspace: Path, environment: dict[str, str], emulate: Emulate) -> None:
    emulator = emulate({"refuse_keys": [KEY]})
    process, said = await start_server(workspace, service_environment(environment, emulator))
    assert process.stdin
    assert process.stdout
    for name, arguments in (("create", {"prompts": ["x"]}), ("list", {}), ("status", {"job": "x"})):
        process.stdin.write(line(2, "tools/call", {"name": f"batch_{name}", "arguments": arguments}))
        answer = await process.stdout.readline()
        assert b"api-key-invalid" in answer
        said += answer
    process.stdin.close()
    out, errors = await process.communicate()
    assert KEY.encode() not in said + out + errors
    assert holders(workspace) == []


def test_the_shell_tells_nobody(workspace: Path, environment: dict[str, str], emulate: Emulate) -> None:
    shell = Shell(workspace, service_environment(environment, emulate(TROUBLE)))
    job = shell.json("batch", "create", "-p", "a", "-p", "b")["job"]
    ended = [shell("batch", "poll", "-j", job), shell("batch", "list"), shell("batch", "retry", "-j", job)]
    ended.append(shell("batch", "export", "-j", job, "-o", "x.csv"))
    refusing = Shell(workspace, service_environment(environment, emulate({"refuse_keys": [KEY]})))
    ended.append(refusing("batch", "create", "-p", "a", code=1))
    assert all(KEY not in run.stdout + run.stderr for run in ended)
    assert holders(workspace) == []


def test_a_misspelled_address_shows_no_key(workspace: Path, environment: dict[str, str]) -> None:
    environment = {**environment, "GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9/" + KEY}
    ended = Shell(workspace, environment)("batch", "create", "-p", "a", code=1)
    assert KEY not in ended.stderr


def test_prompts_are_in_no_log(workspace: Path, environment: dict[str, str]) -> None:
    shell = Shell(workspace, environment)
    job = shell.json("batch", "create", "-p", "a very private prompt", "--backend", "emulator")["job"]
    shell("batch", "poll", "-j", job, "--backend", "emulator", "-i", "1")
    logs = list(workspace.rglob("*.log"))
    assert logs
    assert not any("private" in log.read_text() for log in logs)


def test_a_service_that_quotes_the_key_is_quoted_without_it(workspace: Path, environment: dict[str, str]) -> None:
    job = json.dumps({"name": "batches/quoting", "metadata": {"state": "BATCH_STATE_PENDING"}}).encode()
    quoting = json.dumps({"error": {"code": 403, "message": f"The key {KEY} may not.", "status": "DENIED"}}).encode()

    def answer(method: str, path: str, _: bytes) -> tuple[int, bytes]:
        return (200, job) if path.endswith(":batchGenerateContent") else (403, quoting)

    with stub_service(answer) as url:
        shell = Shell(workspace, {**environment, "GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": url})
        shell("batch", "create", "-p", "a")
        ended = [shell("batch", "status", "-j", "quoting"), shell("batch", "cancel", "-j", "quoting", code=1)]
    assert "(the API key) may not" in ended[0].stdout
    assert "(the API key) may not" in ended[1].stderr
    assert all(KEY not in run.stdout + run.stderr for run in ended)
    assert holders(workspace) == []
