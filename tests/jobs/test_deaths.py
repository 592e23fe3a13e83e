"""Whatever dies, and whenever: no job is lost, none is paid for twice, and every stored answer is whole."""

from __future__ import annotations

import csv
import itertools
import json
import os
import shutil
import urllib.request
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator, start_emulator
from tests.support.killed import Ended, Mortal, mortal
from tests.support.service import service_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

INLINE = ("create", "-f", "ask.prompts.txt", "-n", "mine", "--json")
IN_PARTS = (*INLINE, "--max-per-job", "2")
PROMPTS = [f"question {number}" for number in range(5)]
FAILURE = {"error": {"code": 13}}
SCENARIO = {
    "clock": {"pending": 0, "running": 0},
    # Each life has a prompt that fails once, and its own name for it.
    "answers": {"prompt-3": FAILURE, **{f"once-{life}": {**FAILURE, "times": 1} for life in range(5000)}},
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    """One for all; each death has an API key, and so a service, of its own."""
    with start_emulator(SCENARIO) as running:
        yield running


@pytest.fixture(scope="module")
def die_inline() -> Iterator[Mortal]:
    with mortal() as shell:
        yield shell


@pytest.fixture(scope="module")
def die_uploading() -> Iterator[Mortal]:
    with mortal(inline_limit=10) as shell:
        yield shell


class Life:
    """One workspace and one key: what is done in it, and what the service has then."""

    keys = itertools.count()

    def __init__(self, folder: Path, shell: Mortal, emulator: RunningEmulator) -> None:
        self.folder = folder
        self._shell = shell
        self._emulator = emulator
        self.number = next(self.keys)
        key = f"key-{os.getpid()}-{self.number}"
        self._environment = {**service_environment(os.environ, emulator), "GEMINI_API_KEY": key}
        folder.mkdir()
        (folder / "ask.prompts.txt").write_text("\n".join(PROMPTS))

    def again(self, folder: Path) -> Life:
        """The same life from here on, in a folder of its own."""
        shutil.copytree(self.folder, folder)
        life = copy(self)
        life.folder = folder
        return life

    def run(self, *arguments: str, dies_at: int = 0) -> Ended:
        return self._shell(self.folder, self._environment, "batch", *arguments, dies_at=dies_at)

    def told(self, *arguments: str) -> Any:
        ended = self.run(*arguments, "--json")
        assert ended.code in (0, 3), ended.output
        return ended.json

    def at_the_service(self) -> list[dict[str, Any]]:
        """The jobs that the service has for this key, whoever remembers them."""
        headers = {"x-goog-api-key": self._environment["GEMINI_API_KEY"]}
        asked = urllib.request.Request(f"{self._emulator.url}/v1beta/batches?pageSize=100", headers=headers)
        with urllib.request.urlopen(asked) as answer:
            found: list[dict[str, Any]] = json.load(answer).get("operations", [])
        return found

    def stored(self) -> list[Path]:
        """The files of results, each of which must be whole."""
        files = list((self.folder / ".padwan" / "results").glob("*.jsonl"))
        for file in files:
            lines = file.read_bytes()
            assert lines.endswith(b"\n")
            assert all("key" in json.loads(line) for line in lines.splitlines())
        return files


def lives(tmp_path: Path, shell: Mortal, emulator: RunningEmulator) -> Iterator[tuple[int, Life]]:
    for step in itertools.count(1):
        yield step, Life(tmp_path / str(step), shell, emulator)


def lives_from(life: Life) -> Iterator[tuple[int, Life]]:
    """The same life again and again, as it is now."""
    for step in itertools.count(1):
        yield step, life.again(life.folder.with_name(str(step)))


def all_answered(life: Life, job: str) -> None:
    polled = life.told("poll", "-j", job, "-i", "1")
    assert polled["total"] == len(PROMPTS)
    assert polled["outcomes"] == {"error": 1, "ok": 4}
    assert [result["key"] for result in polled["results"]] == [f"prompt-{n}" for n in range(5)]
    for result, prompt in zip(polled["results"], PROMPTS, strict=True):
        assert result["error"] or result["content"].endswith(prompt)
    life.stored()


@pytest.mark.parametrize(("command", "jobs"), [(INLINE, 1), (IN_PARTS, 3)], ids=["one", "parts"])
@pytest.mark.parametrize("way", ["inline", "upload"])
def test_create(
    tmp_path: Path,
    emulator: RunningEmulator,
    die_inline: Mortal,
    die_uploading: Mortal,
    command: tuple[str, ...],
    jobs: int,
    way: str,
) -> None:
    shell = die_inline if way == "inline" else die_uploading
    uncertain = accepted = 0
    for step, life in lives(tmp_path, shell, emulator):
        ended = life.run(*command, dies_at=step)
        if ended.code is not None:
            break
        before = life.at_the_service()
        assert len(before) <= jobs
        rows = life.told("list")["jobs"]
        if before:
            accepted += 1
            # What the service has is in the list as our own, under the name of its first part.
            assert [row["name"] for row in rows] == ["mine"]
        else:
            assert all(row["state"] in ("SUBMIT_UNCERTAIN", "WAITING") for row in rows)
        again = life.run(*command)
        if again.code == 0:
            job = again.json["job"]
        else:
            error = again.json["error"]
            assert error["code"] == "already-submitted", error
            job = error["data"]["id"]
            if error["data"]["state"] == "SUBMIT_UNCERTAIN":
                uncertain += 1
                assert life.told("resolve", "-j", job, "--choice", "resubmit")["job"]["name"] == "mine"
        all_answered(life, job)
        # Without the user's word nothing was sent twice.
        assert len(life.at_the_service()) == jobs
        shutil.rmtree(life.folder)
    assert ended.code == 0
    assert step > 20
    assert uncertain
    assert accepted


@pytest.mark.parametrize("way", ["inline", "upload"])
def test_poll_and_fetch(
    tmp_path: Path, emulator: RunningEmulator, die_inline: Mortal, die_uploading: Mortal, way: str
) -> None:
    sent = Life(tmp_path / "sent", die_inline if way == "inline" else die_uploading, emulator)
    job = sent.told(*IN_PARTS[:-3], "--max-per-job", "3")["job"]
    for step, life in lives_from(sent):
        ended = life.run("poll", "-j", job, "-i", "1", "--json", dies_at=step)
        life.stored()
        all_answered(life, job)
        assert len(life.at_the_service()) == 2
        assert len(life.stored()) == 2
        shutil.rmtree(life.folder)
        if ended.code is not None:
            break
    assert ended.code in (0, 3)
    assert step > 20


def test_export(tmp_path: Path, emulator: RunningEmulator, die_inline: Mortal) -> None:
    answered = Life(tmp_path / "answered", die_inline, emulator)
    (answered.folder / "old.csv").write_text("as it was")
    job = answered.told(*INLINE[:-1])["job"]
    answered.told("poll", "-j", job, "-i", "1")
    for step, life in lives_from(answered):
        new = life.run("export", "-j", job, "-o", "new.csv", dies_at=step)
        life.run("export", "-j", job, "-o", "old.csv", "--overwrite", dies_at=step)
        for name in ("new.csv", "old.csv"):
            file = life.folder / name
            if file.exists() and file.read_text() != "as it was":
                with file.open(newline="") as rows:
                    assert [row["key"] for row in csv.DictReader(rows)] == [f"prompt-{n}" for n in range(5)]
        assert life.told("export", "-j", job, "-o", "new.csv", "--overwrite")["rows"] == 5
        shutil.rmtree(life.folder)
        if new.code is not None:
            break
    assert new.code == 0
    assert step > 5


def test_retry(tmp_path: Path, emulator: RunningEmulator, die_inline: Mortal) -> None:
    resolved = 0
    for step, life in lives(tmp_path, die_inline, emulator):
        entries = [{"key": f"once-{life.number}", "prompt": "a"}, *PROMPTS[1:3]]
        (life.folder / "ask.prompts.json").write_text(json.dumps(entries))
        job = life.told("create", "-f", "ask.prompts.json")["job"]
        life.told("poll", "-j", job, "-i", "1")
        ended = life.run("retry", "-j", job, "--submit", "--json", dies_at=step)
        if ended.code is not None:
            break
        assert len(life.at_the_service()) <= 2
        again = life.run("retry", "-j", job, "--submit", "--json")
        if again.code == 0 and again.json["submitted"]:
            life.told("poll", "-j", again.json["submitted"]["job"], "-i", "1")
        elif again.code != 0:
            error = again.json["error"]
            assert error["code"] == "retry-running", error
            if not error["data"]["job"]:
                resolved += 1
                life.told("resolve", "-j", error["data"]["id"], "--choice", "resubmit")
            life.told("poll", "-j", error["data"]["id"], "-i", "1")
        whole = life.told("status", "-j", job, "-r")
        assert whole["outcomes"] == {"ok": 3}
        assert len(life.at_the_service()) == 2
        shutil.rmtree(life.folder)
    assert ended.code == 0
    assert step > 20
    assert resolved
