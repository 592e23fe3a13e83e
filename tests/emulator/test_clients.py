"""Clients that know nothing of the emulator work with it as with the service."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from padwan_server.emulator.testing import RunningEmulator

Emulate = Callable[..., RunningEmulator]
MODEL = "gemini-3.8-flash"


def client_of(emulator: RunningEmulator, key: str = "any") -> genai.Client:
    return genai.Client(api_key=key, vertexai=False, http_options=types.HttpOptions(base_url=emulator.url))


def inline(*texts: str) -> list[types.InlinedRequest]:
    return [types.InlinedRequest(contents=text, metadata={"key": f"k{n}"}) for n, text in enumerate(texts)]


@pytest.fixture
def emulator(emulate: Emulate) -> RunningEmulator:
    return emulate()


@pytest.fixture
def client(emulator: RunningEmulator) -> Iterator[genai.Client]:
    with client_of(emulator) as client:
        yield client


def test_the_sdk_creates_reads_lists_and_deletes_an_inline_job(client: genai.Client) -> None:
    config = types.CreateBatchJobConfig(display_name="mine")
    created = client.batches.create(model=MODEL, src=inline("one", "two"), config=config)
    job = client.batches.get(name=created.name or "")
    assert job.state == types.JobState.JOB_STATE_SUCCEEDED
    assert job.display_name == "mine"
    assert job.dest
    answers = job.dest.inlined_responses or []
    assert [(answer.metadata or {}).get("key") for answer in answers] == ["k0", "k1"]
    texts = [answer.response.text or "" for answer in answers if answer.response]
    assert [text.endswith(prompt) for text, prompt in zip(texts, ("one", "two"), strict=True)] == [True, True]
    assert all("emulator" in text for text in texts)
    assert [listed.name for listed in client.batches.list()] == [created.name]
    client.batches.delete(name=created.name or "")
    assert list(client.batches.list()) == []


def test_the_sdk_uploads_a_file_and_downloads_its_results(client: genai.Client, tmp_path: Path) -> None:
    lines = [{"key": f"k{n}", "request": {"contents": [{"parts": [{"text": f"q{n}"}]}]}} for n in range(1000)]
    lines[7]["request"] = {"contents": [{"parts": [{"text": "x" * 9_000_000}]}]}
    path = tmp_path / "input.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    uploaded = client.files.upload(file=path, config=types.UploadFileConfig(mime_type="application/jsonl"))
    assert uploaded.size_bytes == path.stat().st_size
    created = client.batches.create(model=MODEL, src=uploaded.name or "")
    job = client.batches.get(name=created.name or "")
    assert job.dest
    results = client.files.download(file=job.dest.file_name or "").decode().splitlines()
    assert [json.loads(line)["key"] for line in results] == [f"k{n}" for n in range(1000)]


async def test_the_asynchronous_sdk_works_as_well(emulator: RunningEmulator) -> None:
    async with client_of(emulator).aio as client:
        created = await client.batches.create(model=MODEL, src=list(inline("one")))
        job = await client.batches.get(name=created.name or "")
        assert job.state == types.JobState.JOB_STATE_SUCCEEDED
        assert [found.name async for found in await client.batches.list()] == [created.name]


def curl(*arguments: str) -> dict[str, Any]:
    """What curl prints, as JSON; the headers of the answer are beside it for those who ask for them (-i)."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not installed")
    command = [program, "-s", "--noproxy", "*", "-H", "x-goog-api-key: any", *arguments]
    head, _, body = subprocess.run(command, capture_output=True, check=True, text=True).stdout.rpartition("\n\n")
    return {"head": head, **json.loads(body or "{}")}


def test_curl_as_in_googles_documents(emulator: RunningEmulator) -> None:
    requests = [{"request": {"contents": [{"parts": [{"text": "Hi"}]}]}, "metadata": {"key": "request-1"}}]
    body = {"batch": {"display_name": "my-batch", "input_config": {"requests": {"requests": requests}}}}
    address = f"{emulator.url}/v1beta/models/{MODEL}:batchGenerateContent"
    created = curl(address, "-X", "POST", "-H", "Content-Type:application/json", "-d", json.dumps(body))
    assert created["metadata"]["state"] == "BATCH_STATE_PENDING"
    assert created["metadata"]["batchStats"] == {"requestCount": "1", "pendingRequestCount": "1"}
    assert "done" not in created


def test_curl_with_a_file_as_in_googles_documents(emulator: RunningEmulator, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_text('{"key": "a", "request": {"contents": [{"parts": [{"text": "Hi"}]}]}}\n')
    size = str(path.stat().st_size)
    start = ["X-Goog-Upload-Protocol: resumable", "X-Goog-Upload-Command: start", "Content-Type: application/jsonl"]
    start += [f"X-Goog-Upload-Header-Content-Length: {size}", "X-Goog-Upload-Header-Content-Type: application/jsonl"]
    headers = [word for header in start for word in ("-H", header)]
    begun = curl(
        "-i", f"{emulator.url}/upload/v1beta/files", *headers, "-d", "{'file': {'display_name': 'BatchInput'}}"
    )
    [address] = [line[19:].strip() for line in begun["head"].splitlines() if line.startswith("x-goog-upload-url:")]
    offset = ["-H", f"Content-Length: {size}", "-H", "X-Goog-Upload-Offset: 0"]
    stored = curl(address, *offset, "-H", "X-Goog-Upload-Command: upload, finalize", "--data-binary", f"@{path}")
    assert stored["file"]["displayName"] == "BatchInput"
    batch = "{\n    'batch': {\n        'display_name': 'my-batch-requests',\n        'input_config': {\n"
    batch += f"            'file_name': '{stored['file']['name']}'\n        }}\n    }}\n}}"
    model = f"{emulator.url}/v1beta/models/{MODEL}"
    created = curl(f"{model}:batchGenerateContent", "-X", "POST", "-H", "Content-Type:application/json", "-d", batch)
    output = curl(f"{emulator.url}/v1beta/{created['name']}")["response"]["responsesFile"]
    assert curl(f"{emulator.url}/download/v1beta/{output}:download?alt=media")["key"] == "a"


def test_lists_come_in_pages(client: genai.Client) -> None:
    names = [client.batches.create(model=MODEL, src=inline("x")).name for _ in range(5)]
    pager = client.batches.list(config=types.ListBatchJobsConfig(page_size=2))
    assert len(pager.page) == 2
    assert [job.name for job in pager] == names[::-1]


def test_a_key_sees_its_own_jobs_alone(emulator: RunningEmulator, client: genai.Client) -> None:
    name = client.batches.create(model=MODEL, src=inline("x")).name or ""
    with client_of(emulator, "other") as other:
        assert list(other.batches.list()) == []
        with pytest.raises(errors.ClientError) as caught:
            other.batches.get(name=name)
    assert caught.value.code == 404


@pytest.mark.parametrize("when", ["before", "after"])
def test_cancelling_before_and_after_the_start(emulate: Emulate, when: str) -> None:
    clock = {"pending": 600, "running": 600} if when == "before" else {"pending": 0, "running": 600}
    emulator = emulate({"clock": clock})
    with client_of(emulator) as client:
        name = client.batches.create(model=MODEL, src=inline("x")).name or ""
        expected = types.JobState.JOB_STATE_PENDING if when == "before" else types.JobState.JOB_STATE_RUNNING
        assert client.batches.get(name=name).state == expected
        client.batches.cancel(name=name)
        assert client.batches.get(name=name).done


def test_what_the_scenario_refuses_is_refused_in_the_services_words(emulate: Emulate) -> None:
    emulator = emulate({"refuse_keys": ["bad"], "refuse_models": ["nothing-1"]})
    with client_of(emulator, "bad") as client, pytest.raises(errors.ClientError, match="API key not valid"):
        client.batches.create(model=MODEL, src=inline("x"))
    with client_of(emulator) as client, pytest.raises(errors.ClientError, match="nothing-1 is not found"):
        client.batches.create(model="nothing-1", src=inline("x"))
