"""What a command does that was given nothing: ask, take the only answer there is, or say what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.support.language_client import Editor, plain


class Person:
    """Answers the server's questions, and keeps what it was asked and told."""

    def __init__(self, editor: Editor, pick: Callable[[list[str]], str | None]) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.told: list[str] = []
        self._editor = editor
        features = editor.client.protocol.fm.features
        for method in (types.WINDOW_SHOW_MESSAGE, types.WINDOW_SHOW_MESSAGE_REQUEST):
            features.pop(method, None)

        @editor.client.feature(types.WINDOW_SHOW_MESSAGE)
        def told(params: types.ShowMessageParams) -> None:
            self.told.append(params.message)

        @editor.client.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
        def asked(params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
            titles = [action.title for action in params.actions or ()]
            self.asked.append((params.message, titles))
            picked = pick(titles)
            return types.MessageActionItem(picked) if picked else None

    async def __call__(self, name: str) -> dict[str, Any]:
        """Run a command as a picker does: without arguments."""
        params = types.ExecuteCommandParams(f"padwan.batch.{name}")
        return plain(await self._editor.client.workspace_execute_command_async(params))


async def test_the_only_open_prompt_file_is_sent_unasked(editor: Editor) -> None:
    person = Person(editor, lambda _: None)
    editor.open("x.prompts.json", '["a", "b"]')
    editor.open("other.json", "[]")
    made = await person("create")
    assert (made["file"], made["total"], person.asked) == ("x.prompts.json", 2, [])
    assert person.told == [f"{made['job']}: PENDING 0/2"]


async def test_of_several_files_the_person_picks_one(editor: Editor) -> None:
    person = Person(editor, lambda titles: titles[1])
    editor.open("x.prompts.json", '["a", "b"]')
    editor.open("y.prompts.json", '["c"]')
    checked = await person("validate")
    assert person.asked == [("Validate Prompts: which file?", ["x.prompts.json", "y.prompts.json"])]
    assert checked["file"] == "y.prompts.json"
    assert person.told == ["y.prompts.json: 1 prompts, 0 errors, 0 warnings."]


async def test_a_person_picks_among_the_jobs_that_it_can_be_done_with(editor: Editor, workspace: Path) -> None:
    person = Person(editor, lambda titles: titles[0])
    editor.open("x.prompts.json", '["a", "b"]')
    first = await editor.command("create", file="x.prompts.json", name="first")
    await editor.command("poll", job=first["job"], interval=1)
    second = await editor.command("create", prompts=["c"], name="second")
    third = await editor.command("create", prompts=["d"], name="third")

    seen = await person("status")
    [(question, titles)] = person.asked
    assert question == "Show Batch Job Status: which job?"
    assert [title.split(" · ")[0] for title in titles] == ["third", "second", "first"]
    assert seen["job"] == third["job"]

    person.asked.clear()
    cancelled = await person("cancel")
    assert [title.split(" · ")[-1] for title in person.asked[0][1]] == [third["job"], second["job"]]
    assert cancelled["job"] == third["job"]

    person.asked.clear()
    await editor.command("cancel", job=second["job"])
    # Three have ended by now, and an export needs a file, too.
    exported = await person("export")
    assert [question for question, _ in person.asked] == [
        "Export Batch Results: which job?",
        "Export Batch Results: which output?",
    ]
    assert exported["output"] == person.asked[1][1][0]
    assert (workspace / exported["output"]).exists()


async def test_a_question_that_is_dismissed_ends_the_command(editor: Editor) -> None:
    person = Person(editor, lambda _: None)
    for name in ("x.prompts.json", "y.prompts.json"):
        editor.open(name, '["a"]')
    with pytest.raises(JsonRpcException, match="Nothing was chosen") as raised:
        await person("create")
    assert raised.value.code == types.LSPErrorCodes.RequestCancelled
    assert (await editor.command("list"))["jobs"] == []


async def test_an_editor_that_cannot_be_asked_hears_what_is_missing(editor: Editor) -> None:
    person = Person(editor, lambda titles: titles[0])
    editor.client.protocol.fm.features.pop(types.WINDOW_SHOW_MESSAGE_REQUEST)
    for name in ("x.prompts.json", "y.prompts.json"):
        editor.open(name, '["a"]')
    with pytest.raises(JsonRpcException, match="which file"):
        await person("create")
    [told] = person.told
    assert "x.prompts.json" in told
    assert "y.prompts.json" in told


async def test_without_anything_to_choose_from_the_answer_says_so(editor: Editor) -> None:
    person = Person(editor, lambda titles: titles[0])
    with pytest.raises(JsonRpcException, match="no prompt file is open"):
        await person("create")
    with pytest.raises(JsonRpcException, match="there is no job"):
        await person("poll")
    assert person.asked == []
    assert (await person("list"))["jobs"] == []
    assert person.told[-1] == "There are no jobs."


async def test_what_was_given_is_not_asked_for(editor: Editor) -> None:
    person = Person(editor, lambda titles: titles[0])
    with pytest.raises(JsonRpcException, match="jobb"):
        await editor.command("status", jobb="x")
    assert person.asked == []


# padwan/prompts


async def places(editor: Editor, name: str, **wanted: Any) -> list[dict[str, Any]]:
    params = {"textDocument": {"uri": editor.uri(name)}, **wanted}
    return [plain(place) for place in await editor.client.protocol.send_request_async("padwan/prompts", params)]


async def test_prompts_are_found_by_key_in_the_editor_and_on_the_disk(editor: Editor, workspace: Path) -> None:
    (workspace / "x.prompts.json").write_text(json.dumps([{"key": "a", "prompt": "1"}, {"key": "b", "prompt": "2"}]))
    [on_disk] = await places(editor, "x.prompts.json", keys=["b", "gone"])
    assert on_disk["key"] == "b"
    assert on_disk["range"]["start"]["line"] == 0
    editor.open("x.prompts.json", '[{"key": "a", "prompt": "1"},\n {"key": "b", "prompt": "2"}]')
    [in_editor] = await places(editor, "x.prompts.json", keys=["b"])
    assert in_editor["range"] == {"start": {"line": 1, "character": 1}, "end": {"line": 1, "character": 28}}


async def test_the_prompts_of_some_lines_are_told_by_key(editor: Editor) -> None:
    editor.open("x.prompts.txt", "one\ntwo 😀\nthree\n", "plaintext")
    lines = {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 5}}
    assert [place["key"] for place in await places(editor, "x.prompts.txt", range=lines)] == ["prompt-1", "prompt-2"]


async def test_neither_keys_nor_range_is_an_error(editor: Editor) -> None:
    editor.open("x.prompts.txt", "one\n", "plaintext")
    with pytest.raises(JsonRpcException, match="keys or a range"):
        await places(editor, "x.prompts.txt")
