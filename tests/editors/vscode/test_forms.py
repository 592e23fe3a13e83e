"""What the palette asks for, so that nobody has to know an id, and what it then does."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import expect

from padwan_server.session.backend import EMULATOR_KEY
from tests.editors.vscode.tools import require
from tests.editors.vscode.workbench import Window, advance, scenario, settings_of, shown
from tests.support.shell import Shell

require()
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OpenWindow = Callable[[Path], Window]

AT_ONCE = {"pending": 0, "running": 0}


def emulated(folder: Path, *arguments: str) -> None:
    """Run a ``batch`` command of the shell at the emulator."""
    Shell(folder, dict(os.environ))("batch", *arguments, "--backend", "emulator")


def created(window: Window, file: str, name: str) -> None:
    """Create a job of a file from the palette."""
    window.command("Padwan: Create Batch Job")
    window.pick(file)
    window.pick("gemini-3.8-flash")
    window.answer("Name of the job", name)


def test_a_submission_without_an_answer_is_adopted_or_discarded(folder: Path, open_window: OpenWindow) -> None:
    settings_of(folder, submissionTags=False)
    scenario(folder, clock=AT_ONCE, faults=[{"on": "create", "times": 2, "drop": "after"}])
    for number in (1, 2):
        (folder / f"{number}.prompts.json").write_text(f'["prompt {number}"]')
    window = open_window(folder)
    window.show_jobs()
    for number in (1, 2):
        created(window, f"{number}.prompts.json", f"lost-{number}")
        shown(window.job(re.compile(f"lost-{number}.*submit uncertain")))
    sent_by_others(folder, "lost-1")

    # Two jobs of the service may be the one: both are offered, by what is known of them.
    window.refresh_jobs()
    expect(window.job("lost-1")).to_have_count(3)
    uncertain = window.job(re.compile("lost-1.*submit uncertain"))
    uncertain.hover()
    uncertain.get_by_role("button", name="Resolve Uncertain Submission").click()
    shown(window.row("costs twice"))
    window.picture("resolve")
    window.pick("The service has it")
    expect(window.row("batches/")).to_have_count(2)
    shown(window.row(re.compile("lost-1.*succeeded")))
    window.picture("candidates")
    window.row("batches/").first.click()
    shown(window.toast("Adopted batches/"))
    expect(uncertain).to_have_count(0)

    # The other is forgotten, once that is confirmed.
    window.command("Padwan: Resolve Uncertain Submission")
    window.pick("lost-2")
    window.pick("Forget it")
    window.dialog("Resolve Uncertain Submission")
    shown(window.toast("Discarded"))
    expect(window.job(re.compile("submit uncertain"))).to_have_count(0)


def sent_by_others(folder: Path, name: str) -> None:
    """Let the emulator have another job of this name, which the workspace knows nothing of."""
    url = (folder / ".padwan" / "emulator" / "url").read_text().strip()
    requests = [{"request": {"contents": [{"parts": [{"text": "Hm?"}]}]}, "metadata": {"key": "a"}}]
    batch = {"display_name": name, "input_config": {"requests": {"requests": requests}}}
    address = f"{url}/v1beta/models/gemini-3.8-flash:batchGenerateContent"
    httpx2.post(address, json={"batch": batch}, headers={"x-goog-api-key": EMULATOR_KEY}).raise_for_status()


def test_jobs_that_ended_are_deleted_and_pruned(folder: Path, open_window: OpenWindow) -> None:
    scenario(folder, clock={"pending": 0, "running": 60, "speed": 0})
    for name in ("gone", "old"):
        (folder / f"{name}.prompts.json").write_text(f'["{name}"]')
        emulated(folder, "create", "-f", f"{name}.prompts.json", "-n", name)
    advance(folder, 100)
    (folder / "y.prompts.json").write_text('["y"]')
    emulated(folder, "create", "-f", "y.prompts.json", "-n", "runs")
    window = open_window(folder)
    window.show_jobs()
    shown(window.job(re.compile("runs.*running")))
    window.command("Padwan: Delete Batch Job")
    shown(window.row("gone"))
    assert window.row("runs").count() == 0
    window.pick("gone")
    window.dialog("Delete Batch Job")
    shown(window.toast("Deleted"))
    expect(window.job("gone")).to_have_count(0)

    window.command("Padwan: Prune Old Batch Jobs")
    window.pick("Days")
    window.answer("Forget jobs that were submitted longer ago", "many")
    shown(window.page.locator(".quick-input-message", has_text="whole number"))
    window.answer("whole number", "0")
    window.pick("Prune Old Batch Jobs")
    window.dialog("Prune Old Batch Jobs")
    shown(window.toast("1 job forgotten"))
    assert len(list((folder / ".padwan" / "requests").iterdir())) == 1
    shown(window.job(re.compile("runs.*running")))


def test_what_is_selected_in_a_prompt_file_is_sent_as_it_stands_there(folder: Path, open_window: OpenWindow) -> None:
    scenario(folder, clock=AT_ONCE, default={"template": "{key}: {prompt}"})
    request = {"contents": [{"parts": [{"text": "Third?"}]}], "generationConfig": {"temperature": 0}}
    records = [{"key": "first", "prompt": "First?"}, {"key": "second", "prompt": "Second?"}]
    lines = [json.dumps(record) for record in [*records, {"key": "third", "request": request}]]
    (folder / "ask.prompts.jsonl").write_text("\n".join(lines) + "\n")
    window = open_window(folder)
    window.open_file("ask.prompts.jsonl")
    shown(window.page.locator(".codelens-decoration", has_text="Run 3 prompts"))
    # From the middle of the second record to the middle of the third.
    window.go_to(2, 20)
    for _ in range(2):
        window.page.keyboard.press("Shift+ArrowDown")
    window.command("Padwan: Create Batch Job from Selection")
    window.pick("gemini-3.8-flash")
    window.answer("Name of the job")
    window.press("Batch job ask selection has ended: every prompt has an answer (2).", "Open Results")
    table = window.table()
    shown(table.get_by_role("row", name="second: Second?"))
    shown(table.get_by_role("row", name="third: Third?"))


def test_prompts_that_were_corrected_are_retried_with_their_new_text(folder: Path, open_window: OpenWindow) -> None:
    answers = {"odd": {"blocked": "SAFETY", "times": 1}}
    scenario(folder, clock=AT_ONCE, answers=answers, default={"template": "You asked {prompt}"})
    prompts = folder / "ask.prompts.json"
    prompts.write_text('[{"key": "odd", "prompt": "Old text"}, {"key": "even", "prompt": "Well"}]')
    window = open_window(folder)
    created(window, "ask.prompts.json", "ask")
    shown(window.toast("Batch job ask has ended: 1 of 2 prompts have an answer"))
    prompts.write_text('[{"key": "odd", "prompt": "New text"}, {"key": "even", "prompt": "Well"}]')
    window.press("Batch job ask has ended", "Retry Failed")
    window.confirm()
    window.pick("Send the new text of 1 prompt")
    window.press("has ended: every prompt has an answer (2)", "Open Results")
    shown(window.table().get_by_role("row", name="You asked: New text"))

    # The view shows that the one is a retry of the other.
    window.show_jobs()
    retry = window.page.locator(".pane-body .monaco-list-row[aria-level='2']")
    shown(retry.filter(has_text="retry"))
    window.picture("retry")


def test_a_window_on_two_folders_asks_which_one_is_meant(tmp_path: Path, open_window: OpenWindow) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        scenario(tmp_path / name, clock=AT_ONCE, default={"template": "From " + name})
        (tmp_path / name / f"{name}.prompts.json").write_text(f'["{name}"]')
        emulated(tmp_path / name, "create", "-f", f"{name}.prompts.json", "-n", f"job-{name}")
        emulated(tmp_path / name, "list")
    window_file = tmp_path / "both.code-workspace"
    settings = {"padwan.interpreter": sys.executable, "padwan.backend": "emulator"}
    window_file.write_text(json.dumps({"folders": [{"path": "one"}, {"path": "two"}], "settings": settings}))
    window = open_window(window_file)
    window.show_jobs()
    shown(window.job("job-one"))
    window.job("job-two").click()
    shown(window.table().get_by_role("row", name="From two"))
    created(window, "two.prompts.json", "again")
    window.press("Batch job again has ended", "Open Results")
    shown(window.table().get_by_role("row", name="From two"))
    window.command("Padwan: Prune Old Batch Jobs")
    window.pick(re.compile("^two"))
    window.pick("Days")
    window.answer("Forget jobs", "0")
    window.pick("Prune Old Batch Jobs")
    window.dialog("Prune Old Batch Jobs")
    shown(window.toast("2 jobs forgotten"))
    requests = {name: len(list((tmp_path / name / ".padwan" / "requests").iterdir())) for name in ("one", "two")}
    assert requests == {"one": 1, "two": 0}


def test_a_job_that_somebody_else_sent_is_shown_and_its_end_told(folder: Path, open_window: OpenWindow) -> None:
    scenario(folder, clock={"pending": 0, "running": 60, "speed": 0})
    (folder / "x.prompts.json").write_text('["x"]')
    window = open_window(folder)
    window.open_file("x.prompts.json")
    shown(window.page.locator(".codelens-decoration", has_text="Run 1 prompt"))
    emulated(folder, "create", "-f", "x.prompts.json", "-n", "elsewhere")
    shown(window.status.filter(has_text="1 running"))
    advance(folder, 100)
    shown(window.toast("Batch job elsewhere has ended: every prompt has an answer (1)."))
