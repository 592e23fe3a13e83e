"""Settings, from wherever a client tells them."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from tests.support.json_rpc import connect
from tests.support.language_client import Editor, open_editor


@pytest.mark.parametrize("options", [{"backend": "emulator"}, {"padwan": {"backend": "emulator"}}])
async def test_initialization_options_hold_with_and_without_the_sections_name(
    workspace: Path, environment: dict[str, str], options: dict[str, object]
) -> None:
    async with connect(workspace, environment) as client:
        await client.initialize(workspace, initializationOptions=options)
        assert "result" in await client.execute("padwan.batch.list")


async def test_a_changed_configuration_holds_from_then_on(workspace: Path, environment: dict[str, str]) -> None:
    async with connect(workspace, environment) as client:
        await client.initialize(workspace, initializationOptions=None)
        refused = await client.execute("padwan.batch.list")
        assert refused["error"]["data"]["code"] == "no-api-key"
        client.notify("workspace/didChangeConfiguration", {"settings": {"padwan": {"backend": "emulator"}}})
        assert "result" in await client.execute("padwan.batch.list")


async def test_the_answer_to_a_question_for_settings_is_waited_for(
    workspace: Path, environment: dict[str, str]
) -> None:
    async with connect(workspace, environment) as client:
        await client.initialize(
            workspace, initializationOptions=None, capabilities={"workspace": {"configuration": True}}
        )
        listed = client.request("workspace/executeCommand", {"command": "padwan.batch.list"})
        question = await client.read()
        assert question is not None
        assert question["method"] == "workspace/configuration"
        client.send({"jsonrpc": "2.0", "id": question["id"], "result": [{"backend": "emulator"}]})
        assert "result" in await client.answer(listed)


async def test_a_bad_setting_is_told_and_the_old_ones_hold(workspace: Path, environment: dict[str, str]) -> None:
    async with connect(workspace, environment) as client:
        await client.initialize(workspace)
        client.notify("workspace/didChangeConfiguration", {"settings": {"padwan": {"backend": "mars"}}})
        assert "result" in await client.execute("padwan.batch.list")
        shown = [n["params"]["message"] for n in client.notifications if n["method"] == "window/showMessage"]
        assert len(shown) == 1
        assert "padwan.backend" in shown[0]


async def test_settings_of_the_extension_alone_do_no_harm(workspace: Path, environment: dict[str, str]) -> None:
    options = {"backend": "emulator", "server": {"command": ["x"]}, "trace": {"server": "off"}, "model": None}
    async with open_editor(workspace, environment=environment, options=options) as editor:
        assert (await editor.command("list"))["jobs"] == []


async def test_the_model_of_the_settings_is_used(workspace: Path, environment: dict[str, str]) -> None:
    options = {"backend": "emulator", "model": "gemini-2.0-flash"}
    async with open_editor(workspace, environment=environment, options=options) as editor:
        created = await editor.command("create", prompts=["x"])
        assert created["model"] == "gemini-2.0-flash"
        assert "gemini-3.8-flash" in created["warnings"][0]


async def test_without_a_key_the_error_names_both_ways_on(workspace: Path, environment: dict[str, str]) -> None:
    async with open_editor(workspace, environment=environment, options={"backend": "gemini"}) as editor:
        with pytest.raises(Exception, match=r"GEMINI_API_KEY.*emulator") as caught:
            await editor.command("create", prompts=["x"])
        assert caught.value.data["code"] == "no-api-key"  # type: ignore[attr-defined]
        assert not (workspace / ".padwan").exists()


async def test_settings_reach_a_session_that_is_already_open(editor: Editor) -> None:
    await editor.command("list")
    editor.client.set_configuration({"padwan": {"backend": "emulator", "model": "another-model"}})
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
    assert (await editor.command("create", prompts=["x"]))["model"] == "another-model"


@pytest.mark.slow
async def test_a_rule_turned_off_shows_nothing(workspace: Path, environment: dict[str, str]) -> None:
    rules = {"duplicate-prompt": "off", "mixed-array": "error"}
    options = {"backend": "emulator", "rules": rules}
    async with open_editor(workspace, environment=environment, options=options) as editor:
        editor.open("x.prompts.json", '["a", "a", {"prompt": "b"}]')
        [problem] = await editor.problems("x.prompts.json")
        assert (problem.code, problem.severity) == ("mixed-array", types.DiagnosticSeverity.Error)
