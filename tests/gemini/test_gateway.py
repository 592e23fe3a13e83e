"""The gateway against a service over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.gemini.endpoint import Endpoint
from padwan_server.gemini.errors import ServiceError
from padwan_server.gemini.gateway import Gateway
from padwan_server.gemini.requests import fit_inline, inline_item, text_request, text_requests, with_defaults
from padwan_server.service import model_warning
from tests.support.service import KEY
from tests.support.stub_service import stub_service

Emulate = Callable[..., RunningEmulator]
ITEMS = [inline_item("k", text_request("hello"))]


@pytest.fixture
async def gateway_to() -> AsyncIterator[Callable[[str], Gateway]]:
    opened: list[Gateway] = []

    def open_gateway(url: str) -> Gateway:
        opened.append(Gateway(Endpoint(url, KEY)))
        return opened[-1]

    yield open_gateway
    for gateway in opened:
        await gateway.aclose()


GatewayTo = Callable[[str], Gateway]


async def test_nothing_in_the_environment_leads_it_elsewhere(
    emulate: Emulate, gateway_to: GatewayTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "elsewhere")
    monkeypatch.setenv("GOOGLE_API_KEY", "another")
    emulator = emulate()
    gateway = gateway_to(emulator.url)
    created = await gateway.create_inline("m", "name", ITEMS)
    assert (await gateway.get(created.name)).state == "SUCCEEDED"
    assert [job.name for job in (await gateway.list(10)).jobs] == [created.name]
    assert {request["path"].split("/")[1] for request in emulator.requests()} == {"v1beta"}


async def test_requests_arrive_with_members_that_the_sdk_does_not_know(emulate: Emulate, gateway_to: GatewayTo) -> None:
    emulator = emulate()
    schema = {"_responseJsonSchema": {"brand_new": [1, {"a": None}]}}
    request = {"contents": [{"parts": [{"text": "x"}]}], "generation_config": schema}
    created = await gateway_to(emulator.url).create_inline("m", "name", [inline_item("k", request)])
    assert emulator.job_requests(created.name) == [{"key": "k", "request": request}]


async def test_a_list_of_empty_pages_comes_to_an_end(gateway_to: GatewayTo) -> None:
    pages = stub_service(lambda *_: (200, b'{"nextPageToken": "more"}'))
    with pages as url, pytest.raises(ServiceError) as refused:
        await asyncio.wait_for(gateway_to(url).list(10), 30)
    assert (refused.value.code, refused.value.transient) == ("bad-answer", True)


@pytest.mark.parametrize("troubles", [1, 2])
async def test_a_read_is_tried_again(emulate: Emulate, gateway_to: GatewayTo, troubles: int) -> None:
    emulator = emulate({"faults": [{"on": "get", "status": 503, "times": troubles}]})
    gateway = gateway_to(emulator.url)
    created = await gateway.create_inline("m", "name", ITEMS)
    assert (await gateway.get(created.name)).state == "SUCCEEDED"
    assert len(emulator.requests("get")) == troubles + 1


async def test_a_read_is_not_tried_for_ever(emulate: Emulate, gateway_to: GatewayTo) -> None:
    emulator = emulate({"faults": [{"on": "list", "status": 503, "times": 99}]})
    with pytest.raises(ServiceError) as caught:
        await gateway_to(emulator.url).list(10)
    assert caught.value.code == "service-unavailable"
    assert len(emulator.requests("list")) == 3


@pytest.mark.parametrize("kind", ["create", "cancel", "delete"])
async def test_a_write_is_never_repeated(emulate: Emulate, gateway_to: GatewayTo, kind: str) -> None:
    emulator = emulate({"faults": [{"on": kind, "status": 503, "times": 99}]})
    gateway = gateway_to(emulator.url)
    writes = {
        "create": lambda: gateway.create_inline("m", "name", ITEMS),
        "cancel": lambda: gateway.cancel("x"),
        "delete": lambda: gateway.delete("x"),
    }
    with pytest.raises(ServiceError):
        await writes[kind]()  # type: ignore[no-untyped-call]
    assert len(emulator.requests(kind)) == 1


async def test_pages_may_be_empty_in_the_middle(gateway_to: GatewayTo) -> None:
    def listed(*names: str) -> list[dict[str, object]]:
        return [{"name": f"batches/{name}", "metadata": {"state": "BATCH_STATE_PENDING"}} for name in names]

    pages = {
        "": {"operations": listed("a", "b"), "nextPageToken": "2"},
        "2": {"nextPageToken": "3"},
        "3": {"operations": listed("c")},
    }

    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        token = path.partition("pageToken=")[2]
        return 200, json.dumps(pages[token]).encode()

    with stub_service(answer) as url:
        page = await gateway_to(url).list(10)
    assert [job.name for job in page.jobs] == ["batches/a", "batches/b", "batches/c"]
    assert page.next_page_token == ""


async def test_results_come_from_the_documents_address_when_the_sdks_has_none(gateway_to: GatewayTo) -> None:
    asked: list[str] = []

    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        asked.append(path.partition("?")[0])
        if path.startswith("/download/"):
            return 200, b'{"key": "a"}\n\n{"key": "b"}'
        if "files" in path:
            return 404, b"{}"
        metadata = {"state": "BATCH_STATE_SUCCEEDED", "output": {"responsesFile": "files/x"}}
        return 200, json.dumps({"name": "batches/a", "metadata": metadata}).encode()

    with stub_service(answer) as url:
        gateway = gateway_to(url)
        lines = [line async for line in gateway.results(await gateway.get("a"))]
    assert lines == [b'{"key": "a"}', b'{"key": "b"}']
    assert asked[1:] == ["/v1beta/files/x:download", "/download/v1beta/files/x:download"]


async def test_a_redirect_does_not_carry_the_key_away(gateway_to: GatewayTo) -> None:
    with stub_service(lambda *_: (302, b"")) as url, pytest.raises(ServiceError):
        await gateway_to(url).get("a")


async def test_an_upload_is_whole(emulate: Emulate, gateway_to: GatewayTo, tmp_path: Path) -> None:
    emulator = emulate()
    path = tmp_path / "requests.jsonl"
    lines = [{"key": f"k{n}", "request": text_request("é" * 10_000)} for n in range(1000)]
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines))
    gateway = gateway_to(emulator.url)
    created = await gateway.create_from_file("m", "name", await gateway.upload(path, "name"))
    assert emulator.job_requests(created.name) == lines


def test_the_whole_files_defaults_give_way_to_a_requests_own() -> None:
    own = {"contents": [], "system_instruction": {"parts": []}, "generationConfig": {"max_output_tokens": 1}}
    made = with_defaults(own, "Be brief.", {"maxOutputTokens": 9, "temperature": 0})
    assert made["system_instruction"] == {"parts": []}
    assert "systemInstruction" not in made
    assert made["generationConfig"] == {"max_output_tokens": 1, "temperature": 0}
    assert own["generationConfig"] == {"max_output_tokens": 1}


@pytest.mark.parametrize("system", ["", "Be brief."])
@pytest.mark.parametrize("config", [None, {"stopSequences": ["", "a"], "responseMimeType": ""}])
@pytest.mark.parametrize("prompt", ["", 'He said ""', "é😀\n\\"])
def test_requests_of_texts_are_written_as_one_alone_would_be(
    system: str, config: dict[str, Any] | None, prompt: str
) -> None:
    assert json.loads(text_requests(system, config)(prompt)) == text_request(prompt, system, config)


def test_the_inline_limit_counts_bytes_on_the_wire() -> None:
    assert fit_inline([inline_item("k", text_request("x" * 19_000_000))])
    assert not fit_inline([inline_item("k", text_request("x" * 20_000_000))])
    assert not fit_inline([inline_item("k", text_request("é" * 4_000_000))])


@pytest.mark.parametrize(
    ("model", "today", "word"),
    [
        ("gemini-2.0-flash", date(2026, 11, 23), "was shut down"),
        ("models/gemini-2.0-flash", date(2026, 1, 1), "will be shut down"),
    ],
)
def test_a_retired_model_is_told_with_its_successor(model: str, today: date, word: str) -> None:
    warning = model_warning(model, today) or ""
    assert word in warning
    assert "gemini-3.8-flash" in warning


def test_an_unknown_model_is_nobodys_business() -> None:
    assert model_warning("my-tuned-model", date(2030, 1, 1)) is None
