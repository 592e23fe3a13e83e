"""What the SDK sends with jobs arrives, whatever it is: every member of its requests and of its settings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import types

from padwan_server.emulator.testing import start_emulator

MODEL = "gemini-3.8-flash"
SAFETY = [
    {"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_ONLY_HIGH"},
    {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"},
]
TOOLS = [
    {
        "function_declarations": [
            {"name": "look", "parameters": {"type": "OBJECT", "properties": {"q": {"type": "STRING"}}}}
        ]
    },
    {"google_search": {}},
    {"code_execution": {}},
    {"url_context": {}},
    {"google_maps": {}},
]
SETTINGS: list[dict[str, Any]] = [
    {},
    {"safety_settings": SAFETY},
    {"system_instruction": "Be brief.", "response_modalities": ["TEXT"]},
    {"thinking_config": {"include_thoughts": True, "thinking_budget": 400}},
    {"thinking_config": {"thinking_level": "LOW"}},
    {"temperature": 0.7, "top_p": 0.9, "top_k": 10.0, "seed": 1, "stop_sequences": ["end"], "max_output_tokens": 9},
    {
        "response_mime_type": "application/json",
        "response_schema": {"type": "OBJECT", "properties": {"a": {"type": "ARRAY"}}},
    },
    {
        "response_mime_type": "application/json",
        "response_json_schema": {"type": "object", "additionalProperties": False},
    },
    {"tools": TOOLS, "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["look"]}}},
    {"speech_config": {"voice_config": {"prebuilt_voice_config": {"voice_name": "Kore"}}}},
    {"image_config": {"aspect_ratio": "1:1"}, "media_resolution": "MEDIA_RESOLUTION_LOW"},
    {"candidate_count": 1, "presence_penalty": 0.1, "frequency_penalty": 0.1, "response_logprobs": True, "logprobs": 2},
    {"cached_content": "cachedContents/x", "service_tier": "flex", "enable_enhanced_civic_answers": True},
]
PARTS: list[dict[str, Any]] = [
    {"text": "say hello"},
    {"inline_data": {"data": b"\x89PNG", "mime_type": "image/png"}},
    {"file_data": {"file_uri": "https://example.com/v1beta/files/a", "mime_type": "image/jpeg"}},
    {
        "file_data": {"file_uri": "https://example.com/v1beta/files/a", "mime_type": "video/mp4"},
        "video_metadata": {"start_offset": "0s", "end_offset": "5s", "fps": 3.0},
    },
    {"function_call": {"name": "look", "args": {"q": [1, None]}}},
    {"function_response": {"name": "look", "response": {"found": {"deep": []}}}},
    {"executable_code": {"code": "1", "language": "PYTHON"}},
    {"code_execution_result": {"outcome": "OUTCOME_OK", "output": "1"}},
]


@pytest.fixture(scope="module")
def client() -> Iterator[genai.Client]:
    with start_emulator({"clock": {"pending": 0, "running": 0}, "limits": {"jobs": 1000}}) as emulator:
        options = types.HttpOptions(base_url=emulator.url, api_version="v1beta")
        with genai.Client(api_key="any", vertexai=False, http_options=options) as client:
            yield client


def ended(client: genai.Client, created: Any) -> types.BatchJob:
    job = client.batches.get(name=created.name)
    assert job.state == types.JobState.JOB_STATE_SUCCEEDED
    return job


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("wrapped", [False, True])
def test_settings_of_an_inline_request(client: genai.Client, settings: dict[str, Any], *, wrapped: bool) -> None:
    requests: Any = [{"contents": "say hello", "metadata": {"key": "a"}, "config": settings}]
    source: Any = {"inlined_requests": requests} if wrapped else requests
    job = ended(client, client.batches.create(model=MODEL, src=source, config={"display_name": "mine"}))
    assert job.dest
    [answer] = job.dest.inlined_responses or []
    assert answer.error is None
    assert answer.response
    assert (answer.response.text or "").endswith("say hello")


@pytest.mark.parametrize("part", PARTS)
def test_parts_of_an_inline_request(client: genai.Client, part: dict[str, Any]) -> None:
    source: Any = [{"contents": [{"role": "user", "parts": [{"text": "what is it?"}, part]}]}]
    ended(client, client.batches.create(model=MODEL, src=source))


def test_a_job_that_is_to_call_a_webhook_is_made_like_others(client: genai.Client) -> None:
    config: Any = {"webhook_config": {"uris": ["https://example.com/webhook"], "user_metadata": {"batch_id": "123"}}}
    source: Any = [{"contents": "say hello"}]
    ended(client, client.batches.create(model=MODEL, src=source, config=config))


def test_embeddings_with_all_their_settings(client: genai.Client) -> None:
    config = {"output_dimensionality": 8, "task_type": "RETRIEVAL_DOCUMENT", "title": "one"}
    source: Any = {"inlined_requests": {"contents": ["one"], "config": config}}
    with warnings.catch_warnings(action="ignore"):
        created = client.batches.create_embeddings(model=MODEL, src=source, config={"display_name": "mine"})
    assert ended(client, created).display_name == "mine"


@pytest.mark.parametrize(
    "name", ["7085929781874655232", "invalid_name", "projects/1/locations/x/batchPredictionJobs/7"]
)
def test_the_sdk_itself_refuses_names_of_another_service(client: genai.Client, name: str) -> None:
    for method in (client.batches.get, client.batches.cancel, client.batches.delete):
        with pytest.raises(ValueError, match="Invalid batch job name"):
            method(name=name)
