"""What a language client is told of a prompt file once a job of it has ended: answers, failures, what to do next."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from lsprotocol import types

from tests.support.edits import created
from tests.support.language_client import Editor, open_editor

pytestmark = pytest.mark.slow

LINES = '{"key": "a", "prompt": "one"}\n{"key": "b", "prompt": "two"}\n'
FAILS = {"error": {"code": 13, "message": "It broke."}, "times": 1}


async def finished(editor: Editor, name: str, text: str, language: str = "json") -> str:
    """A job of a file that is open and saved, polled to its end."""
    (editor.root / name).write_text(text, encoding="utf-8")
    editor.open(name, text, language)
    job: str = (await editor.command("create", file=name))["job"]
    await editor.command("poll", job=job, interval=1)
    return job


def scenario(root: Path, **answers: object) -> None:
    """How the workspace's emulator answers: at once, and as told."""
    folder = root / ".padwan" / "emulator"
    folder.mkdir(parents=True)
    (folder / "scenario.json").write_text(json.dumps({"clock": {"pending": 0, "running": 0}, "answers": answers}))


async def test_lenses_show_the_job_and_what_to_do_next(workspace: Path, editor: Editor) -> None:
    scenario(workspace, b=FAILS)
    await finished(editor, "x.prompts.jsonl", LINES)
    lenses = await editor.lenses("x.prompts.jsonl")
    assert list(lenses) == ["Run 2 prompts", "SUCCEEDED 2/2", "Export", "Retry 1 failed"]
    await editor.run(lenses["Export"])
    assert [row["key"] for row in json.loads((workspace / "x.results.json").read_text())] == ["a", "b"]
    again = await editor.run(lenses["Retry 1 failed"])
    await editor.command("poll", job=again["submitted"]["job"], interval=1)
    assert "Retry 1 failed" not in await editor.lenses("x.prompts.jsonl")
    assert editor.refreshed[types.WORKSPACE_CODE_LENS_REFRESH] > 0


async def test_all_that_failed_are_counted(workspace: Path, editor: Editor) -> None:
    folder = workspace / ".padwan" / "emulator"
    folder.mkdir(parents=True)
    (folder / "scenario.json").write_text(
        json.dumps({"clock": {"pending": 0, "running": 0}, "default": {"error": {"code": 13}}})
    )
    await finished(editor, "x.prompts.txt", "".join(f"p{n}\n" for n in range(1100)), "plaintext")
    assert "Retry 1100 failed" in await editor.lenses("x.prompts.txt")
    uri = editor.uri("x.prompts.txt")
    await editor.until(lambda: len(editor.published[uri][-1].diagnostics) == 1000)
    last = editor.published[uri][-1].diagnostics[-1]
    assert (last.code, "101 more" in last.message) == ("more-problems", True)
    actions = await editor.actions("x.prompts.txt", (0, 0, 0, 0), ["refactor"])
    _, text = created(actions["Put 1100 failed prompts into a new file: x.failed.prompts.jsonl"])
    assert len(text.splitlines()) == 1100


async def test_hover_shows_the_answer_until_the_text_changes(workspace: Path, editor: Editor) -> None:
    scenario(workspace, b=FAILS)
    job = await finished(editor, "x.prompts.jsonl", LINES)
    told = await editor.hover("x.prompts.jsonl", 0, 20)
    assert f"ok in `{job}`" in told
    assert "one" in told
    assert "It broke." in await editor.hover("x.prompts.jsonl", 1, 20)
    editor.change("x.prompts.jsonl", 2, ((0, 24, 0, 27), "ONE"))
    assert "Changed since job" in await editor.hover("x.prompts.jsonl", 0, 20)


async def test_removed_results_are_not_shown_and_fetched_again_when_asked_for(workspace: Path, editor: Editor) -> None:
    scenario(workspace, b=FAILS)
    job = await finished(editor, "x.prompts.jsonl", LINES)
    shutil.rmtree(workspace / ".padwan" / "results")
    assert "ok in" not in await editor.hover("x.prompts.jsonl", 0, 20)
    await editor.command("status", job=job)
    assert f"ok in `{job}`" in await editor.hover("x.prompts.jsonl", 0, 20)


async def test_a_generated_key_follows_its_text(workspace: Path, editor: Editor) -> None:
    scenario(workspace, **{"prompt-1": FAILS})
    await finished(editor, "x.prompts.txt", "one\ntwo\n", "plaintext")
    editor.change("x.prompts.txt", 2, ((0, 0, 0, 0), "new\n"))
    assert "ok in" not in await editor.hover("x.prompts.txt", 0, 0)
    assert "ok in" in await editor.hover("x.prompts.txt", 1, 0)
    [problem] = await editor.problems("x.prompts.txt", 2)
    assert (problem.code, problem.range.start.line) == ("failed-request", 2)


async def test_a_failed_request_is_a_problem_on_its_own_line(
    workspace: Path, environment: dict[str, str], editor_name: str
) -> None:
    scenario(workspace, b=FAILS)
    async with open_editor(workspace, name=editor_name, environment=environment) as editor:
        job = await finished(editor, "x.prompts.jsonl", LINES)
        name = "x.prompts.jsonl"
        if not editor.pulls:
            await editor.until(lambda: bool(editor.published[editor.uri(name)][-1].diagnostics))
        [problem] = await editor.problems(name)
        assert (problem.code, problem.range.start.line) == ("failed-request", 1)
        assert "It broke." in problem.message
        again = await editor.command("retry", job=job, submit=True)
        await editor.command("poll", job=again["submitted"]["job"], interval=1)
        if not editor.pulls:
            await editor.until(lambda: not editor.published[editor.uri(name)][-1].diagnostics)
        assert await editor.problems(name) == []


async def test_failed_prompts_go_into_a_file_of_their_own(workspace: Path, editor: Editor) -> None:
    scenario(workspace, **{"prompt-1": FAILS})
    await finished(editor, "x.prompts.txt", "one\ntwo\n", "plaintext")
    actions = await editor.actions("x.prompts.txt", (0, 0, 0, 0), ["refactor"])
    name, text = created(actions["Put 1 failed prompt into a new file: x.failed.prompts.jsonl"])
    assert name == "x.failed.prompts.jsonl"
    assert json.loads(text) == {"key": "prompt-1", "prompt": "two"}


async def test_from_a_prompt_to_its_answer_and_back(workspace: Path, editor: Editor) -> None:
    scenario(workspace)
    await finished(editor, "x.prompts.jsonl", LINES)
    there = types.DefinitionParams(editor.document("x.prompts.jsonl"), types.Position(1, 3))
    answer = await editor.client.text_document_definition_async(there)
    assert isinstance(answer, types.Location)
    results = Path(answer.uri.removeprefix("file://"))
    lines = results.read_text().splitlines()
    assert json.loads(lines[answer.range.start.line])["key"] == "b"
    editor.open(str(results.relative_to(workspace)), results.read_text(), "jsonl")
    identifier = types.TextDocumentIdentifier(answer.uri)
    back = types.DefinitionParams(identifier, types.Position(answer.range.start.line, 5))
    prompt = await editor.client.text_document_definition_async(back)
    assert isinstance(prompt, types.Location)
    assert prompt.uri == editor.uri("x.prompts.jsonl")
    assert prompt.range.start.line == 1


async def test_a_key_of_a_job_leads_to_its_prompt(workspace: Path, editor: Editor) -> None:
    scenario(workspace)
    job = await finished(editor, "x.prompts.jsonl", LINES)
    editor.change("x.prompts.jsonl", 2, ((0, 0, 0, 0), '{"key": "é𝄞", "prompt": "New."}\n'))

    async def place(key: str, of: str = job) -> tuple[str, int] | None:
        found = await editor.request("padwan/promptPlace", job=of, key=key)
        return (found["uri"], found["range"]["start"]["line"]) if found else None

    assert await place("b") == (editor.uri("x.prompts.jsonl"), 2)
    assert await place("gone") is None
    assert await place("b", "batches/unknown") is None


async def test_inlay_hints_are_off_unless_set(workspace: Path, environment: dict[str, str]) -> None:
    scenario(workspace, b=FAILS)
    place = types.Range(types.Position(0, 0), types.Position(9, 0))
    for wanted in (False, True):
        options = {"backend": "emulator", "inlayHints": wanted}
        async with open_editor(workspace, environment=environment, options=options) as editor:
            if wanted:
                editor.open("x.prompts.jsonl", LINES)
            else:
                await finished(editor, "x.prompts.jsonl", LINES)
            params = types.InlayHintParams(editor.document("x.prompts.jsonl"), place)
            hints = await editor.client.text_document_inlay_hint_async(params) or ()
            labels = [str(hint.label).split(" · ")[0] for hint in hints]
            assert labels == (["ok", "error"] if wanted else [])
