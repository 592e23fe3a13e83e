"""The emulator as a program: its one line, its options, its end."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from padwan_server.emulator.testing import RunningEmulator, start_emulator
from tests.support.emulated import call, created, results

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "padwan_server", "emulator"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_url_alone_and_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    process = subprocess.Popen([*COMMAND, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    url = process.stdout.readline().strip()
    with urllib.request.urlopen(url) as page:
        assert page.status == 200
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("{", "scenario.json"),
        ('{"answrs": {}}', "answrs"),
        ('{"fail_rate": "x"}', "fail_rate"),
        ('{"jobs": [{"name": "batches/../x"}]}', "jobs[0].name"),
        ('{"faults": [{"on": "get", "status": 200}]}', "faults[0].status"),
    ],
)
def test_a_scenario_that_cannot_be_used_is_told(tmp_path: Path, scenario: str, said: str) -> None:
    file = tmp_path / "scenario.json"
    file.write_text(scenario)
    ended = subprocess.run([*COMMAND, "--scenario", str(file)], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("options", [("--fail-rate", "2"), ("--pending", "-1"), ("--speed", "-1"), ("--port", "70000")])
def test_an_option_that_cannot_be_used_is_told(options: tuple[str, str]) -> None:
    ended = subprocess.run([*COMMAND, *options], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert options[1] in ended.stderr or options[0].strip("-").replace("-", "_") in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_listens_to_this_machine_alone_unless_told() -> None:
    ended = subprocess.run([*COMMAND, "--host", "0.0.0.0"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--allow-remote" in ended.stderr


def test_a_port_that_is_taken_is_told(emulate: Callable[..., RunningEmulator]) -> None:
    port = emulate().url.rpartition(":")[2]
    ended = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "cannot start" in ended.stderr


def test_the_same_seed_fails_the_same_prompts_in_the_same_order() -> None:
    def keys(seed: str) -> tuple[list[str], list[str]]:
        scenario = {"clock": {"pending": 0, "running": 0}, "order": "shuffled"}
        with start_emulator(scenario, "--fail-rate", "0.3", "--seed", seed) as emulator:
            found = results(emulator, created(emulator, *["x"] * 200))
            failed = [result["metadata"]["key"] for result in found if "error" in result]
            return [result["metadata"]["key"] for result in found], failed

    order, failed = keys("1")
    assert 30 < len(failed) < 90
    assert keys("1") == (order, failed)
    assert all(mine != other for mine, other in zip((order, failed), keys("2"), strict=True))


def test_a_function_that_answers_is_found_where_the_program_is_started(tmp_path: Path) -> None:
    (tmp_path / "shouting.py").write_text("def shout(request, key, model):\n    return 'HI'\n")
    script = str(Path(sys.executable).with_name("padwan-server"))
    command = [script, "emulator", "--answer", "shouting:shout"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.terminate()


@pytest.mark.parametrize("named", ["os:sep", "os:", "nothing_like_it:f", ":f"])
def test_what_is_no_function_is_told(named: str) -> None:
    ended = subprocess.run([*COMMAND, "--answer", named], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"--answer {named}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_that_another_emulator_uses_is_told(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path / "state"))
    with start_emulator({}, *options) as emulator:
        ended = subprocess.run([*COMMAND, *options], capture_output=True, text=True, check=False, timeout=30)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert "cannot start: another one uses" in ended.stderr
        emulator.process.kill()
        emulator.process.wait()
    with start_emulator({}, *options) as emulator:
        assert call(emulator, "GET", "batches") == (200, {})


def test_jobs_survive_a_restart_with_a_state_folder(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path / "state"))
    with start_emulator({}, *options) as emulator:
        job = created(emulator, "x")
    with start_emulator({}, *options) as emulator:
        assert call(emulator, "GET", job)[1]["name"] == job
