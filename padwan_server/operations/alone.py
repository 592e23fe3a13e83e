"""One operation without the others: loading all of the table takes longer than most commands."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from padwan_server.operations.operation import Operation

_MODULES = {"list": "list_jobs"}
"""Operations whose module cannot have their name."""


def alone(name: str) -> Operation[Any, Any]:
    """The operation of this name, which is one of operations.names; the table has the same object."""
    module = import_module(f"padwan_server.operations.{_MODULES.get(name, name)}")
    operation: Operation[Any, Any] = getattr(module, name.upper())
    return operation
