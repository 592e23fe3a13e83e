"""The shapes that answers are held against are those of the API."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect as shapes

from padwan_server.emulator import wire

MESSAGES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "api_messages.json").read_text("utf-8"))
OURS = {
    name: shape
    for name, shape in inspect.getmembers(wire, inspect.isclass)
    if issubclass(shape, msgspec.Struct) and not name.startswith("_")
}

# Where recorded answers of the live service depart from the description.
RECORDED = {
    ("UsageMetadata", "serviceTier"),
    ("EmbedContentResponse", "usageMetadata"),
    ("EmbedContentResponse", "tokenCount"),
    # The key of a line of results stands where inline results have their metadata.
    ("InlinedResponse", "key"),
    ("InlinedEmbedContentResponse", "key"),
    # The type that an operation's metadata and response name, as google.protobuf.Any does.
    ("GenerateContentBatch", "@type"),
    ("EmbedContentBatch", "@type"),
    ("GenerateContentBatchOutput", "@type"),
    ("EmbedContentBatchOutput", "@type"),
}


def kind(described: shapes.Type) -> Any:
    if isinstance(described, shapes.UnionType):
        [described] = [t for t in described.types if not isinstance(t, shapes.CustomType)]
    if isinstance(described, shapes.StructType):
        return described.cls.__name__
    if isinstance(described, shapes.ListType):
        return [kind(described.item_type)]
    return {
        shapes.StrType: "string",
        shapes.IntType: "integer",
        shapes.FloatType: "number",
        shapes.BoolType: "boolean",
        shapes.DictType: "object",
    }.get(type(described), "any")


@pytest.mark.parametrize("name", sorted(MESSAGES.keys() & OURS.keys()))
def test_each_field_is_one_of_the_apis(name: str) -> None:
    described = shapes.type_info(OURS[name])
    assert isinstance(described, shapes.StructType)
    for field in described.fields:
        if (name, field.encode_name) in RECORDED:
            continue
        expected = MESSAGES[name][field.encode_name]
        if expected == ["Operation"]:
            continue  # Each is checked by itself: what it holds depends on its type.
        if expected == "EmbedContentBatchStats":
            expected = "BatchStats"
        if expected == "InputEmbedContentConfig":
            expected = "InputConfig"
        assert kind(field.type) == expected, f"{name}.{field.encode_name}"


# What the description requires; where nothing recorded departs from it, answers have it.
REQUIRED = {
    "GenerateContentBatch": {"model", "displayName", "inputConfig"},
    "EmbedContentBatch": {"model", "displayName", "inputConfig"},
    "Model": {"name", "baseModelId", "version"},
}
RECORDED_WITHOUT = {"displayName", "inputConfig"}


@pytest.mark.parametrize("name", REQUIRED)
def test_what_the_api_requires_is_there(name: str) -> None:
    described = shapes.type_info(OURS[name])
    assert isinstance(described, shapes.StructType)
    required = {field.encode_name for field in described.fields if field.required}
    assert REQUIRED[name] - RECORDED_WITHOUT <= required


def test_most_messages_are_compared() -> None:
    assert len(MESSAGES.keys() & OURS.keys()) > 20


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        (b'{"totalTokens": "1", "promptTokensDetails": []}', wire.CountTokensResponse),
        (b'{"files": [], "next_page_token": "x"}', wire.ListFilesResponse),
        (b'{"unknown": 1}', wire.Empty),
        (b'{"operations": [{"name": "batches/x", "metadata": {"state": "RUNNING"}}]}', wire.ListOperationsResponse),
        (b'{"error": {"code": 400}}', wire.ErrorResponse),
    ],
)
def test_an_answer_of_another_shape_is_found_out(body: bytes, shape: type[msgspec.Struct]) -> None:
    with pytest.raises(wire.WireError):
        wire.check(body, shape)
