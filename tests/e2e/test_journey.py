"""The whole way from a prompt file to one merged result, under each editor's capabilities."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from lsprotocol import types

from padwan_server.emulator.testing import RunningEmulator
from tests.support.language_client import Editor, open_editor
from tests.support.service import service_environment

pytestmark = pytest.mark.slow

PROMPTS = [{"key": "good", "prompt": "one"}, {"key": "bad", "prompt": "two"}, {"key": "blocked", "prompt": "three"}]
SCENARIO = {
    "clock": {"pending": 0.2, "running": 1.5},
    "answers": {
        "bad": {"error": {"code": 13, "message": "Internal error encountered."}, "times": 1},
        "blocked": {"blocked": "SAFETY", "times": 1},
    },
}


async def test_from_prompts_to_one_whole_result(
    workspace: Path, environment: dict[str, str], editor_name: str, emulate: Callable[..., RunningEmulator]
) -> None:
    emulator = emulate(SCENARIO)
    (workspace / "ask.prompts.json").write_text(json.dumps(PROMPTS))
    options = {"backend": "gemini"}
    async with open_editor(
        workspace, name=editor_name, environment=service_environment(environment, emulator), options=options
    ) as editor:
        created = await editor.command("create", file="ask.prompts.json")
        assert created["job"].startswith("batches/")
        assert (created["name"], created["total"], created["unsaved"]) == ("cli-batch", 3, False)

        polled = await editor.command("poll", job=created["job"], interval=1)
        assert polled["state"] == "SUCCEEDED"
        assert polled["outcomes"] == {"blocked": 1, "error": 1, "ok": 1}
        assert [look["total"] for look in editor.job_progress] == [3] * len(editor.job_progress)
        assert len({look["state"] for look in editor.job_progress}) > 1

        first = await editor.command("export", job=created["job"], output="results.json")
        assert (first["rows"], first["failed"]) == (3, 2)

        report = await editor.command("retry", job=created["job"])
        assert [failed["key"] for failed in report["failed"]] == ["bad", "blocked"]
        assert len(emulator.requests("create")) == 1

        retried = await editor.command("retry", job=created["job"], submit=True)
        again = retried["submitted"]["job"]
        assert [request["key"] for request in emulator.job_requests(again)] == ["bad", "blocked"]
        assert (await editor.command("poll", job=again))["outcomes"] == {"ok": 3}

        for name in (created["job"], again.removeprefix("batches/")):
            await editor.command("export", job=name, output="whole.csv", overwrite=True)
            with (workspace / "whole.csv").open(newline="") as file:
                assert [row["key"] for row in csv.DictReader(file)] == ["good", "bad", "blocked"]
        assert "error" not in (workspace / "whole.csv").read_text().split("\n", 1)[1]
        assert len(emulator.requests("create")) == 2


async def test_progress_shows_in_the_editors_own_display(editor: Editor) -> None:
    token = "mine"
    job = (await editor.command("create", prompts=["x"]))["job"]
    await editor.command("poll", token=token, job=job, interval=1)
    kinds = [report.kind for report in editor.client.progress_reports[token]]  # type: ignore[attr-defined]
    assert kinds[0] == "begin"
    assert kinds[-1] == "end"
    assert "report" in kinds


async def test_without_a_token_the_server_asks_for_room_to_show_progress(editor: Editor) -> None:
    job = (await editor.command("create", prompts=["x"]))["job"]
    await editor.command("poll", job=job, interval=1)
    tokens = [token for token in editor.client.progress_reports if str(token).startswith("padwan/")]
    assert len(tokens) == 2


async def test_cancelling_the_display_stops_watching_and_not_the_job(
    workspace: Path, environment: dict[str, str], emulate: Callable[..., RunningEmulator]
) -> None:
    emulator = emulate({"clock": {"pending": 3600, "running": 3600}})
    async with open_editor(
        workspace, environment=service_environment(environment, emulator), options={"backend": "gemini"}
    ) as editor:
        job = (await editor.command("create", prompts=["x"]))["job"]
        params = types.ExecuteCommandParams("padwan.batch.poll", [{"job": job}], "shown")
        polling = asyncio.create_task(editor.client.workspace_execute_command_async(params))
        await editor.until(lambda: bool(editor.client.progress_reports.get("shown")))
        editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams("shown"))
        with pytest.raises(Exception, match="ancel"):  # which one pygls makes of -32800 is its own affair
            await polling
        assert (await editor.command("status", job=job))["state"] == "PENDING"
        assert emulator.requests("cancel") == []


async def test_unsaved_text_is_what_is_sent(editor: Editor) -> None:
    (editor.root / "ask.prompts.txt").write_text("saved")
    editor.open("ask.prompts.txt", "saved\nand typed", "plaintext")
    created = await editor.command("create", file=editor.uri("ask.prompts.txt"))
    assert (created["total"], created["unsaved"], created["file"]) == (2, True, "ask.prompts.txt")


async def test_a_job_outlives_the_server(
    workspace: Path, environment: dict[str, str], emulate: Callable[..., RunningEmulator]
) -> None:
    environment = service_environment(environment, emulate())
    async with open_editor(workspace, environment=environment, options={"backend": "gemini"}) as editor:
        job = (await editor.command("create", prompts=["first", "second"]))["job"]
    async with open_editor(workspace, environment=environment, options={"backend": "gemini"}) as editor:
        listed = (await editor.command("list"))["jobs"]
        assert [found["job"] for found in listed] == [job]
        status = await editor.command("status", job=job, results=True)
        assert [answer["key"] for answer in status["results"]] == ["prompt-0", "prompt-1"]
        assert "first" in status["results"][0]["content"]


async def test_instruction_config_keys_and_range_reach_the_service(
    workspace: Path, environment: dict[str, str], emulate: Callable[..., RunningEmulator]
) -> None:
    emulator = emulate()
    lines = [
        {"key": "own", "request": {"contents": [{"parts": [{"text": "q"}]}], "generation_config": {"temperature": 1}}},
        {"key": "plain", "prompt": "p"},
        {"key": "left", "prompt": "out"},
    ]
    (workspace / "x.prompts.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    async with open_editor(
        workspace, environment=service_environment(environment, emulator), options={"backend": "gemini"}
    ) as editor:
        config = {"temperature": 0, "maxOutputTokens": 5}
        created = await editor.command("create", file="x.prompts.jsonl", system="Be brief.", config=config, range="1-2")
        own, plain = (request["request"] for request in emulator.job_requests(created["job"]))
        assert own["generation_config"] == {"temperature": 1, "maxOutputTokens": 5}
        assert plain["generationConfig"] == config
        assert own["systemInstruction"] == plain["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
        chosen = await editor.command("create", file="x.prompts.jsonl", keys=["left"])
        assert [request["key"] for request in emulator.job_requests(chosen["job"])] == ["left"]


async def test_a_retry_takes_corrected_texts_and_names_what_changed(
    workspace: Path, environment: dict[str, str], emulate: Callable[..., RunningEmulator]
) -> None:
    emulator = emulate({"default": {"error": {"code": 3, "message": "bad"}}})
    (workspace / "x.prompts.json").write_text(json.dumps(PROMPTS))
    async with open_editor(
        workspace, environment=service_environment(environment, emulator), options={"backend": "gemini"}
    ) as editor:
        job = (await editor.command("create", file="x.prompts.json", system="Stay."))["job"]
        corrected = [{"key": "bad", "prompt": "better"}, {"key": "good", "prompt": "one"}]
        (workspace / "x.prompts.json").write_text(json.dumps(corrected))
        retried = await editor.command("retry", job=job, submit=True, file="x.prompts.json")
        assert retried["changed"] == ["bad"]
        sent = {r["key"]: r["request"] for r in emulator.job_requests(retried["submitted"]["job"])}
        assert {key: request["contents"][0]["parts"][0]["text"] for key, request in sent.items()} == {
            "good": "one",
            "bad": "better",
            "blocked": "three",
        }
        assert all(request["systemInstruction"]["parts"][0]["text"] == "Stay." for request in sent.values())


async def test_a_retry_on_its_way_is_not_sent_twice(
    workspace: Path, environment: dict[str, str], emulate: Callable[..., RunningEmulator]
) -> None:
    emulator = emulate({"clock": {"pending": 0, "running": 0}, "default": {"error": {"code": 3}}})
    async with open_editor(
        workspace, environment=service_environment(environment, emulator), options={"backend": "gemini"}
    ) as editor:
        job = (await editor.command("create", prompts=["x"]))["job"]
        retried = await editor.command("retry", job=job, submit=True)
        assert retried["submitted"]
        # The emulator's retry has ended by now, so another one is the user's own wish.
        assert (await editor.command("retry", job=job, submit=True))["submitted"]
        assert len(emulator.requests("create")) == 3
