"""Problems of prompt files, as a language client sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lsprotocol import types

from tests.support.language_client import Editor, open_editor

FAULTY = '[\n  {"key": "a", "prompt": "one"},\n  {"key": "a", "prompt": "two"}\n]\n'
SOUND = FAULTY.replace('"a", "prompt": "two"', '"b", "prompt": "two"')


def codes(problems: list[types.Diagnostic]) -> list[str | int | None]:
    return [problem.code for problem in problems]


async def test_every_editor_sees_the_problems_and_sees_them_go(
    workspace: Path, environment: dict[str, str], editor_name: str
) -> None:
    async with open_editor(workspace, name=editor_name, environment=environment) as editor:
        editor.open("faulty.prompts.json", FAULTY)
        assert codes(await editor.problems("faulty.prompts.json")) == ["duplicate-key"]
        editor.change("faulty.prompts.json", 2, ((2, 11, 2, 12), "b"))
        assert await editor.problems("faulty.prompts.json", 2) == []


async def test_problems_are_pushed_or_pulled_but_never_both(workspace: Path, environment: dict[str, str]) -> None:
    async with open_editor(workspace, name="neovim", environment=environment) as pulling:
        pulling.open("faulty.prompts.json", FAULTY)
        assert await pulling.pull("faulty.prompts.json")
        await pulling.command("validate", prompts=["x"])
        assert pulling.published == {}


async def test_a_problem_has_code_severity_range_and_the_first_place(editor: Editor) -> None:
    editor.open("faulty.prompts.json", FAULTY)
    [problem] = await editor.problems("faulty.prompts.json")
    assert problem.severity is types.DiagnosticSeverity.Error
    assert problem.source == "padwan"
    assert problem.range == types.Range(types.Position(2, 10), types.Position(2, 13))
    assert problem.related_information
    assert problem.related_information[0].location.range.start.line == 1


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 27), ("utf-16", 25), ("utf-32", 24)])
async def test_columns_count_in_the_clients_units(
    workspace: Path, environment: dict[str, str], encoding: str, column: int
) -> None:
    text = '[{"prompt": "🐍", "key": 5}]'
    async with open_editor(workspace, environment=environment, encodings=[encoding]) as editor:
        editor.open("x.prompts.json", text)
        [problem] = await editor.problems("x.prompts.json")
        assert problem.range.start.character == column
        assert problem.range.end.character == column + 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_edits_land_exactly_beside_what_only_looks_like_a_line_end(
    workspace: Path, environment: dict[str, str], encoding: str
) -> None:
    before = "a\u2028b\u0085c\x0cd\x0be\u2029 🐍"
    text = f"first\n{before}\nx"
    units = {"utf-8": len(before.encode()), "utf-16": len(before.encode("utf-16-le")) // 2, "utf-32": len(before)}
    end = units[encoding]
    async with open_editor(workspace, environment=environment, encodings=[encoding]) as editor:
        editor.open("x.prompts.txt", text, "plaintext")
        editor.change("x.prompts.txt", 2, ((1, end, 1, end), "🐍 end"), ((2, 0, 2, 1), "third"))
        created = await editor.command("create", file="x.prompts.txt")
        requests = (editor.root / ".padwan" / "requests" / f"{created['id']}.jsonl").read_text("utf-8")
        sent = [json.loads(line)["request"]["contents"][0]["parts"][0]["text"] for line in requests.split("\n") if line]
        assert sent == ["first", before + "🐍 end", "third"]


async def test_an_edit_past_the_end_appends(editor: Editor) -> None:
    editor.open("x.prompts.txt", "one", "plaintext")
    editor.change("x.prompts.txt", 2, ((9, 0, 9, 0), "\ntwo"))
    validated = await editor.command("validate", file="x.prompts.txt")
    assert (validated["prompts"], validated["unsaved"]) == (2, True)


async def test_the_last_of_many_changes_is_what_counts(editor: Editor) -> None:
    editor.open("x.prompts.json", "[]")
    for version in range(2, 30):
        editor.change(
            "x.prompts.json", version, ((0, 1, 0, 1), '"x",' if version % 2 else '{"key": "k", "prompt": "y"},')
        )
    problems = await editor.pushed("x.prompts.json", 29)
    assert codes(problems).count("duplicate-key") == 13


async def test_files_of_other_names_are_left_alone_until_they_are_submitted(editor: Editor) -> None:
    editor.open("package.json", FAULTY)
    assert await editor.pushed("package.json", 1) == []
    result = await editor.command("validate", file="package.json")
    assert result["valid"] is False
    await editor.until(lambda: bool(editor.published[editor.uri("package.json")][-1].diagnostics))


async def test_the_setting_names_the_files_that_are_checked(workspace: Path, environment: dict[str, str]) -> None:
    options = {"backend": "emulator", "files": ["*.ask"]}
    async with open_editor(workspace, environment=environment, options=options) as editor:
        editor.open("x.prompts.json", FAULTY)
        editor.open("x.ask", "", "plaintext")
        assert await editor.pushed("x.prompts.json", 1) == []
        assert codes(await editor.pushed("x.ask", 1)) == ["empty-file"]


async def test_closing_a_file_takes_its_problems_away(editor: Editor) -> None:
    editor.open("faulty.prompts.json", FAULTY)
    assert await editor.problems("faulty.prompts.json")
    document = types.TextDocumentIdentifier(editor.uri("faulty.prompts.json"))
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(document))
    await editor.until(lambda: not editor.published[editor.uri("faulty.prompts.json")][-1].diagnostics)


async def test_a_quick_fix_mends_its_problem(editor: Editor) -> None:
    editor.open("faulty.prompts.json", FAULTY)
    [problem] = await editor.problems("faulty.prompts.json")
    params = types.CodeActionParams(
        types.TextDocumentIdentifier(editor.uri("faulty.prompts.json")),
        problem.range,
        types.CodeActionContext([problem]),
    )
    [action] = await editor.client.text_document_code_action_async(params) or ()
    assert isinstance(action, types.CodeAction)
    assert action.edit
    assert action.edit.changes
    [edit] = action.edit.changes[editor.uri("faulty.prompts.json")]
    at = edit.range
    place = (at.start.line, at.start.character, at.end.line, at.end.character)
    editor.change("faulty.prompts.json", 2, (place, edit.new_text))
    assert await editor.problems("faulty.prompts.json", 2) == []


async def test_at_most_a_thousand_problems_are_shown_and_the_rest_counted(editor: Editor) -> None:
    editor.open("x.prompts.json", json.dumps([""] * 1500))
    problems = await editor.problems("x.prompts.json")
    assert len(problems) == 1000
    assert "501 more" in problems[-1].message
