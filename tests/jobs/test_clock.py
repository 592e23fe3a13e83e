"""Waiting by the clock on the wall, which goes on while the machine sleeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.jobs import clock
from tests.support.operations import Runner

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]


class Wall:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.offset = 0.0
        self._time = time.time

    def __call__(self) -> float:
        return self._time() + self.offset


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall = Wall()
    monkeypatch.setattr(time, "time", wall)
    monkeypatch.setattr(clock, "_SLICE", 0.01)
    return wall


async def test_time_that_the_machine_slept_counts(wall: Wall) -> None:
    sleeping = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0.05)
    assert not sleeping.done()
    wall.offset = 7200
    await asyncio.wait_for(sleeping, 10)


async def test_a_clock_that_is_set_back_makes_nobody_wait_longer(wall: Wall) -> None:
    sleeping = asyncio.create_task(clock.sleep(0.2))
    await asyncio.sleep(0)
    wall.offset = -3600
    await asyncio.wait_for(sleeping, 10)


async def test_a_poll_ends_when_its_time_is_up_by_the_wall(emulate: Emulate, at_service: AtService, wall: Wall) -> None:
    run = at_service(emulate({"clock": {"pending": 9999, "running": 9999}}).url)
    job = (await run("create", prompts=["a"]))["job"]
    run.looks.clear()
    polling = asyncio.create_task(run("poll", job=job, timeout=3600))
    while not run.looks:
        await asyncio.sleep(0)
    wall.offset = 7200
    polled = await asyncio.wait_for(polling, 20)
    assert (polled["timed_out"], polled["state"]) == (True, "PENDING")


async def test_a_service_that_hangs_holds_no_poll_beyond_its_time(emulate: Emulate, at_service: AtService) -> None:
    hanging = {"on": "get", "times": 99, "delay": 50}
    run = at_service(emulate({"clock": {"pending": 9999, "running": 9999}, "faults": [hanging]}).url)
    job = (await run("create", prompts=["a"]))["job"]
    polled = await asyncio.wait_for(run("poll", job=job, timeout=0.3), 20)
    assert polled["timed_out"]


async def test_without_a_limit_a_deadline_never_comes() -> None:
    async with clock.deadline(None):
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with clock.deadline(0):
            await asyncio.sleep(10)


async def test_a_short_poll_does_not_wait_long_for_a_job_that_is_not_known_here(
    emulate: Emulate, at_service: AtService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("padwan_server.operations.poll._FOUND_WITHIN", 0.5, raising=False)
    run = at_service(emulate({"faults": [{"on": "get", "delay": 40}]}).url)
    error = await asyncio.wait_for(run.error("poll", job="batches/elsewhere", timeout=0.5), 20)
    assert error.code == "network"
