"""The extension as its users see it: through the page of the real workbench."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.workbench import WITHIN, Window, scenario, settings_of, shown

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OpenWindow = Callable[[Path], Window]

PROMPTS = [
    {"key": "sky", "prompt": "Why is the sky blue? One sentence."},
    {"key": "haiku", "prompt": "Write a haiku about waiting."},
    {"key": "html", "prompt": "Answer in <b>HTML</b>: <img src=x onerror=alert(1)>"},
    {"key": "blocked", "prompt": "Something that the service will not answer."},
    {"key": "flaky", "prompt": "Something that fails at first."},
]
ANSWERS = {
    "sky": {"text": "Short waves of light are scattered more than long ones."},
    "haiku": {"text": "The queue moves slowly.\nRain on the station window.\nThen your name is called."},
    "html": {"text": "<b>bold</b><script>document.title = 'run'</script><img src=x onerror=alert(1)>"},
    "blocked": {"blocked": "SAFETY"},
    "flaky": {"error": {"code": 14, "message": "The model is overloaded."}, "times": 1},
}


def write_prompts(folder: Path, name: str = "ask.prompts.json") -> None:
    lines = ",\n  ".join(json.dumps(prompt) for prompt in PROMPTS)
    (folder / name).write_text(f"[\n  {lines}\n]\n")


def test_the_journey_from_a_mistake_to_a_whole_result(folder: Path, open_window: OpenWindow) -> None:
    scenario(folder, answers=ANSWERS, clock={"pending": 1, "running": 6})
    write_prompts(folder)
    text = (folder / "ask.prompts.json").read_text()
    (folder / "ask.prompts.json").write_text(text.replace('"Write a haiku about waiting."', '""'))
    window = open_window(folder)
    page = window.page

    # A mistake shows where it is, and in the Problems.
    window.open_file("ask.prompts.json")
    shown(page.locator(".squiggly-error"))
    shown(page.locator(".codelens-decoration", has_text="5 prompts, 1 error"))
    window.command("View: Focus Problems")
    shown(page.locator(".markers-panel .monaco-list-row", has_text="prompt"))
    window.picture("journey-problem")
    window.command("View: Toggle Problems")
    (folder / "ask.prompts.json").write_text(text)

    # A lens sends the file; a toast follows the job.
    run = page.locator(".codelens-decoration a", has_text="Run 5 prompts")
    run.click()
    window.pick("gemini-3.8-flash")
    window.answer("Name of the job")
    toast = window.toast("Batch job ask")
    shown(toast.locator(".monaco-button", has_text="Cancel"))
    shown(window.status.filter(has_text="1 running"))
    window.show_jobs()
    shown(window.job(re.compile("ask.*running")))
    window.picture("journey-running")

    # Its end is told, and leads to the table: HTML is text, and no script of an answer runs.
    shown(page.locator(".codelens-decoration", has_text="Retry 2 failed"))
    window.press("Batch job ask has ended: 3 of 5 prompts have an answer, 2 do not.", "Open Results")
    table = window.table()
    shown(table.get_by_role("row", name="Short waves"))
    expect(table.locator("h1")).to_have_text("ask")
    table.get_by_role("row", name="html").click()
    expect(table.locator("aside pre")).to_have_text(ANSWERS["html"]["text"])
    assert table.locator("aside pre *, .grid img").count() == 0
    window.picture("journey-results")

    # It finds, filters, sorts, copies, and leads to the prompt.
    table.get_by_label("Search keys and answers").fill("queue")
    expect(table.locator(".canvas .row")).to_have_count(1)
    expect(table.locator(".canvas .row")).to_contain_text("haiku")
    table.get_by_label("Search keys and answers").fill("")
    table.get_by_role("button", name="blocked 1").click()
    expect(table.locator(".canvas .row")).to_have_count(1)
    table.get_by_role("button", name="blocked 1").click()
    table.get_by_role("button", name="Sort by tokens").click()
    tokens = [int(text) for text in table.locator(".canvas .row .number:last-child").all_inner_texts() if text != "–"]
    assert tokens == sorted(tokens, reverse=True)
    table.get_by_role("row", name="haiku").click()
    table.get_by_role("button", name="Copy answer").click()
    window.copied(ANSWERS["haiku"]["text"])
    table.get_by_role("button", name="Go to prompt").click()
    shown(window.status_bar("Ln 3, "))

    # What is shown is exported, what failed is sent again, and then all is there.
    table.get_by_role("button", name="error 1").click()
    table.get_by_role("button", name="Export 1 shown").click()
    window.save(folder / "bad.json")
    shown(window.toast("bad.json: 1 rows, 1 without a good answer."))
    assert [row["key"] for row in json.loads((folder / "bad.json").read_text())] == ["flaky"]
    table.get_by_role("button", name="error 1").click()
    table.get_by_role("button", name="Retry failed").click()
    window.page.keyboard.press("Enter")
    window.press("has ended: 1 of 2 prompts have an answer, 1 do not.", "Export")
    window.save(folder / "all.csv")
    shown(window.toast("all.csv: 5 rows, 1 without a good answer."))
    assert len((folder / "all.csv").read_text().splitlines()) > 5
    expect(table.get_by_role("button", name="ok 4")).to_be_visible()
    window.picture("journey-whole")
