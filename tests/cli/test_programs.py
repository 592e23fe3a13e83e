"""doctor, run and schema, and what a start-up loads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.operations.alone import alone
from padwan_server.operations.names import NAMES
from padwan_server.operations.table import OPERATIONS
from tests.support.service import KEY, service_environment
from tests.support.shell import PROGRAM, Shell
from tests.support.stub_service import stub_service

pytestmark = pytest.mark.slow

Emulate = Callable[..., RunningEmulator]


def test_doctor_finds_everything_well(workspace: Path, environment: dict[str, str], emulate: Emulate) -> None:
    shell = Shell(workspace, service_environment(environment, emulate()))
    assert "none before the first job" in shell("doctor").stdout
    assert list(workspace.iterdir()) == []
    shell("batch", "create", "-p", "x")
    told = shell.json("doctor")
    assert told["ok"]
    findings = {found["name"]: found["says"] for found in told["findings"]}
    assert list(findings) == ["versions", "key", "service", "clock", "workspace", "ledger", "editors"]
    assert findings["key"] == "from GEMINI_API_KEY"
    assert findings["ledger"].startswith("1 recent jobs")
    assert KEY not in json.dumps(told)


def test_doctor_says_what_to_do_without_a_key_or_a_service(workspace: Path, environment: dict[str, str]) -> None:
    told = Shell(workspace, environment)("doctor", code=1).stdout
    assert "NOT OK  key:" in told
    assert "GEMINI_API_KEY" in told
    nowhere = {**environment, "GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9"}
    findings = Shell(workspace, nowhere).json("doctor", code=1)["findings"]
    assert [found["name"] for found in findings if not found["ok"]] == ["service"]


@pytest.mark.parametrize("position", [0, 4096])
def test_doctor_reports_a_damaged_ledger_and_leaves_it(
    workspace: Path, environment: dict[str, str], emulate: Emulate, position: int
) -> None:
    shell = Shell(workspace, service_environment(environment, emulate()))
    shell("batch", "create", "-p", "x")
    ledger = workspace / ".padwan" / "ledger.sqlite3"
    damaged = bytearray(ledger.read_bytes())
    damaged[position : position + 4096] = b"x" * 4096
    ledger.write_bytes(damaged)
    assert wrong(shell)["ledger"].startswith("The workspace's job ledger cannot be used")
    assert ledger.read_bytes() == damaged
    assert list(ledger.parent.glob("*.damaged*")) == []
    # The next command that uses it makes a new one.
    shell("batch", "list")
    assert wrong(shell, code=0) == {}


def test_doctor_reports_a_clock_that_is_hours_off(workspace: Path, environment: dict[str, str]) -> None:
    def answer(*_: object) -> tuple[int, bytes]:
        return 200, b"{}"

    with stub_service(answer, ahead=timedelta(hours=-3)) as url:
        told = wrong(Shell(workspace, {**environment, "GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": url}))
    assert list(told) == ["clock"]
    assert int(told["clock"].partition(" ")[0]) == pytest.approx(3 * 3600, abs=60)


@pytest.mark.parametrize("place", [".padwan", "/proc"])
def test_doctor_reports_a_workspace_that_cannot_be_written(
    workspace: Path, environment: dict[str, str], emulate: Emulate, place: str
) -> None:
    if place == "/proc" and not Path(place).exists():
        pytest.skip("there is no folder here that even its owner cannot write")
    folder = Path(place) if place == "/proc" else workspace
    if folder == workspace:
        (workspace / place).write_text("no folder")
    told = wrong(Shell(folder, service_environment(environment, emulate())))
    assert list(told) == ["workspace"]
    assert told["workspace"].startswith(f"{workspace / place} cannot be written: ")


def test_doctor_without_a_folder_says_so(workspace: Path, environment: dict[str, str]) -> None:
    line = f"rmdir {workspace} && {' '.join(PROGRAM)} doctor --json"
    ran = subprocess.run(
        ["sh", "-c", line], cwd=workspace, env=environment, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, json.loads(ran.stdout)["error"]["code"]) == (1, "file-not-found")


def test_doctor_finds_editors_on_the_path(
    workspace: Path, environment: dict[str, str], emulate: Emulate, tmp_path: Path
) -> None:
    shell = Shell(workspace, {**service_environment(environment, emulate()), "PATH": str(tmp_path)})
    assert "editors:    none of those that are known here\n" in shell("doctor").stdout
    for name in ("nvim", "code"):
        (tmp_path / name).touch(mode=0o755)
    assert "editors:    VS Code, Neovim\n" in shell("doctor").stdout


def wrong(shell: Shell, code: int = 1) -> dict[str, str]:
    """What the doctor says of all that is not well."""
    told = shell.json("doctor", code=code)
    assert told["ok"] == (code == 0)
    return {found["name"]: found["says"] for found in told["findings"] if not found["ok"]}


def test_run_takes_json_and_prints_json(workspace: Path, environment: dict[str, str], emulate: Emulate) -> None:
    shell = Shell(workspace, service_environment(environment, emulate()))
    job = json.loads(shell("run", "create", json.dumps({"prompts": ["x"], "name": "n"})).stdout)["job"]
    polled = json.loads(shell("run", "poll", "-", stdin=json.dumps({"job": job})).stdout)
    jsonschema.validate(polled, json.loads(shell("schema", "poll").stdout)["poll"]["result"])
    assert polled["state"] == "SUCCEEDED"
    assert json.loads(shell("run", "status", "{}", code=2).stdout)["error"]["code"] == "invalid-params"
    for wrong in ("{", "[" * 100_000, "[]"):
        assert json.loads(shell("run", "status", "-", code=2, stdin=wrong).stdout)["error"]["code"] == "invalid-params"
    assert json.loads(shell("run", "nothing", code=2).stdout)["error"]["code"] == "invalid-params"


def test_schema_describes_every_operation(workspace: Path) -> None:
    told = json.loads(Shell(workspace)("schema").stdout)
    assert list(told) == list(NAMES)
    assert told["create"]["parameters"] == OPERATIONS["create"].input_schema()


def test_an_operation_alone_is_the_one_of_the_table() -> None:
    assert [alone(name) for name in NAMES] == list(OPERATIONS.values())


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], {"asyncio", "pydantic", "msgspec", "rich", "httpx2", "padwan_server.operations"}),
        (["batch", "list"], {"google.genai", "rich.console", "padwan_server.operations.table"}),
        (["batch", "list"], {"padwan_server.prompts.document", "padwan_server.operations.create", "pygls", "mcp"}),
    ],
)
def test_a_command_loads_only_what_it_needs(
    workspace: Path, environment: dict[str, str], emulate: Emulate, arguments: list[str], absent: set[str]
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", looking_for(absent), *arguments],
        cwd=workspace,
        env=service_environment(environment, emulate()),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == "[]\n"


@pytest.mark.parametrize(
    ("server", "absent"),
    [
        ("lsp", {"mcp", "google.genai", "rich", "uvicorn", "starlette"}),
        ("mcp", {"pygls", "google.genai", "rich"}),
    ],
)
def test_a_server_loads_only_what_it_needs_to_introduce_itself(
    workspace: Path, environment: dict[str, str], server: str, absent: set[str]
) -> None:
    client: dict[str, Any] = {"capabilities": {}, "processId": None, "rootUri": workspace.as_uri()}
    if server == "mcp":
        client = {"capabilities": {}, "protocolVersion": "2025-06-18", "clientInfo": {"name": "test", "version": "1"}}
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client})
    with subprocess.Popen(
        [sys.executable, "-c", looking_for(absent), server],
        cwd=workspace,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:
        assert program.stdin
        assert program.stdout
        program.stdin.write((f"Content-Length: {len(line)}\r\n\r\n{line}" if server == "lsp" else f"{line}\n").encode())
        program.stdin.flush()
        told = b""
        while b'"serverInfo"' not in told:
            piece = os.read(program.stdout.fileno(), 1 << 16)
            assert piece, "it ended without an answer"
            told += piece
        # It ends when its client has gone.
        assert program.communicate(timeout=50)[1].splitlines()[-1] == b"[]"


def looking_for(absent: set[str]) -> str:
    """A program that says at its end, on standard error, which of ``absent`` it loaded. Servers leave by ``_exit``."""
    return (
        "import os, sys\n"
        "leave = os._exit\n"
        "def end(code):\n"
        f"    print(sorted({absent!r} & set(sys.modules)), file=sys.stderr, flush=True)\n"
        "    leave(code)\n"
        "os._exit = end\n"
        "from padwan_server.__main__ import main\n"
        "end(main())\n"
    )
