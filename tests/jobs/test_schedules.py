"""A thousand lives of jobs in bad weather: whatever goes wrong on the way, none is lost, doubled or mixed up."""

from __future__ import annotations

import asyncio
import json
import os
import random
import ssl
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator, start_emulator
from padwan_server.errors import PadwanError
from padwan_server.gemini import reads
from padwan_server.jobs import reconciliation, submission, watcher
from padwan_server.operations.settings import Settings
from padwan_server.session.session import Session
from tests.support.operations import Runner
from tests.support.weather import Trouble, Weather, weather

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SEED = int(os.environ.get("PADWAN_SEED") or random.SystemRandom().randrange(10**9))
"""PADWAN_SEED=… runs the same lives again."""

LIVES = 1000
AT_ONCE = 50
TROUBLES = [trouble for trouble in Trouble if trouble is not Trouble.NONE]
PASSING = {"network", "rate-limited", "service-unavailable", "bad-answer", "job-not-done"}
"""What a person tries again after."""


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    """One for all lives; each has a key of its own."""
    failing = {f"once-{life}": {"error": {"code": 13}, "times": 1} for life in range(LIVES)}
    with start_emulator({"clock": {"pending": 0, "running": 0}, "order": "shuffled", "answers": failing}) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes at once; what is under test is the order of things."""

    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(watcher, "sleep", at_once)
    monkeypatch.setattr(reconciliation, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(reads, "_FIRST_PAUSE", 0.0)
    # The SDK waits between the tries of an upload, for 7 seconds in all.
    monkeypatch.setattr("google.genai._api_client.INITIAL_RETRY_DELAY", 0)
    # It reads the certificates of the world for each session, twice; nothing here goes by TLS.
    monkeypatch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))


class Life:
    """A workspace, a key, and a person who does not give up."""

    def __init__(self, number: int, folder: Path, sky: Weather, emulator: RunningEmulator) -> None:
        self.rng = random.Random(f"{SEED}-{number}")
        self.folder = folder
        self.key = f"life-{number}"
        self._sky = sky
        self._emulator = emulator
        self._session: Session | None = None
        self.prompts = [f"question {n} of {number}" for n in range(self.rng.randint(1, 6))]
        entries = [{"key": f"once-{number}", "prompt": "fails once"}, *({"prompt": p} for p in self.prompts)]
        folder.mkdir()
        (folder / "ask.prompts.json").write_text(json.dumps(entries))
        self.texts = {f"once-{number}": "fails once"} | {f"prompt-{n}": p for n, p in enumerate(self.prompts, 1)}
        self.forecast = self.rng.choices([Trouble.NONE, *TROUBLES], [12, *[1] * len(TROUBLES)], k=40)
        sky.forecast(self.forecast)

    def run(self) -> Runner:
        if self._session is None:
            os.environ["GEMINI_API_KEY"] = self.key
            self._session = Session(self.folder, Settings())
        return Runner(self._session)

    async def end(self) -> None:
        if self._session:
            await self._session.aclose()
            self._session = None

    async def again(self, what: Callable[[Runner], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """Do it until it works, with another program now and then."""
        for _ in range(60):
            if self.rng.random() < 0.1:
                await self.end()
            try:
                return await what(self.run())
            except PadwanError as error:
                if error.code == "submit-uncertain":
                    await self._resolve(error.data["id"])
                elif error.code not in PASSING:
                    raise
        raise AssertionError("the weather never cleared")

    async def _resolve(self, job: str) -> None:
        choice = "resubmit" if self.rng.random() < 0.7 else "adopt"
        try:
            await self.run()("resolve", job=job, choice=choice)
        except PadwanError as error:
            if error.code not in PASSING | {"no-candidate", "submit-uncertain"}:
                raise

    async def submitted(self, operation: str, **arguments: Any) -> str:
        """Submit once; the job's name or, where no answer came, its id here."""
        for _ in range(60):
            try:
                result = await self.run()(operation, **arguments)
                job = result["submitted"] if operation == "retry" else result
                return str(job["job"] or job["id"])
            except PadwanError as error:
                if error.code in ("submit-uncertain", "already-submitted", "retry-running"):
                    return str(error.data["id"])
                if error.code not in PASSING:
                    raise
        raise AssertionError("the weather never cleared")

    def at_the_service(self) -> int:
        request = urllib.request.Request(f"{self._emulator.url}/v1beta/batches?pageSize=100&key={self.key}")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return len(json.loads(answer.read()).get("operations", []))


async def live(life: Life) -> None:
    per_job = life.rng.randint(1, len(life.texts))
    parts = -(-len(life.texts) // per_job)
    job = await life.submitted("create", file="ask.prompts.json", max_per_job=per_job)
    if life.rng.random() < 0.3:
        await life.end()
    polled = await life.again(lambda run: run("poll", job=job, interval=1))
    assert polled["outcomes"] == {"error": 1, "ok": len(life.prompts)}
    assert life.at_the_service() == parts
    again = await life.submitted("retry", job=job, submit=True)
    await life.again(lambda run: run("poll", job=again, interval=1))
    status = await life.again(lambda run: run("status", job=job, results=True))
    assert {result["key"]: result["content"].partition(": ")[2] for result in status["results"]} == life.texts
    assert status["outcomes"] == {"ok": len(life.texts)}
    assert life.at_the_service() == parts + 1


@pytest.mark.parametrize("first", range(0, LIVES, AT_ONCE))
async def test_lives_in_bad_weather(
    tmp_path: Path, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    # Every second batch sends all as uploaded files.
    monkeypatch.setattr(submission, "INLINE_LIMIT_BYTES", 10 if first // AT_ONCE % 2 else 10**7)
    async with weather(emulator.url) as sky:
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", sky.url)
        for number in range(first, first + AT_ONCE):
            life = Life(number, tmp_path / str(number), sky, emulator)
            try:
                await live(life)
            except BaseException:
                print(f"PADWAN_SEED={SEED}, life {number}: {[trouble.value for trouble in life.forecast]}")
                raise
            finally:
                sky.forecast([])
                await life.end()


def test_the_seed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{LIVES} lives in bad weather with PADWAN_SEED={SEED}")
    assert len({random.Random(f"{SEED}-{life}").random() for life in range(LIVES)}) == LIVES
