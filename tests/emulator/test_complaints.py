"""What cannot be read or accepted is told in the service's words, field by field."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from padwan_server.emulator.messages import complaints
from padwan_server.emulator.payload import decoded
from padwan_server.emulator.testing import RunningEmulator, start_emulator
from tests.support.emulated import call, created, inline, raw, results, tenant, upload

Emulate = Callable[..., RunningEmulator]
CREATE = "models/m:batchGenerateContent"
EMBED = "models/m:asyncBatchEmbedContent"
HI = [{"role": "user", "parts": [{"text": "Hi"}]}]
ITEM = "batch.input_config.requests.requests[0].request"
TYPES = "type.googleapis.com/google.ai.generativelanguage.v1beta."


@pytest.fixture(scope="module")
def service() -> Iterator[RunningEmulator]:
    """One emulator for requests that leave nothing behind."""
    with start_emulator({"clock": {"pending": 0, "running": 0}, "refuse_models": ["gone"]}) as emulator:
        yield emulator


def one(request: dict[str, Any]) -> dict[str, Any]:
    return {"batch": {"displayName": "d", "inputConfig": {"requests": {"requests": [{"request": request}]}}}}


def hi(**members: Any) -> dict[str, Any]:
    return one({"contents": HI, **members})


def unknown(name: str, path: str = "") -> tuple[str, str]:
    place = f" at '{path}'" if path else ""
    return path, f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.'


def value(path: str, kind: str, shown: str) -> tuple[str, str]:
    return path, f"Invalid value at '{path}' ({kind}), {shown}"


UNREADABLE: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"batch": {"displayNam": "x"}}, [unknown("displayNam", "batch")]),
    ({"display_nam": 1, "batch": {}}, [unknown("display_nam")]),
    ({"batch": {"input_config": {"filename": "files/x"}}}, [unknown("filename", "batch.input_config")]),
    (
        {"batch": {"inputConfig": {"requests": {"requests": [{"prompt": "x"}]}}}},
        [unknown("prompt", "batch.input_config.requests.requests[0]")],
    ),
    (hi(temperature=1), [unknown("temperature", ITEM)]),
    (
        hi(generationConfig={"temprature": 1, "topKK": 2}),
        [unknown("temprature", f"{ITEM}.generation_config"), unknown("topKK", f"{ITEM}.generation_config")],
    ),
    (one({"contents": [{"parts": [{"txt": "x"}]}]}), [unknown("txt", f"{ITEM}.contents[0].parts[0]")]),
    (
        hi(tools=[{"functionDeclarations": [{"name": "f", "parameters": {"properties": {"a": {"kind": 1}}}}]}]),
        [unknown("kind", f"{ITEM}.tools[0].function_declarations[0].parameters.properties[0].value")],
    ),
    (
        hi(safetySettings=[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "SOME"}]),
        [value(f"{ITEM}.safety_settings[0].threshold", f"{TYPES}SafetySetting.HarmBlockThreshold", '"SOME"')],
    ),
    (hi(system_instruction="Be kind"), [value(f"{ITEM}.system_instruction", f"{TYPES}Content", '"Be kind"')]),
    (
        hi(generation_config={"max_output_tokens": "many", "seed": 1.5, "responseLogprobs": 1}),
        [
            value(f"{ITEM}.generation_config.max_output_tokens", "TYPE_INT32", '"many"'),
            value(f"{ITEM}.generation_config.seed", "TYPE_INT32", "1.5"),
            value(f"{ITEM}.generation_config.response_logprobs", "TYPE_BOOL", "1"),
        ],
    ),
    (
        hi(generationConfig={"seed": 2**31, "maxOutputTokens": -(2**31)}),
        [value(f"{ITEM}.generation_config.seed", "TYPE_INT32", "2147483648")],
    ),
    (
        one({"contents": [{"parts": [{"text": {"text": "x"}}]}]}),
        [
            (
                f"{ITEM}.contents[0].parts[0]",
                f"Invalid value at '{ITEM}.contents[0].parts[0]' (text), Starting an object on a scalar field",
            )
        ],
    ),
    (
        hi(generationConfig=[]),
        [
            (
                ITEM,
                (
                    f"Invalid JSON payload received. Unknown name \"generationConfig\" at '{ITEM}': "
                    "Proto field is not repeating, cannot start list."
                ),
            )
        ],
    ),
    (
        {"batch": {"inputConfig": {"requests": {"requests": [{"request": {"contents": HI}, "metadata": "a"}]}}}},
        [
            value(
                "batch.input_config.requests.requests[0].metadata", "type.googleapis.com/google.protobuf.Struct", '"a"'
            )
        ],
    ),
]


@pytest.mark.parametrize(("body", "found"), UNREADABLE)
def test_what_cannot_be_read_is_told_field_by_field(
    service: RunningEmulator, body: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    status, answer = call(service, "POST", CREATE, body)
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert answer["error"]["message"] == "\n".join(description for _, description in found)
    [detail] = answer["error"]["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    violations = [{**({"field": path} if path else {}), "description": description} for path, description in found]
    assert detail["fieldViolations"] == violations


def test_a_type_is_named_by_the_version_that_is_asked(service: RunningEmulator) -> None:
    body = json.dumps({"contents": "Hi"}).encode()
    told = [
        json.loads(raw(service, "POST", f"/{version}/models/m:generateContent", body)[2])["error"]["message"]
        for version in ("v1", "v1beta")
    ]
    assert told == [
        f"Invalid value at 'contents' (type.googleapis.com/google.ai.generativelanguage.{version}.Content), \"Hi\""
        for version in ("v1", "v1beta")
    ]


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        (CREATE, {}, "* BatchGenerateContentRequest.batch.input_config: no requests are given\n"),
        (CREATE, {"batch": None}, "* BatchGenerateContentRequest.batch.input_config: no requests are given\n"),
        (
            EMBED,
            {"batch": {"inputConfig": {"requests": {"requests": []}}}},
            "* AsyncBatchEmbedContentRequest.batch.input_config: no requests are given\n",
        ),
        (CREATE, one({}), f"* BatchGenerateContentRequest.{ITEM}.contents: contents is not specified\n"),
        (EMBED, one({}), f"* AsyncBatchEmbedContentRequest.{ITEM}.content: content is not specified\n"),
        ("models/m:generateContent", {}, "* GenerateContentRequest.contents: contents is not specified\n"),
        ("models/no%20name:generateContent", {}, "* GenerateContentRequest.model: unexpected model name format\n"),
    ],
)
def test_what_is_not_accepted_is_told_without_details(
    service: RunningEmulator, path: str, body: dict[str, Any], told: str
) -> None:
    status, answer = call(service, "POST", path, body)
    assert (status, answer) == (400, {"error": {"code": 400, "message": told, "status": "INVALID_ARGUMENT"}})


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_a_model_that_is_not_there_is_told_with_version_and_method(service: RunningEmulator, version: str) -> None:
    for method in ("batchGenerateContent", "asyncBatchEmbedContent", "generateContent", "countTokens"):
        status, _, body = raw(service, "POST", f"/{version}/models/gone:{method}", json.dumps(hi()).encode())
        told = json.loads(body)["error"]["message"]
        assert (status, told.partition(". ")[0]) == (
            404,
            f"models/gone is not found for API version {version}, or is not supported for {method}",
        )
    status, _, body = raw(service, "GET", f"/{version}/models/gone")
    assert (status, json.loads(body)["error"]["message"]) == (
        404,
        f"Model is not found: models/gone for api version {version}",
    )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{model:gemini-3.8-flash,messages:[]}", "Unexpected token.\n{model:gemini-3.8-flash,mes\n       ^"),
        (b"{'batch': {'displayName': nope}}", "Unexpected token.\nh': {'displayName': nope}}\n                    ^"),
        (b"{'batch': 'x", "Closing quote expected in string.\n{'batch': 'x\n          ^"),
        (b'{"batch": {"displayName": nope}}', 'Unexpected token.\nh": {"displayName": nope}}\n                    ^'),
        (b'{"batch": {', "Unexpected end of string. Expected an object key or }."),
        (b'{"batch" {}}', "Expected : between key:value pair."),
        (b'{"batch": NaN}', "Unexpected token."),
        (b'{"batch": "\xff"}', "Unexpected token."),
        (b"\x1f\x8b\x08\x00gzip", "Expected a value."),
        (b"[" * 100_000, "Unexpected token."),
    ],
)
def test_json_that_is_none_is_told_with_its_place(service: RunningEmulator, body: bytes, told: str) -> None:
    status, _, answer = raw(service, "POST", f"/v1beta/{CREATE}", body)
    error = json.loads(answer)["error"]
    assert (status, error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["message"].startswith(f"Invalid JSON payload received. {told}")
    assert error["details"][0]["fieldViolations"] == [{"description": error["message"]}]


@pytest.mark.parametrize("body", [b"[]", b"7", b'"x"', b"null"])
def test_json_that_is_no_message_is_told(service: RunningEmulator, body: bytes) -> None:
    status, _, answer = raw(service, "POST", f"/v1beta/{CREATE}", body)
    assert (status, json.loads(answer)["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_more_than_twenty_megabytes_inline_are_refused(service: RunningEmulator) -> None:
    status, answer = call(service, "POST", CREATE, inline("x" * 20_000_001))
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert "exceeds the limit" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': 'b'}", {"a": "b"}),
        (r"""{'it\'s': 'a \"word\"', "is": "it's, {a: 'b',}"}""", {"it's": 'a "word"', "is": "it's, {a: 'b',}"}),
        ("""{'a': '"', b_1: [1, 2,], "c": {d: true,},}""", {"a": '"', "b_1": [1, 2], "c": {"d": True}}),
        (r"{'a': 'tab\t \u00e9 \\'}", {"a": "tab\t é \\"}),
    ],
)
def test_json_is_read_as_googles_examples_write_it(text: str, value: Any) -> None:
    assert decoded(text.encode()) == value


# What is read


@pytest.mark.parametrize(
    "request_",
    [
        {"contents": {"parts": {"text": "Hi"}}},
        {"contents": HI, "generation_config": {"max_output_tokens": "5", "response_modalities": ["Text"]}},
        {"contents": HI, "generationConfig": {"topK": 10.0, "responseSchema": {"type": "object", "nullable": None}}},
        {"contents": HI, "tools": [{"google_search": {}}, {"codeExecution": {}}], "serviceTier": "standard"},
        {"contents": HI, "safetySettings": [{"category": 7, "threshold": "OFF"}], "labels": {"a": "b"}},
        {"contents": HI, "system_instruction": {"parts": [{"text": "Be kind"}]}, "model": "models/m"},
    ],
)
def test_both_spellings_and_what_the_parser_lets_pass(service: RunningEmulator, request_: dict[str, Any]) -> None:
    emulator = tenant(service)
    body = {"batch": {"display_name": "d", "input_config": {"requests": {"requests": [{"request": request_}]}}}}
    status, job = call(emulator, "POST", CREATE, body)
    assert status == 200, job
    [result] = results(emulator, job["name"])
    assert result["response"]["candidates"][0]["content"]["parts"][0]["text"].endswith("Hi")


def test_a_job_without_a_display_name_has_none(service: RunningEmulator) -> None:
    body = inline("Hi")
    del body["batch"]["displayName"]
    assert "displayName" not in call(service, "POST", CREATE, body)[1]["metadata"]


def members(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["parts", "text", "thinkingConfig", "response_schema", "properties", "seed", "role", "x"])
    return st.dictionaries(names, inner, max_size=4)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | members(inner))
)
def test_whatever_json_comes_is_read_or_complained_of(value: Any) -> None:
    for complaint in complaints({"contents": value, "generationConfig": value}, "GenerateContentRequest"):
        assert complaint.description


def test_the_emulator_and_the_prompts_agree_on_what_a_request_may_hold() -> None:
    root = Path(__file__).parents[2] / "padwan_server"
    emulated = msgspec.json.decode((root / "emulator" / "messages.json").read_bytes())
    checked = msgspec.json.decode((root / "prompts" / "generate_content_request.json").read_bytes())
    missing = {name: fields.keys() - emulated[name].keys() for name, fields in checked.items()}
    assert {name: fields for name, fields in missing.items() if fields} == {}


# Lines of an input file


def made_of(emulator: RunningEmulator, *lines: bytes) -> tuple[int, Any]:
    name = upload(emulator, b"\n".join(lines))["name"]
    return call(emulator, "POST", CREATE, {"batch": {"displayName": "d", "inputConfig": {"fileName": name}}})


GOOD = b'{"key": "a", "request": {"contents": [{"parts": [{"text": "Hi"}]}]}}'


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            b'{"key": "b", "request": {"contents": [], "generationConfig": {"cachedContent": "x"}}}',
            "near column 63: no such field: 'cachedContent'",
        ),
        (b'{"key": "b", "request": {"thinking_config": {}}}', "near column 26: no such field: 'thinking_config'"),
        (b'{"key": "b", "request": {"contents": [}}', "near column 39: unexpected character: '}'"),
        (b'{"key": "b", "request":', "near column 24: unexpected EOF"),
        (b'{"key": 7, "request": {"contents": []}}', "near column 1: expected '\"'"),
        (b'{"key": "b", "request": []}', "near column 1: expected '{'"),
        (b"\xff\xfe", "near column 1: unexpected character: '\ufffd'"),
    ],
)
def test_a_file_with_lines_that_cannot_be_read_makes_no_job(service: RunningEmulator, line: bytes, told: str) -> None:
    emulator = tenant(service)
    status, answer = made_of(emulator, GOOD, line, b"", GOOD, line)
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert answer["error"]["message"] == "\n".join(f"Error on line {n}: invalid JSON, {told}" for n in (2, 5))
    assert call(emulator, "GET", "batches") == (200, {})


def test_lines_are_told_by_their_numbers_in_whatever_order_they_are_served(emulate: Emulate) -> None:
    status, answer = made_of(emulate({"order": "reversed"}), GOOD, GOOD, b"{", GOOD)
    assert (status, answer["error"]["message"]) == (400, "Error on line 3: invalid JSON, near column 2: unexpected EOF")


def test_lines_without_a_key_with_one_twice_and_with_more_beside_it_are_answered(service: RunningEmulator) -> None:
    emulator = tenant(service)
    keyless = b'{"request": {"contents": [{"parts": [{"text": "Hi"}]}]}}'
    empty = b'{"key": "e"}\r'
    status, job = made_of(emulator, GOOD, GOOD, keyless, b'{"custom_id": "c", ' + keyless[1:], empty)
    assert status == 200, job
    name = call(emulator, "GET", job["name"])[1]["response"]["responsesFile"]
    lines = raw(emulator, "GET", f"/download/v1beta/{name}:download?alt=media")[2].splitlines()
    found = [json.loads(line) for line in lines]
    assert [result.get("key") for result in found] == ["a", "a", None, None, "e"]
    assert ["error" in result for result in found] == [False] * 4 + [True]


def test_files_for_embeddings_are_held_against_their_own_message(service: RunningEmulator) -> None:
    emulator = tenant(service)
    name = upload(emulator, GOOD)["name"]
    status, answer = call(emulator, "POST", EMBED, {"batch": {"inputConfig": {"fileName": name}}})
    assert (status, answer["error"]["message"]) == (
        400,
        "Error on line 1: invalid JSON, near column 26: no such field: 'contents'",
    )


# Names, paths, methods and parameters


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1beta/nothing"),
        ("GET", "/v2/batches"),
        ("GET", "/v1beta/batches/"),
        ("POST", "/v1beta/models/:batchGenerateContent"),
        ("POST", "/v1beta/models/models/m:batchGenerateContent"),
        ("POST", "/v1beta/models/m:doSomething"),
        ("POST", "/v1beta/batches"),
        ("PUT", "/v1beta/batches/x"),
        ("DELETE", "/v1beta/models/m"),
        ("OPTIONS", "/v1beta/batches"),
        ("GET", "/emulator/jobs/..%5c..%5cx/requests"),
    ],
)
def test_a_path_or_a_method_that_is_none_gets_a_page(service: RunningEmulator, method: str, path: str) -> None:
    status, headers, body = raw(service, method, path)
    assert (status, headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert b"Error 404 (Not Found)!!1" in body


def test_a_parameter_that_no_method_has_is_told(service: RunningEmulator) -> None:
    status, answer = call(service, "GET", "batches?alt=json&page_sise=2")
    assert (status, answer["error"]["message"]) == (
        400,
        (
            'Invalid JSON payload received. Unknown name "page_sise": Cannot bind query parameter. '
            "Field 'page_sise' could not be found in request message."
        ),
    )


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1beta/batches?key=any", {}, 200),
        ("/v1beta/batches", {"x-goog-api-key": "any"}, 200),
        ("/v1beta/batches", {}, 403),
        ("/v1beta/batches?key=", {"x-goog-api-key": ""}, 403),
        ("/v1beta/batches", {"Authorization": "Bearer any"}, 403),
    ],
)
def test_a_key_is_in_the_header_or_in_the_address(
    service: RunningEmulator, path: str, headers: dict[str, str], status: int
) -> None:
    assert raw(service, "GET", path, headers=headers, key="")[0] == status


def test_a_key_that_is_refused_is_told_for_programs_and_for_people(emulate: Emulate) -> None:
    status, answer = call(emulate({"refuse_keys": ["bad"]}), "GET", "batches", key="bad")
    told = "API key not valid. Please pass a valid API key."
    assert (status, answer["error"]["status"], answer["error"]["message"]) == (400, "INVALID_ARGUMENT", told)
    assert answer["error"]["details"] == [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        },
        {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": told},
    ]


@pytest.mark.parametrize(("method", "wanted"), [("GET", "Get"), ("DELETE", "Delete")])
def test_a_file_of_results_can_only_be_downloaded(service: RunningEmulator, method: str, wanted: str) -> None:
    emulator = tenant(service)
    job = made_of(emulator, GOOD)[1]["name"]
    name = call(emulator, "GET", job)[1]["response"]["responsesFile"]
    status, answer = call(emulator, method, name)
    told = f"* {wanted}FileRequest.name: File ID (name excluding 'files/') cannot be more than 40 characters.\n"
    assert (status, answer["error"]["message"]) == (400, told)
    assert raw(emulator, "GET", f"/v1beta/{name}:download?alt=media")[0] == 200


def test_a_job_of_another_key_is_not_found_by_any_method(service: RunningEmulator) -> None:
    emulator = tenant(service)
    job = created(emulator, "a")
    for method, path in (("GET", job), ("POST", f"{job}:cancel"), ("DELETE", job)):
        status, answer = call(emulator, method, path, key="another")
        assert (status, answer["error"]["status"]) == (404, "NOT_FOUND")
