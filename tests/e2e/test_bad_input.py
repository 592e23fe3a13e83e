"""Bad input gets the same code from every front end; nothing is written and nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
from tests.support.assistant import assistant, refused
from tests.support.json_rpc import connect
from tests.support.service import service_environment
from tests.support.shell import Shell

pytestmark = pytest.mark.slow

FILES: dict[str, bytes] = {
    "syntax.json": b'["a" "b"',
    "object.json": b'{"prompt": "x"}',
    "string.json": b'"x"',
    "number.json": b"42",
    "types.json": b'[1, null, {"prompt": ["x"]}]',
    "empty.json": b"[]",
    "nothing.json": b"",
    "blank.txt": b" \n\t\n",
    "duplicate.json": b'[{"key": "a", "prompt": "x"}, {"key": "a", "prompt": "y"}]',
    "blank.json": b'["x", "  "]',
    "missing.jsonl": b'{"key": "a"}\n',
    "surrogate.json": b'["\\ud800"]',
    "latin1.txt": b"caf\xe9",
    "utf16.json": '["x"]'.encode("utf-16"),
    "bom.json": b'\xef\xbb\xbf["x"]',
    "good.json": b'["x"]',
}

ERRORS = "prompt-file-errors"
CASES: list[tuple[str, dict[str, Any], str]] = [
    *(
        ("create", {"file": name}, "not-utf8" if name in ("latin1.txt", "utf16.json") else ERRORS)
        for name in FILES
        if name not in ("bom.json", "good.json")
    ),
    ("create", {"file": "absent.json"}, "file-not-found"),
    ("create", {"file": "."}, "file-not-readable"),
    ("create", {}, "prompts-or-file"),
    ("create", {"file": "good.json", "prompts": ["x"]}, "prompts-or-file"),
    ("create", {"prompts": ["", "x"]}, ERRORS),
    ("create", {"prompts": ["x"], "unknown": "y"}, "invalid-params"),
    ("create", {"prompts": ["x"], "range": "last"}, "invalid-params"),
    ("create", {"prompts": ["x"], "range": "9"}, "empty-range"),
    ("create", {"prompts": ["x"], "keys": ["no"]}, "unknown-keys"),
    ("create", {"prompts": ["x", "y"], "max_requests": 1}, "too-many-requests"),
    ("validate", {"file": "utf16.json"}, "not-utf8"),
    ("status", {}, "invalid-params"),
    ("status", {"job": "no/such job"}, "invalid-job"),
    ("status", {"job": "nothere"}, "job-not-found"),
    ("poll", {"job": "nothere"}, "job-not-found"),
    ("poll", {"job": "nothere", "interval": -1}, "invalid-params"),
    ("cancel", {"job": "nothere"}, "job-not-found"),
    ("retry", {"job": "nothere"}, "job-not-found"),
    ("retry", {"job": "nothere", "which": ["all"]}, "invalid-params"),
    ("export", {"job": "nothere", "output": "x.json"}, "job-not-found"),
    ("export", {"job": "nothere", "output": "x.json", "format": "yaml"}, "unknown-format"),
    ("export", {"job": "nothere", "output": "absent/x.json"}, "output-folder-missing"),
    ("export", {"job": "nothere", "output": "good.json"}, "output-exists"),
    ("list", {"limit": 0}, "invalid-params"),
]


def named(case: tuple[str, dict[str, Any], str]) -> str:
    return f"{case[0]} {json.dumps(case[1])}"


USAGE = ("invalid-params", "prompts-or-file", "keys-or-range", "unknown-format")
"""What the shell calls wrong usage, by its exit code."""

EXPECTED = {named(case): case[2] for case in CASES}


@pytest.fixture
def emulator(workspace: Path, emulate: Callable[..., RunningEmulator]) -> RunningEmulator:
    for name, content in FILES.items():
        (workspace / name).write_bytes(content)
    return emulate()


def nothing_happened(workspace: Path, emulator: RunningEmulator) -> bool:
    files = {path.name: path.read_bytes() for path in workspace.iterdir() if path.is_file()}
    return files == FILES and not emulator.requests("create") and not emulator.requests("upload")


async def test_the_language_server_refuses(
    workspace: Path, environment: dict[str, str], emulator: RunningEmulator
) -> None:
    codes = {}
    async with connect(workspace, service_environment(environment, emulator)) as client:
        await client.initialize(workspace, initializationOptions={"backend": "gemini"})
        for case in CASES:
            error = (await client.execute(f"padwan.batch.{case[0]}", case[1]))["error"]
            codes[named(case)] = error["data"]["code"]
            assert error["data"]["hint"], case
    assert codes == EXPECTED
    assert nothing_happened(workspace, emulator)


async def test_the_tool_server_refuses(workspace: Path, environment: dict[str, str], emulator: RunningEmulator) -> None:
    async with assistant(workspace, service_environment(environment, emulator)) as session:
        codes = {named(case): await refused(session, case[0], **case[1]) for case in CASES}
    assert codes == EXPECTED
    assert nothing_happened(workspace, emulator)


@pytest.mark.timeout(120)
def test_the_shell_refuses(workspace: Path, environment: dict[str, str], emulator: RunningEmulator) -> None:
    shell = Shell(workspace, service_environment(environment, emulator))
    codes = {}
    for case in CASES:
        code = 2 if case[2] in USAGE else 1
        codes[named(case)] = shell.json("batch", case[0], *flags(case[1]), code=code)["error"]["code"]
    assert codes == EXPECTED
    assert nothing_happened(workspace, emulator)


def flags(arguments: dict[str, Any]) -> list[str]:
    """The options that stand for ``arguments``."""
    singular = {"prompts": "prompt", "keys": "key"}
    given = []
    for name, value in arguments.items():
        flag = "--" + singular.get(name, name).replace("_", "-")
        given += [f"{flag}={member}" for member in (value if isinstance(value, list) else [value])]
    return given


async def test_errors_of_a_file_come_with_their_places(
    workspace: Path, environment: dict[str, str], emulator: RunningEmulator
) -> None:
    async with connect(workspace, service_environment(environment, emulator)) as client:
        await client.initialize(workspace, initializationOptions={"backend": "gemini"})
        error = (await client.execute("padwan.batch.create", {"file": "duplicate.json"}))["error"]
    [problem] = error["data"]["data"]["problems"]
    assert (problem["code"], problem["line"], problem["column"]) == ("duplicate-key", 1, 39)


async def test_a_warning_stops_nothing(workspace: Path, environment: dict[str, str], emulator: RunningEmulator) -> None:
    async with connect(workspace, service_environment(environment, emulator)) as client:
        await client.initialize(workspace, initializationOptions={"backend": "gemini"})
        created = await client.execute("padwan.batch.create", {"file": "bom.json", "model": "gemini-2.0-flash"})
    assert [problem["code"] for problem in created["result"]["problems"]] == ["byte-order-mark"]
    assert "gemini-2.0-flash" in created["result"]["warnings"][0]
    [request] = emulator.job_requests(created["result"]["job"])
    assert request["request"]["contents"][0]["parts"][0]["text"] == "x"


async def test_without_a_key_there_is_one_error_and_no_silent_fall_back(
    workspace: Path, environment: dict[str, str]
) -> None:
    async with connect(workspace, environment) as client:
        await client.initialize(workspace, initializationOptions={})
        error = (await client.execute("padwan.batch.create", {"prompts": ["x"]}))["error"]
    assert error["data"]["code"] == "no-api-key"
    async with assistant(workspace, environment) as session:
        assert await refused(session, "create", prompts=["x"]) == "no-api-key"
    assert Shell(workspace, environment).json("batch", "create", "-p", "x", code=1)["error"]["code"] == "no-api-key"
    assert list(workspace.iterdir()) == []
