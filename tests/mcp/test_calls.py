"""Calls of tools: the main job, side by side, cancelled, and with what clients get wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import mcp_types as types
import pytest
from mcp.shared.exceptions import MCPError

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.mcp import calls
from padwan_server.mcp.tools import LONGEST_POLL, tools
from padwan_server.operations.table import OPERATIONS
from tests.support.assistant import code_of, in_memory

Service = Callable[..., RunningEmulator]
SLOW = {"clock": {"pending": 3600}}

pytestmark = pytest.mark.slow


async def test_the_main_job(workspace: Path, era: str, service: Service) -> None:
    error = {"error": {"code": 13, "message": "It broke."}, "times": 1}
    emulator = service({"answers": {"bad": error}})
    (workspace / "ask.jsonl").write_text('{"key": "good", "prompt": "one"}\n{"key": "bad", "prompt": "two"}\n')
    told: list[tuple[float, str]] = []

    async def show(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message or ""))

    async with in_memory(workspace, era) as assistant:
        assert (await assistant("validate", file="ask.jsonl"))["valid"]
        job = (await assistant("create", file="ask.jsonl", max_requests=2))["job"]
        polled = await assistant.client.call_tool("batch_poll", {"job": job}, progress_callback=show)
        assert polled.structured_content
        assert polled.structured_content["outcomes"] == {"error": 1, "ok": 1}
        page = await assistant("results", job=job)
        assert [(answer["key"], answer["outcome"]) for answer in page["results"]] == [("good", "ok"), ("bad", "error")]
        assert (await assistant("retry", job=job))["submitted"] is None
        again = (await assistant("retry", job=job, submit=True))["submitted"]["job"]
        assert (await assistant("poll", job=again))["done"]
        exported = await assistant("export", job=job, output="out.json")
        assert (exported["output"], exported["rows"], exported["failed"]) == ("out.json", 2, 0)
        assert (await assistant("cancel", job=job))["cancelled"] is False
        assert {listed["job"] for listed in (await assistant("list"))["jobs"]} == {job, again}
    assert told[-1][1].startswith("SUCCEEDED 2/2")
    assert [progress for progress, _ in told] == sorted({progress for progress, _ in told})
    assert len(emulator.requests("create")) == 2


async def test_structured_content_is_as_the_output_schema_says(workspace: Path, service: Service) -> None:
    service({"answers": {"b": {"error": {"code": 13}}}})
    (workspace / "ask.json").write_text('[{"key": "a", "prompt": "one"}, {"key": "b", "prompt": "two"}]')
    schemas = {tool.name.removeprefix("batch_"): tool.output_schema or {} for tool in tools()}
    async with in_memory(workspace) as assistant:
        job = (await assistant("create", file="ask.json"))["job"]
        await assistant("poll", job=job)
        arguments: dict[str, dict[str, Any]] = {
            "validate": {"prompts": ["x"]},
            "create": {"prompts": ["x"]},
            "list": {},
            "export": {"job": job, "output": "x.csv"},
            "status": {"job": job, "results": True},
        }
        for name, schema in schemas.items():
            jsonschema.validate(await assistant(name, **arguments.get(name, {"job": job})), schema)


async def test_listing_and_completing_ask_no_service(workspace: Path, era: str, service: Service) -> None:
    emulator = service(SLOW)
    (workspace / "ask.prompts.json").write_text('["x"]')
    async with in_memory(workspace, era) as assistant:
        job = (await assistant("create", file="ask.prompts.json"))["job"]
        before = len(emulator.requests())
        client = assistant.client
        await client.list_tools()
        await client.list_prompts()
        await client.list_resources()
        await client.list_resource_templates()
        prompt = types.PromptReference(name="review_failures")
        jobs = (await client.complete(prompt, {"name": "job", "value": "batches/"})).completion.values
        files = (await client.complete(prompt, {"name": "file", "value": "a"})).completion.values
        template = types.ResourceTemplateReference(uri="padwan://jobs/{id}")
        ids = (await client.complete(template, {"name": "id", "value": ""})).completion.values
        assert len(emulator.requests()) == before
    assert (jobs, files, ids) == ([job], ["ask.prompts.json"], [job.removeprefix("batches/")])


async def test_a_poll_gives_up_before_its_client_does(workspace: Path, service: Service) -> None:
    service(SLOW)
    async with in_memory(workspace) as assistant:
        job = (await assistant("create", prompts=["x"]))["job"]
        polled = await assistant("poll", job=job, timeout=0.1)
    assert (polled["done"], polled["timed_out"]) == (False, True)
    assert LONGEST_POLL == 50


async def test_a_cancelled_poll_leaves_no_watcher_and_the_job_running(
    workspace: Path, era: str, service: Service
) -> None:
    emulator = service(SLOW)
    async with in_memory(workspace, era) as assistant:
        job = (await assistant("create", prompts=["x"]))["job"]
        seen = asyncio.Event()

        async def show(progress: float, total: float | None, message: str | None) -> None:
            seen.set()

        polls = [
            asyncio.create_task(assistant.client.call_tool("batch_poll", {"job": job}, progress_callback=show))
            for _ in range(5)
        ]
        await seen.wait()
        [jobs] = assistant.session._opened.values()
        assert len(jobs._watchers) == 1
        for poll in polls:
            poll.cancel()
        await asyncio.wait(polls)
        while jobs._watchers:
            await asyncio.sleep(0)
        assert (await assistant("status", job=job))["state"] == "PENDING"
    assert emulator.requests("cancel") == []


async def test_calls_run_side_by_side(workspace: Path, era: str, service: Service) -> None:
    service()
    async with in_memory(workspace, era) as assistant:
        job = (await assistant("create", prompts=["x", "y"]))["job"]
        await assistant("poll", job=job)
        calls = [assistant("validate", prompts=[str(number)]) for number in range(40)]
        reads = [assistant("results", job=job, offset=number % 2, limit=1) for number in range(40)]
        told = await asyncio.gather(*calls, *reads)
    assert all(checked["prompts"] == 1 for checked in told[:40])
    assert [page["results"][0]["key"] for page in told[40:]] == ["prompt-0", "prompt-1"] * 20


# What clients get wrong


async def test_an_unknown_tool_is_the_clients_error(workspace: Path, era: str) -> None:
    async with in_memory(workspace, era) as assistant:
        for name in ("batch_delete", "batch_resolve", "batch_prune", "create", "x" * 100_000):
            with pytest.raises(MCPError) as caught:
                await assistant.client.call_tool(name, {})
            assert caught.value.error.code == types.INVALID_PARAMS
            assert len(caught.value.error.message) < 200


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("validate", {"file": "a", "path": "b"}, "has no parameter path"),
    ("poll", {"job": "x", "output": "y.json"}, "has no parameter output"),
    ("create", {"prompts": ["a"], "max_per_job": 1}, "has no parameter max_per_job"),
    ("status", {}, "batch_status: job: is required. Its parameters are: job, results."),
    ("status", {"job": 5}, "job:"),
    ("status", {"job": ["x"]}, "job:"),
    ("create", {"prompts": "a"}, "prompts:"),
    ("create", {"prompts": [1] * 100_000}, "prompts.0:"),
    ("create", {"prompts": ["a"], "config": "hot"}, "config:"),
    ("results", {"job": "x", "limit": -1}, "limit:"),
    ("results", {"job": "x", "limit": 1e99}, "limit:"),
    ("results", {"job": "x", "offset": 1 << 63}, "offset:"),
    ("poll", {"job": "x", "interval": "nan"}, "interval:"),
    ("poll", {"job": "x", "timeout": "nan"}, "timeout:"),
    ("results", {"job": "x", "max_chars": True}, ""),
    ("poll", {"job": "x", "interval": "soon"}, "interval:"),
    ("poll", {"job": "x", "timeout": "long"}, "timeout:"),
    ("retry", {"job": "x", "which": ["all"]}, "which.0:"),
    ("status", {"job": "x" * 1_000_000}, ""),
    ("list", {"page_token": "x" * 1_000_000}, "page_token:"),
    ("validate", {"prompts": ["x" * 5_000_000]}, "larger than 4 MB"),
    ("validate", {"y" * 1000: 1}, "has no parameter yyy"),
    ("validate", {"file": "a\0b"}, ""),
    ("validate", {"file": "a" * 100_000}, ""),
    ("validate", {"file": "\ud800"}, ""),
]


async def test_wrong_arguments_are_told_in_few_words(workspace: Path, service: Service) -> None:
    service()
    async with in_memory(workspace, "legacy") as assistant:
        for name, arguments, words in WRONG:
            result = await assistant.client.call_tool(f"batch_{name}", arguments)
            [said] = result.content
            assert isinstance(said, types.TextContent)
            assert result.is_error, said.text
            assert words in said.text
            assert "[internal]" not in said.text, arguments.keys()
            assert len(said.text) < 16_100
            assert len(said.text.partition("\n")[0]) < 2_100
    assert not list(workspace.glob("*.json"))


SILENT = {"clock": {"pending": 3600}, "faults": [{"on": on, "delay": 600, "times": 99} for on in ("get", "list")]}


async def test_a_service_that_says_nothing_keeps_no_call_beyond_its_clients_patience(
    workspace: Path, era: str, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service(SILENT)
    async with in_memory(workspace, era) as assistant:
        job = (await assistant("create", prompts=["x"]))["job"]
        monkeypatch.setattr(calls, "PATIENCE", 0.5)
        status = await assistant("status", job=job)
        assert (status["state"], "does not answer" in status["diagnosis"][-1]) == ("PENDING", True)
        assert (await assistant("poll", job=job, timeout=0.1))["timed_out"]
        listed = await assistant("list")
        assert ([found["job"] for found in listed["jobs"]], "does not answer" in listed["warning"]) == ([job], True)
        assert await assistant.refused("results", job=job) == "job-not-done"
        assert await assistant.refused("retry", job=job) == "job-not-done"
        assert await assistant.refused("export", job=job, output="x.json") == "job-not-done"
        assert await assistant.refused("cancel", job=job) == "network"
        for name in ("status", "poll", "results", "cancel"):
            assert await assistant.refused(name, job="batches/made-elsewhere") == "network", name
        with pytest.raises(MCPError, match="does not answer"):
            await assistant.read("padwan://jobs/made-elsewhere")


async def test_a_poll_of_an_ended_job_does_not_wait_for_its_retries(workspace: Path, service: Service) -> None:
    faults = [{"on": "get", "delay": 600, "after": 1, "times": 99}]
    emulator = service({"answers": {"prompt-0": {"error": {"code": 13}}}, "faults": faults})
    async with in_memory(workspace) as assistant:
        job = (await assistant("create", prompts=["x"]))["job"]
        assert (await assistant("poll", job=job))["done"]
        retry = (await assistant("retry", job=job, submit=True))["submitted"]["job"]
        told = await assistant("poll", job=job, timeout=0)
        assert (told["done"], told["retries"], told["outcomes"]) == (True, [retry], {"error": 1})
    assert len(emulator.requests("create")) == 2


async def test_a_submission_without_an_answer_goes_on_when_its_call_ends(
    workspace: Path,
    era: str,
    service: Service,
    pass_time: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Less than the time after which the request itself is given up.
    monkeypatch.setattr(calls, "PATIENCE", 30)
    emulator = service({"clock": {"pending": 3600}, "faults": [{"on": "create", "delay": 5}]})
    async with in_memory(workspace, era) as assistant:
        call = asyncio.create_task(assistant.client.call_tool("batch_create", {"prompts": ["x"]}))
        while not emulator.requests("create"):
            await asyncio.sleep(0.01)
        pass_time(30)
        result = await call
        assert code_of(result) == "still-sending"
        [said] = result.content
        assert isinstance(said, types.TextContent)
        job = json.loads(said.text.partition("\n")[2])["id"]
        assert (await assistant("status", job=job))["state"] == "SUBMITTING"
        assert await assistant.refused("create", prompts=["x"]) == "already-submitted"
        while (told := await assistant("status", job=job))["state"] != "PENDING":
            assert told["state"] == "SUBMITTING"
    assert len(emulator.requests("create")) == 1


async def test_the_time_in_which_a_person_thinks_is_not_counted(
    workspace: Path, era: str, service: Service, pass_time: Callable[[float], None]
) -> None:
    service(SLOW)

    async def think(_: Any, __: types.ElicitRequestParams) -> types.ElicitResult:
        pass_time(1000)
        return types.ElicitResult(action="accept")

    async with in_memory(workspace, era, elicitation_callback=think) as assistant:
        assert (await assistant("create", prompts=["x"]))["state"] == "PENDING"


async def test_a_call_is_cancelled_at_once_while_the_service_says_nothing(
    workspace: Path, era: str, service: Service
) -> None:
    emulator = service(SILENT)
    async with in_memory(workspace, era) as assistant:
        before = asyncio.all_tasks()
        for name in ("status", "poll"):
            call = asyncio.create_task(assistant.client.call_tool(f"batch_{name}", {"job": "batches/made-elsewhere"}))
            while not emulator.requests("get"):
                await asyncio.sleep(0.01)
            call.cancel()
            async with asyncio.timeout(30):
                while asyncio.all_tasks() > before:
                    await asyncio.sleep(0.01)


async def test_an_error_of_our_own_tells_nothing_of_itself(
    workspace: Path, era: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: Any, __: Any) -> Any:
        raise RuntimeError("secret of /home/somebody")

    monkeypatch.setitem(OPERATIONS, "list", replace(OPERATIONS["list"], run=broken))
    async with in_memory(workspace, era) as assistant:
        assert await assistant.refused("list") == "internal"
        with pytest.raises(MCPError) as caught:
            await assistant.read("padwan://jobs")
    assert "[internal]" in caught.value.error.message
    assert "secret" not in caught.value.error.message + caplog.text


async def test_a_damaged_ledger_is_told_of_without_its_place(workspace: Path, era: str, service: Service) -> None:
    service()
    (workspace / ".padwan" / "ledger.sqlite3").mkdir(parents=True)
    async with in_memory(workspace, era) as assistant:
        prompt = types.PromptReference(name="review_failures")
        assert (await assistant.client.complete(prompt, {"name": "job", "value": ""})).completion.values == []
        for name, arguments in (("list", {}), ("status", {"job": "x"}), ("create", {"prompts": ["x"]})):
            result = await assistant.client.call_tool(f"batch_{name}", arguments)
            assert code_of(result) in ("ledger-unreadable", "ledger-not-writable", "workspace-not-writable"), name
            assert str(workspace.parent) not in result.model_dump_json()
