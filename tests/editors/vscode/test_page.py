"""The extension as its users see it: through the page of the real workbench."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.tools import VSIX, require
from tests.editors.vscode.workbench import CodeServer, Window, advance, scenario, settings_of, shown
from tests.support.service import KEY
from tests.support.shell import Shell

require()
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OpenWindow = Callable[[Path], Window]

PROMPTS: list[dict[str, str]] = [
    {"key": "sky", "prompt": "Why is the sky blue? One sentence."},
    {"key": "haiku", "prompt": "Write a haiku about waiting."},
    {"key": "html", "prompt": "Answer in <b>HTML</b>: <img src=x onerror=alert(1)>"},
    {"key": "blocked", "prompt": "Something that the service will not answer."},
    {"key": "flaky", "prompt": "Something that fails at first."},
]
ANSWERS: dict[str, dict[str, Any]] = {
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
    shown(window.toast("bad.json: 1 row, 1 without a good answer."))
    assert [row["key"] for row in json.loads((folder / "bad.json").read_text())] == ["flaky"]
    table.get_by_role("button", name="error 1").click()
    table.get_by_role("button", name="Retry failed").click()
    window.confirm()
    window.press("has ended: 4 of 5 prompts have an answer, 1 does not.", "Export")
    window.save(folder / "all.csv")
    shown(window.toast("all.csv: 5 rows, 1 without a good answer."))
    assert len((folder / "all.csv").read_text().splitlines()) > 5
    expect(table.get_by_role("button", name="ok 4")).to_be_visible()
    window.picture("journey-whole")


def test_watching_stops_alone_and_a_restart_loses_no_job(folder: Path, open_window: OpenWindow) -> None:
    scenario(folder, clock={"pending": 0, "running": 60, "speed": 0})
    write_prompts(folder)
    window = open_window(folder)
    window.command("Padwan: Create Batch Job")
    window.pick("ask.prompts.json")
    window.pick("gemini-3.8-flash")
    window.answer("Name of the job", "slow")
    window.press("Batch job slow", "Cancel")
    shown(window.toast("Batch job slow goes on"))
    shown(window.status.filter(has_text="1 running"))
    window.command("Padwan: Restart Server")
    window.show_jobs()
    shown(window.job(re.compile("slow.*running")))
    shown(window.status.filter(has_text="1 running"))
    advance(folder, 30)
    shown(window.job(re.compile(r"slow.*running · [1-4]/5 · about .* left")))
    advance(folder, 100)
    shown(window.toast("Batch job slow has ended: every prompt has an answer (5)."))


def test_an_end_while_the_window_was_closed_is_told(folder: Path, open_window: OpenWindow) -> None:
    scenario(folder, clock={"pending": 0, "running": 60, "speed": 0})
    write_prompts(folder)
    window = open_window(folder)
    window.open_file("ask.prompts.json")
    window.page.locator(".codelens-decoration a", has_text="Run 5 prompts").click()
    window.pick("gemini-3.8-flash")
    window.answer("Name of the job")
    shown(window.status.filter(has_text="1 running"))
    window.close(folder)
    advance(folder, 100)
    shown(open_window(folder).toast("Batch job ask has ended: every prompt has an answer (5)."))


def test_a_job_is_cancelled_from_its_row(folder: Path, open_window: OpenWindow) -> None:
    scenario(folder, clock={"pending": 0, "running": 60, "speed": 0})
    write_prompts(folder)
    window = open_window(folder)
    window.open_file("ask.prompts.json")
    window.page.locator(".codelens-decoration a", has_text="Run 5 prompts").click()
    window.pick("gemini-3.8-flash")
    window.answer("Name of the job")
    window.show_jobs()
    row = window.job(re.compile("ask.*running"))
    row.hover()
    row.get_by_role("button", name="Cancel Batch Job").click()
    window.dialog("Cancel Job")
    advance(folder, 5)
    shown(window.toast(re.compile("Batch job ask (was cancelled|has ended): 0 of 5")))


def test_the_walkthrough_needs_no_key(workspace: Path, open_window: OpenWindow) -> None:
    settings_of(workspace, backend=None)
    scenario(workspace, clock={"pending": 0, "running": 0})
    window = open_window(workspace)
    window.command("Welcome: Open Walkthrough...")
    window.pick("Run your first batch job")
    steps = window.page.locator(".getting-started-step")
    shown(steps.filter(has_text="Choose where jobs run"))
    steps.filter(has_text="Choose where jobs run").get_by_role("button", name="Use the Emulator").click()
    shown(window.toast("now run at the emulator"))
    shown(
        window.page.frame_locator("iframe.webview").frame_locator("iframe").get_by_role("heading", name="Emulator or")
    )
    window.picture("walkthrough")
    assert json.loads((workspace / ".vscode/settings.json").read_text())["padwan.backend"] == "emulator"
    steps.filter(has_text="Write prompts").click()
    steps.filter(has_text="Write prompts").get_by_role("button", name="New Prompt File").click()
    shown(window.page.locator(".codelens-decoration a", has_text="Run 3 prompts"))
    window.page.locator(".tab", has_text="Welcome").click()
    steps.filter(has_text="Send them").click()
    steps.filter(has_text="Send them").get_by_role("button", name="Create Batch Job").click()
    window.pick("ask.prompts.json")
    window.pick("gemini-3.8-flash")
    window.answer("Name of the job")
    window.press("Batch job ask has ended", "Open Results")
    shown(window.table().get_by_role("row", name="padwan emulator"))


def test_without_a_key_the_next_step_is_a_button(
    workspace: Path, open_window: OpenWindow, code_server: CodeServer
) -> None:
    settings_of(workspace, backend="gemini")
    write_prompts(workspace)
    window = open_window(workspace)
    window.command("Padwan: Create Batch Job")
    window.pick("ask.prompts.json")
    window.pick("gemini-3.8-flash")
    window.answer("Name of the job")
    window.press("No API key", "Set API Key")
    window.answer("https://aistudio.google.com/apikey", KEY)
    window.show_jobs()
    window.command("Padwan: Create Batch Job")
    window.pick("ask.prompts.json")
    window.pick("gemini-3.8-flash")
    window.answer("Name of the job")
    shown(window.toast("Batch job ask has ended"))
    files = [path for place in (workspace, code_server.folder) for path in place.rglob("*") if path.is_file()]
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


def test_a_missing_server_is_told_with_what_helps(workspace: Path, open_window: OpenWindow) -> None:
    settings_of(workspace, interpreter=None)
    (workspace / "ask.prompts.json").write_text('[""]')
    window = open_window(workspace)
    window.open_file("ask.prompts.json")
    toast = window.toast("padwan-server was not found.")
    for button in ("Install", "Choose Interpreter", "Show Log"):
        shown(toast.locator(".monaco-button", has_text=button))
    shown(window.page.locator("[aria-label='Padwan: not running']"))
    window.picture("missing-server")
    window.press("padwan-server was not found.", "Choose Interpreter")
    window.pick("Browse")
    window.save(Path(sys.executable))
    shown(window.page.locator(".squiggly-error"))
    settings = json.loads((workspace / ".vscode/settings.json").read_text())
    assert settings["padwan.interpreter"] == sys.executable


@pytest.mark.usefixtures("tools")
def test_the_package_holds_what_its_users_and_a_marketplace_need_and_no_more() -> None:
    with ZipFile(VSIX) as package:
        files = {name.removeprefix("extension/") for name in package.namelist()}
        readme = package.read("extension/readme.md").decode()
    media = {"icon.png", "file.svg", "padwan.svg", *(f"walkthrough/{name}" for name in WALKTHROUGH)}
    code = {"extension.js", "results.js", "results.css", "prompt-file.schema.json"}
    pages = {"readme.md", "changelog.md", "LICENSE.txt", "package.json", "language-configuration.json"}
    frame = {"[Content_Types].xml", "extension.vsixmanifest"}
    grammar = {"syntaxes/padwan-prompts.tmLanguage.json", "snippets/prompts.json"}
    assert files == {f"media/{name}" for name in media} | {f"dist/{name}" for name in code} | pages | frame | grammar
    assert set(re.findall(r"\]\((media/[^)]+)\)", readme)) <= files


WALKTHROUGH = ("backend.md", "file.md", "run.png", "results.png")


def test_a_hundred_thousand_results_are_few_elements(folder: Path, open_window: OpenWindow) -> None:
    scenario(folder, clock={"pending": 0, "running": 0}, answers={"prompt-99998": {"blocked": "SAFETY"}})
    (folder / "many.prompts.txt").write_text("".join(f"What is {number} squared?\n" for number in range(100_000)))
    shell = Shell(folder, dict(os.environ))
    job = json.loads(shell("batch", "create", "-f", "many.prompts.txt", "--backend", "emulator", "--json").stdout)[
        "job"
    ]
    shell("batch", "poll", "-j", job, "--backend", "emulator", "--interval", "1", "--no-results")
    window = open_window(folder)
    window.show_jobs()
    window.job("cli-batch").click()
    table = window.table()
    expect(table.get_by_role("status")).to_have_text(re.compile("^100,000 prompts"), timeout=60_000)
    grid = table.get_by_role("grid")
    grid.press("End")
    shown(table.get_by_role("row", name="prompt-99999"))
    expect(grid).to_have_attribute("aria-rowcount", "100001")
    assert table.locator(".canvas .row").count() < 100
    window.picture("many")
    table.get_by_role("button", name="blocked 1").click()
    expect(table.locator(".canvas .row")).to_have_count(1)
    grid.press("Home")
    grid.press("Enter")
    expect(table.locator("aside h2")).to_have_text("prompt-99998")


def test_the_table_is_used_with_the_keyboard_alone(folder: Path, open_window: OpenWindow) -> None:
    scenario(folder, answers=ANSWERS, clock={"pending": 0, "running": 0})
    write_prompts(folder)
    Shell(folder, dict(os.environ))("batch", "create", "-f", "ask.prompts.json", "-n", "ask", "--backend", "emulator")
    window = open_window(folder)
    window.show_jobs()
    # A job that ended before this window was there, with prompts that have no answer.
    shown(window.job(re.compile("ask.*2 failed")))
    window.job("ask").click()
    table, keyboard = window.table(), window.page.keyboard
    shown(table.get_by_role("row", name="Short waves"))
    grid = table.get_by_role("grid", name="Results")
    expect(grid).to_be_focused()
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(table.get_by_role("complementary", name="Answer")).to_contain_text("The queue moves slowly.")
    expect(table.get_by_role("row", selected=True)).to_contain_text("haiku")
    assert window.violations() == []
    keyboard.press("ArrowUp")
    expect(table.get_by_role("complementary", name="Answer")).to_contain_text("Short waves")
    keyboard.press("Control+c")
    window.copied(ANSWERS["sky"]["text"])

    # What is pressed keeps the focus.
    keyboard.press("/")
    expect(table.get_by_role("searchbox", name="Search keys and answers")).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("Space")
    ok = table.get_by_role("button", name="ok 3")
    expect(ok).to_be_focused()
    expect(ok).to_have_attribute("aria-pressed", "true")
    expect(table.get_by_role("status")).to_contain_text("3 of 5 prompts")
    keyboard.press("Space")
    expect(ok).to_have_attribute("aria-pressed", "false")
    sort = table.get_by_role("button", name="Sort by tokens")
    sort.focus()
    keyboard.press("Enter")
    expect(sort).to_be_focused()
    expect(table.get_by_role("columnheader", name="Sort by tokens")).to_have_attribute("aria-sort", "descending")
    keyboard.press("/")
    table.get_by_role("searchbox").fill("nothing like this")
    expect(table.get_by_role("button", name="Export 0 shown")).to_be_disabled()

    # It comes back with its window, and in other colours.
    window.stored("memento/workbench.parts.editor", "nothing like this")
    window.page.reload()
    shown(table.get_by_role("button", name="Export 0 shown"))
    table.get_by_role("searchbox").fill("")
    table.get_by_role("row", name="flaky").click()
    for theme, name in (("Light Modern", "light"), ("Dark High Contrast", "contrast")):
        window.command("Preferences: Color Theme")
        window.page.locator(".quick-input-widget input").first.fill(theme)
        window.row(theme).first.click()
        shown(window.themed(name))
        assert window.violations() == []
        window.picture(f"table-{name}")
