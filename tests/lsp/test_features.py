"""What a language client is told of a prompt file beside its problems."""

from __future__ import annotations

import json

import pytest
from lsprotocol import types

from tests.support.edits import created, edited
from tests.support.language_client import Editor

ARRAY = '["plain", {"prompt": "object"}, {"key": "k", "prompt": "keyed"}]'
LINES = '{"key": "a", "prompt": "one"}\n{"key": "b", "prompt": "two"}\n'

# Code lenses


async def test_a_lens_runs_the_file_as_it_stands(editor: Editor) -> None:
    editor.open("x.prompts.json", ARRAY)
    lenses = await editor.lenses("x.prompts.json")
    command = lenses["Run 3 prompts"]
    assert command.command == "padwan.batch.create"
    made = await editor.run(command)
    assert (made["total"], made["unsaved"]) == (3, True)


async def test_a_lens_counts_the_errors_in_place_of_running(editor: Editor) -> None:
    editor.open("x.prompts.json", '["", "b"]')
    assert list(await editor.lenses("x.prompts.json")) == ["2 prompts, 1 error"]


# Code actions


@pytest.mark.parametrize(
    ("title", "before", "after"),
    [
        (
            "Add a key to each prompt without one",
            ARRAY,
            ARRAY.replace('"plain"', '{"key": "prompt-0", "prompt": "plain"}').replace(
                '{"prompt": "object', '{"key": "prompt-1", "prompt": "object'
            ),
        ),
        ("Write all prompts as objects", '["a", {"prompt": "b"}]', '[{"prompt": "a"}, {"prompt": "b"}]'),
        ("Write all prompts as strings", '["a", {"prompt": "\\u0062\\n"}]', '["a", "\\u0062\\n"]'),
        ("Remove all blank prompts", '["", "a",\n "  ", "b", ""]', '["a",\n "b"]'),
        ("Remove all blank prompts", '["", "  "]', "[]"),
    ],
)
async def test_a_whole_file_is_rewritten(editor: Editor, title: str, before: str, after: str) -> None:
    editor.open("x.prompts.json", before)
    actions = await editor.actions("x.prompts.json", (0, 0, 0, 0), ["refactor"])
    assert edited(before, actions[title].edit) == after


async def test_what_would_lose_something_is_not_offered(editor: Editor) -> None:
    editor.open("x.prompts.json", ARRAY)
    titles = " ".join(await editor.actions("x.prompts.json", (0, 0, 0, 0), ["refactor"]))
    assert "as strings" not in titles
    assert "to text" not in titles
    assert "to JSON Lines" in titles
    editor.open("y.prompts.json", '["one\\nline more"]')
    assert "to text" not in " ".join(await editor.actions("y.prompts.json", (0, 0, 0, 0), ["refactor"]))
    editor.open("z.prompts.json", '["broken", ]')
    assert "Convert" not in " ".join(await editor.actions("z.prompts.json", (0, 0, 0, 0), ["refactor"]))


@pytest.mark.parametrize(
    ("name", "text", "title", "file", "converted"),
    [
        (
            "x.prompts.json",
            '["a", {"prompt": "é", "note": 1}]',
            "Convert to JSON Lines: x.prompts.jsonl",
            "x.prompts.jsonl",
            '{"prompt": "a"}\n{"prompt": "é", "note": 1}\n',
        ),
        ("x.prompts.json", '["a", "b c"]', "Convert to text: x.prompts.txt", "x.prompts.txt", "a\nb c\n"),
        (
            "x.prompts.txt",
            "a\n\n b\n",
            "Convert to a JSON array: x.prompts.json",
            "x.prompts.json",
            '[\n  "a",\n  "b"\n]\n',
        ),
        (
            "x.prompts.jsonl",
            LINES,
            "Convert to a JSON array: x.prompts.json",
            "x.prompts.json",
            '[\n  {"key": "a", "prompt": "one"},\n  {"key": "b", "prompt": "two"}\n]\n',
        ),
    ],
)
async def test_a_file_is_converted_into_a_new_one(
    editor: Editor, name: str, text: str, title: str, file: str, converted: str
) -> None:
    editor.open(name, text, "plaintext" if name.endswith("txt") else "json")
    actions = await editor.actions(name, (0, 0, 0, 0), ["refactor"])
    assert created(actions[title]) == (file, converted)


async def test_edits_of_a_large_file_are_made_when_they_are_chosen(editor: Editor) -> None:
    prompts = [f"p{n}" for n in range(6000)]
    editor.open("x.prompts.json", json.dumps(prompts))
    actions = await editor.actions("x.prompts.json", (0, 0, 0, 0))
    announced = actions["Write all prompts as objects"]
    assert announced.edit is None
    resolved = await editor.client.code_action_resolve_async(announced)
    assert json.loads(edited(json.dumps(prompts), resolved.edit))[-1] == {"prompt": "p5999"}
    converted = await editor.client.code_action_resolve_async(actions["Convert to text: x.prompts.txt"])
    assert created(converted)[1].startswith("p0\np1\n")
    editor.open("y.prompts.json", json.dumps([*prompts, "two\nlines"]))
    lossy = (await editor.actions("y.prompts.json", (0, 0, 0, 0)))["Convert to text: y.prompts.txt"]
    with pytest.raises(Exception, match="cannot hold"):
        await editor.client.code_action_resolve_async(lossy)


@pytest.mark.parametrize(
    "text",
    [
        '[{"prompt": ""}, {"prompt": 5}, {"prompt": "b"}]',
        '[\n{"prompt": "a"},\n{"prompt": "b"\n',
        '[{prompt: "a"}, ""]',
        '[{"prompt": " ", "request": {"contents": "x"}}, "b"]',
    ],
)
async def test_a_file_that_cannot_be_read_in_whole_is_not_rewritten(editor: Editor, text: str) -> None:
    editor.open("x.prompts.json", text)
    assert await editor.actions("x.prompts.json", (0, 0, 0, 0), ["refactor"]) == {}


async def test_blank_lines_and_prompts_go_together(editor: Editor) -> None:
    text = '{"prompt":""}\n\n{"prompt":"b"}\n\n\n'
    editor.open("x.prompts.jsonl", text)
    actions = await editor.actions("x.prompts.jsonl", (0, 0, 0, 0), ["refactor"])
    assert edited(text, actions["Remove all blank prompts"].edit) == '{"prompt":"b"}\n'


async def test_a_file_that_exists_is_not_the_target(editor: Editor) -> None:
    (editor.root / "x.prompts.txt").write_text("mine")
    editor.open("x.prompts.json", '["a"]')
    actions = await editor.actions("x.prompts.json", (0, 0, 0, 0), ["refactor"])
    assert "Convert to text: x-2.prompts.txt" in actions


async def test_all_is_fixed_at_once_but_what_needs_a_decision(editor: Editor) -> None:
    text = '[{"custom_id": "a", "prompt": "x"}, {"key": "a", "prompt": "y\\u0000"}, {"key": "a", "prompt": "z"},]'
    editor.open("x.prompts.json", text)
    actions = await editor.actions("x.prompts.json", (0, 0, 0, 0), ["source.fixAll"])
    fixed = edited(text, actions["Fix all that can be fixed"].edit)
    assert json.loads(fixed) == [
        {"key": "a", "prompt": "x"},
        {"key": "a", "prompt": "y\0"},
        {"key": "a-2", "prompt": "z"},
    ]


async def test_all_of_a_kind_are_fixed_at_once(editor: Editor) -> None:
    text = '[{"custom_id": "a", "prompt": "x"}, {"custom_id": "b", "prompt": "y"}]'
    editor.open("x.prompts.json", text)
    actions = await editor.actions("x.prompts.json", (0, 3, 0, 3), ["quickfix"])
    assert set(actions) == {'Rename it to "key"', "Fix all 2 of this kind (unknown-field)"}
    fixed = edited(text, actions["Fix all 2 of this kind (unknown-field)"].edit)
    assert [entry["key"] for entry in json.loads(fixed)] == ["a", "b"]


# Hover, symbols, rename, completion, folding, selection


async def test_hover_tells_the_text_as_it_will_be_sent(editor: Editor) -> None:
    editor.open("x.prompts.json", '[{"key": "k", "prompt": "line\\n```\\u00e9"}]')
    told = await editor.hover("x.prompts.json", 0, 20)
    assert "`k` · 9 characters, 10 bytes" in told
    assert "````text\nline\n```é\n````" in told
    assert await editor.hover("x.prompts.json", 0, 0) == ""


async def test_the_outline_has_every_prompt_up_to_a_limit(editor: Editor) -> None:
    editor.open("x.prompts.json", json.dumps([{"key": f"k{n}", "prompt": f"p{n}"} for n in range(1100)]))
    params = types.DocumentSymbolParams(editor.document("x.prompts.json"))
    symbols = await editor.client.text_document_document_symbol_async(params) or ()
    assert len(symbols) == 1000
    first = symbols[0]
    assert isinstance(first, types.DocumentSymbol)
    assert (first.name, first.detail) == ("k0", "p0")
    assert first.selection_range.start.character == 9


async def test_a_key_is_renamed_unless_another_prompt_has_it(editor: Editor) -> None:
    editor.open("x.prompts.jsonl", LINES)
    document, place = editor.document("x.prompts.jsonl"), types.Position(1, 10)
    prepared = await editor.client.text_document_prepare_rename_async(types.PrepareRenameParams(document, place))
    assert isinstance(prepared, types.PrepareRenamePlaceholder)
    assert prepared.placeholder == "b"
    edit = await editor.client.text_document_rename_async(types.RenameParams(document, place, 'c"'))
    assert edited(LINES, edit) == LINES.replace('"b"', '"c\\""')
    with pytest.raises(Exception, match="Another prompt has the key a already"):
        await editor.client.text_document_rename_async(types.RenameParams(document, place, "a"))
    elsewhere = types.PrepareRenameParams(editor.document("x.prompts.jsonl"), types.Position(1, 25))
    assert await editor.client.text_document_prepare_rename_async(elsewhere) is None


async def completed(editor: Editor, text: str, name: str = "x.prompts.json") -> list[str]:
    """The labels that are offered where ``|`` stands in a text."""
    at = text.index("|")
    editor.open(name, text.replace("|", ""))
    position = types.Position(text.count("\n", 0, at), at - text.rfind("\n", 0, at) - 1)
    params = types.CompletionParams(editor.document(name), position)
    found = await editor.client.text_document_completion_async(params)
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(editor.document(name)))
    assert not isinstance(found, types.CompletionList)
    return [item.label for item in found or ()]


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("[|]", ["prompt", "request"]),
        ('["a", |', ["prompt", "request"]),
        ('[{"key": "a", |', ["prompt", "request"]),
        ('[{"key": "a", "pr|', ["prompt", "request"]),
        ('[{"request": {"contents": [], "toolConfig": {"|": 1}}}]', ["functionCallingConfig", "retrievalConfig"]),
        (
            '[{"request": {"generationConfig": {"thinkingConfig": {|',
            ["includeThoughts", "thinkingBudget", "thinkingLevel"],
        ),
        ('[{"request": {"contents": [{"parts": [{"inlineData": {|', ["mimeType", "data"]),
        ('[{"request": {"contents": [{"parts": [{"inline_data": {"mime_type": "x", |', ["data"]),
        ('[{"request": {"tool_config": {"function_calling_config": {"mode": |', ["AUTO", "ANY", "NONE", "VALIDATED"]),
        ('[{"request": {"generationConfig": {"responseLogprobs": |', ["true", "false"]),
        ('[{"prompt": "|"}]', []),
        ('[{"prompt": "a"}|]', []),
        ('["he|llo"]', []),
        ('[{"|", "prompt": "x"}]', ["key", "request"]),
        ('[\n{"prompt": "unclosed},\n{|}]', ["key", "prompt", "request"]),
    ],
)
async def test_completion_knows_where_it_is(editor: Editor, text: str, offered: list[str]) -> None:
    assert await completed(editor, text) == offered


async def test_completion_offers_models_and_config_members(editor: Editor) -> None:
    assert "models/gemini-3.8-flash" in await completed(editor, '[{"request": {"model": "|"}}]')
    offered = await completed(editor, '{"request": {"generation_config": {"top_p": 1, |}}}', "x.prompts.jsonl")
    assert {"temperature", "max_output_tokens", "top_k"} <= set(offered)
    assert "top_p" not in offered


async def test_completion_takes_the_place_of_the_word(editor: Editor) -> None:
    editor.open("x.prompts.json", '[{"pro": 1}]')
    params = types.CompletionParams(editor.document("x.prompts.json"), types.Position(0, 5))
    found = await editor.client.text_document_completion_async(params)
    assert isinstance(found, list)
    item = next(item for item in found if item.label == "prompt")
    assert isinstance(item.text_edit, types.TextEdit)
    assert item.text_edit.range == types.Range(types.Position(0, 2), types.Position(0, 7))
    assert item.filter_text == '"prompt'


async def test_completion_of_a_name_leaves_its_value_alone(editor: Editor) -> None:
    editor.open("x.prompts.json", '[{"ke": "x"}]')
    params = types.CompletionParams(editor.document("x.prompts.json"), types.Position(0, 4))
    found = await editor.client.text_document_completion_async(params)
    assert isinstance(found, list)
    [item] = [item for item in found if item.label == "key"]
    assert isinstance(item.text_edit, types.TextEdit)
    assert item.text_edit.new_text == '"key"'


async def test_entries_and_groups_of_lines_fold(editor: Editor) -> None:
    editor.open("x.prompts.json", '[\n{\n"prompt": "a"\n},\n"b"]')
    params = types.FoldingRangeParams(editor.document("x.prompts.json"))
    folds = await editor.client.text_document_folding_range_async(params) or ()
    assert [(fold.start_line, fold.end_line) for fold in folds] == [(1, 3)]
    editor.open("y.prompts.jsonl", "".join(f'{{"prompt": "{n}"}}\n' for n in range(150)))
    params = types.FoldingRangeParams(editor.document("y.prompts.jsonl"))
    folds = await editor.client.text_document_folding_range_async(params) or ()
    assert [(fold.start_line, fold.end_line) for fold in folds] == [(0, 99), (100, 149)]


async def test_a_selection_grows_from_the_text_to_the_entry(editor: Editor) -> None:
    editor.open("x.prompts.jsonl", LINES)
    params = types.SelectionRangeParams(editor.document("x.prompts.jsonl"), [types.Position(1, 24)])
    [selection] = await editor.client.text_document_selection_range_async(params) or ()
    found: list[tuple[int, int]] = []
    grown: types.SelectionRange | None = selection
    while grown:
        found.append((grown.range.start.character, grown.range.end.character))
        grown = grown.parent
    assert found == [(24, 27), (23, 28), (0, 29), (0, 0)]
