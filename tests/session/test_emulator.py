"""The workspace's own emulator: started once, shared, without the user's key, gone after the last."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psutil
import pytest

from padwan_server.operations.settings import Settings
from padwan_server.session import emulator as workspace_emulator
from padwan_server.session.session import Session
from tests.support.operations import Runner
from tests.support.service import KEY

pytestmark = pytest.mark.slow


@asynccontextmanager
async def session_on(workspace: Path) -> AsyncIterator[Runner]:
    session = Session(workspace, Settings(backend="emulator"))
    try:
        yield Runner(session)
    finally:
        await session.aclose()


def emulators(workspace: Path) -> list[psutil.Process]:
    state = str(workspace / ".padwan" / "emulator" / "state")
    return [process for process in psutil.process_iter(["cmdline"]) if state in (process.info["cmdline"] or [])]


async def test_all_sessions_of_a_workspace_share_one(workspace: Path) -> None:
    async with AsyncExitStack() as opened:
        runners = [await opened.enter_async_context(session_on(workspace)) for _ in range(4)]
        created = await asyncio.gather(*(run("create", prompts=[f"x{n}"]) for n, run in enumerate(runners)))
        assert len(emulators(workspace)) == 1
        listed = (await runners[0]("list"))["jobs"]
        assert {job["job"] for job in listed} == {job["job"] for job in created}


async def test_no_module_of_the_users_folder_takes_the_place_of_ours(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "uvicorn.py").write_text("raise SystemExit('the workspace ran')")
    monkeypatch.chdir(workspace)
    async with session_on(workspace) as run:
        assert (await run("create", prompts=["x"]))["job"]


async def test_it_never_gets_the_users_key(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    async with session_on(workspace) as run:
        await run("create", prompts=["x"])
        [process] = emulators(workspace)
        assert KEY not in process.environ().values()
    stored = [path for path in (workspace / ".padwan").rglob("*") if path.is_file()]
    assert stored
    assert not [path for path in stored if KEY.encode() in path.read_bytes()]


async def test_it_ends_after_the_last_user_and_keeps_the_jobs(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_emulator, "LINGER", 0)
    async with session_on(workspace) as run:
        job = (await run("create", prompts=["x"]))["job"]
        [process] = emulators(workspace)
    await asyncio.to_thread(process.wait, 30)
    async with session_on(workspace) as run:
        assert (await run("status", job=job))["job"] == job


async def test_one_that_died_is_started_again(workspace: Path) -> None:
    async with session_on(workspace) as run:
        job = (await run("create", prompts=["x"]))["job"]
        [process] = emulators(workspace)
        process.kill()
        process.wait(30)
        assert (await run("status", job=job))["job"] == job


async def test_one_that_cannot_start_says_where_to_look(workspace: Path) -> None:
    folder = workspace / ".padwan" / "emulator"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "scenario.json").write_text(json.dumps({"unknown": 1}))
    async with session_on(workspace) as run:
        error = await run.error("create", prompts=["x"])
    assert error.code == "emulator-not-started"
    assert "unknown" in (workspace / error.hint.split()[-1].rstrip(".")).read_text()
