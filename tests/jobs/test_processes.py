"""Several programs on one workspace: one watches, the others follow, and the dead hold nothing."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.jobs.progress import JobProgress
from padwan_server.session.session import Session
from tests.jobs.test_ledger_rescue import scratched
from tests.support.json_rpc import connect
from tests.support.operations import Runner
from tests.support.service import service_environment
from tests.support.shell import PROGRAM, Shell

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]


async def heard(session: Session) -> tuple[list[JobProgress], asyncio.Event]:
    """What a long-lived program hears of jobs, and an event for each."""
    looks: list[JobProgress] = []
    news = asyncio.Event()

    async def changed(look: JobProgress) -> None:
        looks.append(look)
        news.set()

    session.watch(changed)
    return looks, news


def succeeded(looks: list[JobProgress]) -> bool:
    return any(look.state == "SUCCEEDED" for look in looks)


async def until(news: asyncio.Event, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            news.clear()
            await news.wait()


async def test_a_job_of_another_program_is_picked_up_and_its_results_fetched_once(
    emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate({"clock": {"pending": 0.5, "running": 0.5}})
    job = (await at_service(emulator.url)("create", prompts=["a", "b"]))["job"]
    editors = [at_service(emulator.url).session for _ in range(3)]
    told = [await heard(session) for session in editors]
    for looks, news in told:
        await until(news, partial(succeeded, looks))
        assert looks[-1].job == job
    gets = len(emulator.requests("get"))
    status = await at_service(emulator.url)("status", job=job, results=True)
    assert status["outcomes"] == {"ok": 2}
    assert len(emulator.requests("get")) == gets


async def test_one_of_several_watches(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"clock": {"pending": 2, "running": 2}})
    await at_service(emulator.url)("create", prompts=["a"])
    told = [await heard(at_service(emulator.url).session) for _ in range(4)]
    for looks, news in told:
        await until(news, partial(succeeded, looks))
    # Four seconds at one look a second, and not four times as many.
    assert len(emulator.requests("get")) <= 8


async def test_a_poll_uses_the_looks_of_another_program(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"clock": {"pending": 2, "running": 2}})
    runs = [at_service(emulator.url) for _ in range(3)]
    job = (await runs[0]("create", prompts=["a"]))["job"]
    polled = await asyncio.gather(*(run("poll", job=job, interval=1) for run in runs))
    assert {result["state"] for result in polled} == {"SUCCEEDED"}
    assert len(emulator.requests("get")) <= 10


async def test_another_takes_over_from_one_that_is_killed(
    workspace: Path, emulate: Emulate, at_service: AtService, environment: dict[str, str]
) -> None:
    emulator = emulate({"clock": {"pending": 3600, "running": 0, "speed": 1}})
    job = (await at_service(emulator.url)("create", prompts=["a"]))["job"]
    options = {"initializationOptions": {"backend": "gemini"}}
    async with connect(workspace, service_environment(environment, emulator)) as editor:
        await editor.call(
            "initialize", {"processId": None, "rootUri": workspace.as_uri(), "capabilities": {}, **options}
        )
        editor.notify("initialized", {})
        while not list((workspace / ".padwan" / "locks").glob("watch-*")):
            await asyncio.sleep(0.05)
        looks, news = await heard(at_service(emulator.url).session)
        editor.process.send_signal(signal.SIGKILL)
        await editor.process.wait()
    emulator.advance(7200)
    await until(news, partial(succeeded, looks))
    assert looks[-1].job == job


async def test_an_editor_that_starts_goes_on_with_what_was_pending(
    workspace: Path, emulate: Emulate, at_service: AtService, environment: dict[str, str]
) -> None:
    emulator = emulate()
    job = (await at_service(emulator.url)("create", prompts=["a"]))["job"]
    async with connect(workspace, service_environment(environment, emulator)) as editor:
        options = {"initializationOptions": {"backend": "gemini"}}
        await editor.call(
            "initialize", {"processId": None, "rootUri": workspace.as_uri(), "capabilities": {}, **options}
        )
        editor.notify("initialized", {})
        message = await editor.read() or {}
    assert message["method"] == "padwan/jobProgress"
    assert (message["params"]["job"], message["params"]["state"]) == (job, "SUCCEEDED")
    assert len(list((workspace / ".padwan" / "results").iterdir())) == 1


async def test_results_for_which_there_was_no_room_are_fetched_by_whoever_watches_once_there_is(
    workspace: Path, emulate: Emulate, at_service: AtService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("padwan_server.jobs.pending.AGAIN_AFTER", 0.2)
    emulator = emulate({"clock": {"pending": 3600, "running": 0}})
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a"]))["job"]
    looks, news = await heard(at_service(emulator.url).session)
    await until(news, lambda: bool(looks))
    results = workspace / ".padwan" / "results"
    results.rmdir()
    results.write_text("in the way")
    emulator.advance(7200)
    await until(news, partial(succeeded, looks))
    results.unlink()
    jobs = await run.session.context().open_jobs()
    async with asyncio.timeout(30):
        while not (await jobs.known(job)).stored:
            await asyncio.sleep(0.05)
    assert len(list(results.iterdir())) == 1


async def test_the_watching_goes_on_when_the_ledger_breaks(
    workspace: Path, emulate: Emulate, at_service: AtService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("padwan_server.session.watching._AFTER_TROUBLE", 0.2)
    emulator = emulate()
    run = at_service(emulator.url)
    await run("poll", job=(await run("create", prompts=["a"]))["job"])
    await run.session.aclose()
    watching = at_service(emulator.url).session
    looks, news = await heard(watching)
    assert not await watching.history.any_unfinished(emulator.url)
    database = watching.history._ledger
    assert database
    connection = database._database.connection
    await watching.history.read(lambda: connection().execute("PRAGMA wal_checkpoint(TRUNCATE)"))
    scratched(workspace / ".padwan" / "ledger.sqlite3")
    # In the thread of all that reads it, which may have seen the damage by now.
    await watching.history.read(lambda: connection().execute("PRAGMA shrink_memory"))
    async with asyncio.timeout(30):
        while not list((workspace / ".padwan").glob("*.damaged-*")):
            await asyncio.sleep(0.05)
    await at_service(emulator.url)("create", prompts=["b"])
    await until(news, partial(succeeded, looks))


def test_many_shells_at_once_lose_nothing(workspace: Path, emulate: Emulate, environment: dict[str, str]) -> None:
    emulator = emulate()
    shell = Shell(workspace, service_environment(environment, emulator))
    commands = [[*PROGRAM, "batch", "create", "-p", f"prompt {n}", "--json"] for n in range(6)]
    running = [
        subprocess.Popen(command, cwd=workspace, env=shell.environment, stdout=subprocess.PIPE) for command in commands
    ]
    created = {json.loads(process.communicate(timeout=50)[0])["job"] for process in running}
    assert {job["job"] for job in shell.json("batch", "list")["jobs"]} == created
    assert len(emulator.requests("create")) == 6
