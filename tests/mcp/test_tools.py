"""What the tools are: each an operation of the table, in few words."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from padwan_server.mcp.tools import LONGEST_POLL, input_schema, parameters_of, tools
from padwan_server.operations.table import OPERATIONS
from tests.support.assistant import in_memory

NAMES = [f"batch_{name}" for name, operation in OPERATIONS.items() if operation.for_assistants]


async def test_the_tools_are_the_tables_operations_for_assistants(workspace: Path, era: str) -> None:
    async with in_memory(workspace, era) as assistant:
        listed = (await assistant.client.list_tools()).tools
        again = (await assistant.client.list_tools()).tools
    assert [tool.name for tool in listed] == NAMES
    assert len(NAMES) == 9
    assert listed == again
    for tool in listed:
        operation = OPERATIONS[tool.name.removeprefix("batch_")]
        assert tool.title == operation.title
        assert (tool.description or "").startswith(operation.description)
        wanted = [name for name in operation.params.model_fields if name not in operation.for_people]
        assert list(tool.input_schema["properties"]) == wanted
        assert tool.output_schema is not None
        assert tool.output_schema["properties"].keys() == {*operation.result.model_fields, "omitted"}


def test_their_names_descriptions_and_input_schemas_are_short() -> None:
    words = [tool.name + (tool.description or "") + json.dumps(tool.input_schema) for tool in tools()]
    assert sum(map(len, words)) < 6144


@pytest.mark.parametrize("name", NAMES)
def test_an_input_schema_is_closed_and_without_unions(name: str) -> None:
    schema = input_schema(OPERATIONS[name.removeprefix("batch_")])
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert not any(word in json.dumps(schema) for word in ("anyOf", "oneOf", "$ref", '"null"', '"title"'))
    assert all(described["type"] and described["description"] for described in schema["properties"].values())
    jsonschema.Draft202012Validator.check_schema(schema)


def test_annotations_say_what_spends_reads_and_destroys() -> None:
    hints = {tool.name: tool.annotations for tool in tools()}
    reading = {f"batch_{name}" for name in ("validate", "status", "list", "poll", "results")}
    assert {name for name, hint in hints.items() if hint and hint.read_only_hint} == reading
    assert {name for name, hint in hints.items() if hint and hint.destructive_hint} == {"batch_cancel", "batch_export"}
    assert {name for name, hint in hints.items() if hint and not hint.open_world_hint} == {"batch_validate"}


@pytest.mark.parametrize(
    ("given", "waits"),
    [({}, 50), ({"timeout": 0}, 0), ({"timeout": 7}, 7), ({"timeout": "7"}, 7), ({"timeout": None}, 50)]
    + [({"timeout": endless}, 50) for endless in (51, "3600", float("inf"), "inf", "1e99")],
)
def test_no_poll_waits_longer_than_clients_do(given: dict[str, object], waits: float) -> None:
    assert LONGEST_POLL == 50
    parsed = parameters_of(OPERATIONS["poll"], {"job": "x", **given})
    assert parsed.model_dump()["timeout"] == waits
