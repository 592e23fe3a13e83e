"""Every call of the Python SDK's ``batches``, ``files`` and ``models`` that the emulator serves, and its errors."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from padwan_server.emulator.testing import RunningEmulator, start_emulator

Emulate = Callable[..., RunningEmulator]
MODEL, EMBEDDER = "gemini-3.8-flash", "gemini-embedding-001"
LINE = json.dumps({"key": "a", "request": {"contents": [{"parts": [{"text": "one"}]}]}}) + "\n"


def client_of(emulator: RunningEmulator, version: str = "v1beta") -> genai.Client:
    options = types.HttpOptions(base_url=emulator.url, api_version=version)
    return genai.Client(api_key="any", vertexai=False, http_options=options)


@pytest.fixture(params=["v1beta", "v1"])
def client(emulate: Emulate, request: pytest.FixtureRequest) -> Iterator[genai.Client]:
    with client_of(emulate(), request.param) as client:
        yield client


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text(LINE * 3)
    return path


def name_of(thing: Any) -> str:
    assert thing.name
    return str(thing.name)


def test_embeddings_inline(client: genai.Client) -> None:
    source = types.EmbeddingsBatchJobSource(
        inlined_requests=types.EmbedContentBatch(
            contents=["one", "two"], config=types.EmbedContentConfig(output_dimensionality=4)
        )
    )
    created = client.batches.create_embeddings(model=EMBEDDER, src=source)
    job = client.batches.get(name=name_of(created))
    assert job.state == types.JobState.JOB_STATE_SUCCEEDED
    assert job.dest
    assert job.dest.inlined_embed_content_responses
    vectors = [
        r.response.embedding.values
        for r in job.dest.inlined_embed_content_responses
        if r.response and r.response.embedding
    ]
    assert [len(vector or ()) for vector in vectors] == [4, 4]
    assert vectors[0] != vectors[1]


def test_embeddings_from_a_file(client: genai.Client, tmp_path: Path) -> None:
    path = tmp_path / "embed.jsonl"
    line = {"key": "a", "request": {"content": {"parts": [{"text": "one"}]}, "output_dimensionality": 3}}
    path.write_text(json.dumps(line) + "\n")
    uploaded = client.files.upload(file=path, config=types.UploadFileConfig(mime_type="jsonl"))
    source = types.EmbeddingsBatchJobSource(file_name=uploaded.name)
    job = client.batches.get(name=name_of(client.batches.create_embeddings(model=EMBEDDER, src=source)))
    assert job.dest
    result = json.loads(client.files.download(file=job.dest.file_name or ""))
    assert result["key"] == "a"
    assert len(result["response"]["embedding"]["values"]) == 3


def test_files_from_upload_to_deletion(client: genai.Client, prompts: Path) -> None:
    config = types.UploadFileConfig(mime_type="application/jsonl", display_name="mine")
    uploaded = client.files.upload(file=prompts, config=config)
    found = client.files.get(name=name_of(uploaded))
    assert (found.display_name, found.size_bytes, found.mime_type) == ("mine", len(LINE) * 3, "application/jsonl")
    assert found.sha256_hash
    assert b64decode(found.sha256_hash) == hashlib.sha256(prompts.read_bytes()).digest()
    assert [listed.name for listed in client.files.list()] == [uploaded.name]
    client.files.delete(name=name_of(uploaded))
    assert list(client.files.list()) == []
    with pytest.raises(errors.ClientError) as refused:
        client.files.get(name=name_of(uploaded))
    assert refused.value.code == 403


def test_models_and_single_requests(client: genai.Client) -> None:
    assert MODEL in " ".join(name_of(model) for model in client.models.list())
    assert client.models.get(model=MODEL).name == f"models/{MODEL}"
    answer = client.models.generate_content(model=MODEL, contents="hello")
    assert "hello" in (answer.text or "")
    assert client.models.count_tokens(model=MODEL, contents="hello you").total_tokens == 3


async def test_the_asynchronous_client_does_the_same(emulate: Emulate, prompts: Path) -> None:
    client = client_of(emulate()).aio
    uploaded = await client.files.upload(file=prompts, config=types.UploadFileConfig(mime_type="jsonl"))
    created = await client.batches.create(model=MODEL, src=name_of(uploaded))
    job = await client.batches.get(name=name_of(created))
    assert job.dest
    assert len((await client.files.download(file=job.dest.file_name or "")).splitlines()) == 3
    assert [listed.name async for listed in await client.batches.list()] == [created.name]
    await client.batches.cancel(name=name_of(created))
    await client.batches.delete(name=name_of(created))
    assert (await client.models.generate_content(model=MODEL, contents="x")).text
    await client.files.delete(name=name_of(uploaded))


def create(client: genai.Client, **changes: Any) -> Any:
    source = [types.InlinedRequest(contents="x", metadata={"key": "a"})]
    return client.batches.create(**{"model": MODEL, "src": source, **changes})


REFUSALS: list[tuple[Callable[[genai.Client], Any], int, str, str]] = [
    (lambda client: create(client, model="gone"), 404, "NOT_FOUND", "models/gone is not found"),
    (lambda client: client.models.get(model="gone"), 404, "NOT_FOUND", "Model is not found: models/gone"),
    (lambda client: client.models.generate_content(model="gone", contents="x"), 404, "NOT_FOUND", "generateContent"),
    (lambda client: client.batches.get(name="batches/nothere"), 404, "NOT_FOUND", "Requested entity was not found"),
    (lambda client: client.batches.cancel(name="batches/nothere"), 404, "NOT_FOUND", "not found"),
    (lambda client: client.batches.delete(name="batches/nothere"), 404, "NOT_FOUND", "not found"),
    (lambda client: create(client, src="files/nothere"), 403, "PERMISSION_DENIED", "may not exist"),
    (lambda client: client.files.download(file="files/nothere"), 403, "PERMISSION_DENIED", "may not exist"),
    (lambda client: client.files.delete(name="files/nothere"), 403, "PERMISSION_DENIED", "may not exist"),
    (lambda client: create(client, src=[types.InlinedRequest(contents=[])]), 400, "INVALID_ARGUMENT", "contents"),
    (lambda client: create(client, src=[]), 400, "INVALID_ARGUMENT", "no requests are given"),
    (
        lambda client: create(client, src=[types.InlinedRequest(contents="x" * 20_000_001)]),
        400,
        "INVALID_ARGUMENT",
        "exceeds the limit",
    ),
    (lambda client: client.files.get(name="files/" + "x" * 41), 400, "INVALID_ARGUMENT", "more than 40 characters"),
    (lambda client: client.batches.list(config={"page_token": "odd"}), 400, "INVALID_ARGUMENT", "invalid argument"),
    (lambda client: client.batches.list(config={"page_size": -1}), 400, "INVALID_ARGUMENT", "invalid argument"),
    (lambda client: create(client, model="no name"), 400, "INVALID_ARGUMENT", "unexpected model name format"),
    (lambda client: client.models.generate_content(model=MODEL, contents=[]), 400, "INVALID_ARGUMENT", "contents"),
]


@pytest.fixture(scope="module")
def refusing() -> Iterator[genai.Client]:
    with start_emulator({"refuse_models": ["gone"]}) as emulator, client_of(emulator) as client:
        yield client


@pytest.mark.parametrize(("call", "code", "status", "words"), REFUSALS)
def test_refusals_in_the_services_words(
    refusing: genai.Client, call: Callable[[genai.Client], Any], code: int, status: str, words: str
) -> None:
    with pytest.raises((errors.ClientError, ValueError)) as refused:
        call(refusing)
    if isinstance(refused.value, errors.ClientError):
        assert (refused.value.code, refused.value.status) == (code, status)
        assert words in (refused.value.message or "")
    else:
        assert "contents" in str(refused.value)


def test_an_error_on_demand_is_one_over_http_too(emulate: Emulate) -> None:
    scenario = {"default": {"error": {"code": 8, "message": "Too much."}}}
    with client_of(emulate(scenario)) as client, pytest.raises(errors.ClientError) as refused:
        client.models.generate_content(model=MODEL, contents="x")
    assert (refused.value.code, refused.value.status) == (429, "RESOURCE_EXHAUSTED")


def test_a_quota_that_is_used_up_says_when_to_come_back(emulate: Emulate) -> None:
    with client_of(emulate({"limits": {"jobs": 0}})) as client, pytest.raises(errors.ClientError) as refused:
        create(client)
    assert (refused.value.code, refused.value.status) == (429, "RESOURCE_EXHAUSTED")
    details = {detail["@type"].rsplit(".", 1)[1]: detail for detail in refused.value.details["error"]["details"]}
    assert details["RetryInfo"]["retryDelay"] == "30s"


def test_a_file_with_a_line_that_cannot_be_read_is_told_at_once(emulate: Emulate, tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text(LINE + '{"key": "b", "request": {"contents": [], "thinking_config": {}}}\n')
    with client_of(emulate()) as client:
        uploaded = client.files.upload(file=path, config=types.UploadFileConfig(mime_type="application/jsonl"))
        with pytest.raises(
            errors.ClientError, match=r"Error on line 2: invalid JSON.*no such field: 'thinking_config'"
        ):
            create(client, src=name_of(uploaded))
