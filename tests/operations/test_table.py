"""The contract: every operation is declared so that people, assistants and programs can use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from padwan_server.operations.operation import Operation
from padwan_server.operations.table import OPERATIONS

EVERY = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=list(OPERATIONS))


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property, those of nested models too."""
    for model in [schema, *schema.get("$defs", {}).values()]:
        yield from model.get("properties", {}).items()


def test_the_operations_are_there_in_the_order_in_which_people_meet_them() -> None:
    assert list(OPERATIONS) == [
        *("validate", "create", "status", "list", "poll", "results", "cancel", "retry", "export"),
        *("resolve", "delete", "prune"),
    ]
    assert [name for name, operation in OPERATIONS.items() if not operation.for_assistants] == [
        "resolve",
        "delete",
        "prune",
    ]
    assert all(name == operation.name for name, operation in OPERATIONS.items())


@EVERY
def test_everything_is_described(operation: Operation[Any, Any]) -> None:
    assert len(operation.description) > 40
    assert operation.title
    for schema in (operation.input_schema(), operation.output_schema()):
        for name, described in properties(schema):
            assert described.get("description"), f"{operation.name}.{name}"


@EVERY
def test_parameters_are_optional_and_never_null(operation: Operation[Any, Any]) -> None:
    schema = operation.input_schema()
    assert '"null"' not in json.dumps(schema)
    assert "anyOf" not in json.dumps(schema)
    assert schema["additionalProperties"] is False
    for name in schema.get("properties", {}):
        if name not in schema.get("required", ()):
            needed = {"job": "x", "output": "x", "choice": "adopt"}
            given = {key: needed[key] for key in schema.get("required", ())}
            assert operation.parse({**given, name: None}) == operation.parse(given)


def test_the_defaults_are_the_references() -> None:
    defaults = {
        (operation.name, name): described.get("default")
        for operation in OPERATIONS.values()
        for name, described in operation.input_schema().get("properties", {}).items()
    }
    assert defaults["create", "name"] == "cli-batch"
    assert defaults["list", "limit"] == 10
    assert defaults["poll", "interval"] == 5
    assert defaults["poll", "timeout"] is None
    assert defaults["export", "overwrite"] is False
    assert defaults["retry", "submit"] is False
