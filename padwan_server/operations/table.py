"""The table: every operation, in the order in which people meet them."""

from __future__ import annotations

from typing import Any

from padwan_server.operations.cancel import CANCEL
from padwan_server.operations.create import CREATE
from padwan_server.operations.delete import DELETE
from padwan_server.operations.export import EXPORT
from padwan_server.operations.list_jobs import LIST
from padwan_server.operations.names import NAMES
from padwan_server.operations.operation import Operation
from padwan_server.operations.poll import POLL
from padwan_server.operations.prune import PRUNE
from padwan_server.operations.resolve import RESOLVE
from padwan_server.operations.results import RESULTS
from padwan_server.operations.retry import RETRY
from padwan_server.operations.status import STATUS
from padwan_server.operations.validate import VALIDATE

OPERATIONS: dict[str, Operation[Any, Any]] = {
    operation.name: operation
    for operation in (VALIDATE, CREATE, STATUS, LIST, POLL, RESULTS, CANCEL, RETRY, EXPORT, RESOLVE, DELETE, PRUNE)
}
if tuple(OPERATIONS) != NAMES:
    raise AssertionError("operations/names.py does not name the operations of the table")
