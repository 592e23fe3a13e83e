"""Resources, prompts, and news of jobs that move."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mcp_types as types
import psutil
import pytest
from mcp.shared.exceptions import MCPError

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.mcp import uris
from padwan_server.mcp.updates import Updates
from padwan_server.prompts.document import parse as parse_prompts
from padwan_server.prompts.format import PromptFormat
from tests.support.assistant import in_memory

Service = Callable[..., RunningEmulator]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:resources/.*subscribe is removed"),
]


async def test_jobs_and_their_results_are_resources(workspace: Path, era: str, service: Service) -> None:
    service({"answers": {"prompt-1": {"blocked": "SAFETY"}}})
    async with in_memory(workspace, era) as assistant:
        job = (await assistant("create", prompts=["x", "y", "z"]))["job"]
        await assistant("poll", job=job)
        listed = (await assistant.client.list_resources()).resources
        templates = (await assistant.client.list_resource_templates()).resource_templates
        assert [resource.uri for resource in listed] == [uris.JOBS, uris.FORMATS]
        assert [template.uri_template for template in templates] == [uris.JOB, uris.RESULTS, uris.FAILURES]
        assert json.loads(await assistant.read("padwan://jobs"))["jobs"][0]["job"] == job
        assert json.loads(await assistant.read(uris.job_uri(job)))["outcomes"] == {"blocked": 1, "ok": 2}
        page = json.loads(await assistant.read(f"{uris.job_uri(job)}/results?offset=1&limit=1"))
        assert [answer["key"] for answer in page["results"]] == ["prompt-1"]
        failures = json.loads(await assistant.read(uris.failures_uri(job)))
        assert [answer["key"] for answer in failures["results"]] == ["prompt-1"]


async def test_failures_that_do_not_fit_come_page_by_page(workspace: Path, era: str, service: Service) -> None:
    service({"default": {"error": {"code": 13, "message": "It broke. " * 50}}})
    async with in_memory(workspace, era) as assistant:
        job = (await assistant("create", prompts=[str(number) for number in range(120)]))["job"]
        await assistant("poll", job=job)
        seen: list[str] = []
        offset: int | None = 0
        while offset is not None:
            page = json.loads(await assistant.read(f"{uris.failures_uri(job)}?offset={offset}"))
            seen += [answer["key"] for answer in page["results"]]
            offset = page["next_offset"]
        assert seen == [f"prompt-{number}" for number in range(120)]
        page = json.loads(await assistant.read(f"{uris.failures_uri(job)}?offset=119&limit=1"))
        assert [answer["key"] for answer in page["results"]] == ["prompt-119"]


async def test_an_exported_file_is_linked_and_its_beginning_can_be_read(
    workspace: Path, era: str, service: Service
) -> None:
    service({"default": {"template": "{key} \x1b[31m" + "é" * 9000}})
    async with in_memory(workspace, era) as assistant:
        job = (await assistant("create", prompts=["x", "y", "z"]))["job"]
        await assistant("poll", job=job)
        result = await assistant.client.call_tool("batch_export", {"job": job, "output": "out of it/ü.csv"})
        assert result.is_error
        (workspace / "out of it").mkdir()
        result = await assistant.client.call_tool("batch_export", {"job": job, "output": "out of it/ü.csv"})
        _, link = result.content
        file = workspace / "out of it" / "ü.csv"
        assert isinstance(link, types.ResourceLink)
        assert (link.uri, link.name, link.mime_type) == (file.as_uri(), "out of it/ü.csv", "text/csv")
        assert link.size == file.stat().st_size
        told = await assistant.read(link.uri)
        assert re.fullmatch(
            r"<(untrusted-\w+)>key,content,[^\x1b]+</\1>\nThe file goes on for \d{4,6} more bytes\.", told
        )
        assert len(told) < 16_200


@pytest.mark.parametrize(
    "name", ["note.md", ".hidden.csv", "../beside.csv", "link.csv", "folder.csv", "fifo.csv", "no.csv"]
)
async def test_of_files_only_those_that_an_export_may_write_are_read(workspace: Path, name: str) -> None:
    (workspace.parent / "beside.csv").write_text("secret")
    for own in ("note.md", ".hidden.csv"):
        (workspace / own).write_text("secret")
    (workspace / "link.csv").symlink_to(workspace.parent / "beside.csv")
    (workspace / "folder.csv").mkdir()
    os.mkfifo(workspace / "fifo.csv")
    async with in_memory(workspace) as assistant:
        with pytest.raises(MCPError, match="Resource not found"):
            await assistant.read(f"{workspace.as_uri()}/{name}")


@pytest.mark.parametrize(
    "uri",
    [
        "padwan://nothing",
        "padwan://jobs/",
        "padwan://jobs/absent",
        "padwan://jobs/absent/nothing",
        "padwan://jobs/absent/results?limit=many",
        "padwan://jobs/absent/results?offset=99999999999999999999",
        "padwan://jobs/%00",
        "padwan://jobs/a%0Ab%1B[31m",
        "padwan://jobs/%FF/failures",
        "padwan://jobs//",
        "padwan://user@jobs/absent",
        "padwan://jobs/..%2f..%2fetc%2fpasswd",
        "padwan://jobs/" + "x" * 10_000,
        "file:///etc/hostname",
        "file://elsewhere/etc/hostname.txt",
        "file:///%00.txt",
        "file://",
        "file://[",
    ],
)
async def test_a_resource_that_does_not_exist_is_told_so(workspace: Path, service: Service, uri: str) -> None:
    service()
    async with in_memory(workspace) as assistant:
        with pytest.raises(MCPError) as caught:
            await assistant.read(uri)
    assert caught.value.error.code == types.INVALID_PARAMS
    assert caught.value.error.data == {"uri": uri[:500]}


async def test_the_help_on_formats_is_true(workspace: Path) -> None:
    async with in_memory(workspace) as assistant:
        text = await assistant.read(uris.FORMATS)
    array = text.partition("`.json`: `")[2].partition("`")[0]
    assert not parse_prompts(array, PromptFormat.JSON).counts().get("invalid-json")
    assert len(json.loads(array)) == 2


async def test_prompts_take_their_argument_and_name_only_tools_that_exist(workspace: Path, era: str) -> None:
    async with in_memory(workspace, era) as assistant:
        tools = {tool.name for tool in (await assistant.client.list_tools()).tools}
        for prompt in (await assistant.client.list_prompts()).prompts:
            [argument] = prompt.arguments or []
            got = await assistant.client.get_prompt(prompt.name, {argument.name: "batches/x\x1b[31m"})
            [message] = got.messages
            assert isinstance(message.content, types.TextContent)
            assert "batches/x " in message.content.text
            named = {word.strip(".,;:()") for word in message.content.text.split() if word.startswith("batch_")}
            assert named
            assert named <= tools
            with pytest.raises(MCPError):
                await assistant.client.get_prompt(prompt.name, {})
        with pytest.raises(MCPError):
            await assistant.client.get_prompt("nothing", {})


class News:
    """What a client is told of."""

    def __init__(self) -> None:
        self.uris: list[str] = []
        self._more = asyncio.Event()

    async def __call__(self, message: Any) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            self.add(str(message.params.uri))

    def add(self, uri: str) -> None:
        self.uris.append(uri)
        self._more.set()

    async def until(self, uri: str) -> None:
        async with asyncio.timeout(30):
            while uri not in self.uris:
                self._more.clear()
                await self._more.wait()


async def test_a_subscriber_hears_when_its_job_moves_before_2026(workspace: Path, service: Service) -> None:
    emulator = service({"clock": {"pending": 100, "running": 100, "speed": 0}})
    news = News()
    async with in_memory(workspace, "legacy", message_handler=news) as assistant:
        job = (await assistant("create", prompts=["x"]))["job"]
        other = (await assistant("create", prompts=["y"]))["job"]
        await assistant.client.subscribe_resource(uris.job_uri(job))
        emulator.advance(150)
        assert (await assistant("status", job=other))["state"] == "RUNNING"
        assert (await assistant("status", job=job))["state"] == "RUNNING"
        await news.until(uris.job_uri(job))
        assert uris.job_uri(other) not in news.uris
        await assistant.client.unsubscribe_resource(uris.job_uri(job))
        page = f"{uris.job_uri(other)}/results?offset=0&limit=5"
        await assistant.client.subscribe_resource(f"{uris.job_uri(other)}/results")
        await assistant.client.subscribe_resource(page)
        emulator.advance(100)
        await assistant("poll", job=other)
        await assistant("status", job=job)
        before = len(news.uris)
        await news.until(f"{uris.job_uri(other)}/results")
        await news.until(page)
        assert uris.job_uri(job) not in news.uris[before:]


async def test_a_listener_hears_when_its_job_moves_since_2026(workspace: Path, service: Service) -> None:
    emulator = service({"clock": {"pending": 100, "running": 100, "speed": 0}})
    async with in_memory(workspace, "auto") as assistant:
        job = (await assistant("create", prompts=["x"]))["job"]
        async with assistant.client.listen(resource_subscriptions=[uris.job_uri(job)]) as stream:
            emulator.advance(150)
            assert (await assistant("status", job=job))["state"] == "RUNNING"
            async with asyncio.timeout(30):
                async for event in stream:
                    assert event.uri == uris.job_uri(job)  # type: ignore[union-attr]
                    break
        page = f"{uris.failures_uri(job)}?offset=0"
        async with assistant.client.listen(resource_subscriptions=[page]) as stream:
            emulator.advance(100)
            assert (await assistant("poll", job=job))["done"]
            async with asyncio.timeout(30):
                async for event in stream:
                    assert event.uri == page  # type: ignore[union-attr]
                    break


async def test_a_thousand_calls_leave_nothing_behind(workspace: Path, era: str, service: Service) -> None:
    service()
    process = psutil.Process()
    async with in_memory(workspace, era) as assistant:
        job = (await assistant("create", prompts=["x"]))["job"]
        await assistant("poll", job=job)

        async def some(times: int) -> tuple[int, int, int]:
            for number in range(times):
                await assistant("results", job=job)
                await assistant.refused("validate", file=f"absent-{number}")
                await assistant.read(uris.FORMATS)
                await assistant("status", job=job)
                if era == "legacy":
                    await assistant.client.subscribe_resource(uris.job_uri(job))
            gc.collect()
            return len(gc.get_objects()), len(asyncio.all_tasks()), process.num_fds()

        objects, tasks, files = await some(30)
        after = await some(250)
    assert after[1] <= tasks
    assert after[2] <= files
    assert after[0] - objects < 1000


async def test_subscriptions_have_a_limit(workspace: Path) -> None:
    async with in_memory(workspace, "legacy") as assistant:
        for number in range(1100):
            await assistant.client.subscribe_resource(f"padwan://jobs/{number}")
        kept = [len(found._subscribed) for found in gc.get_objects() if isinstance(found, Updates)]
        assert max(kept) == 1000


@pytest.mark.parametrize("query", ["job=batches/other", "failed_only=true", "keys=a", "offset=0&job=other"])
def test_an_address_names_one_job_and_its_page_alone(query: str) -> None:
    assert uris.parse(f"padwan://jobs/mine/results?{query}") is None
    assert uris.parse("padwan://jobs/mine/results?offset=1&limit=2") is not None
