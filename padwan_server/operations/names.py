"""The names of all operations, for those who announce them before any is used: loading the operations takes time."""

from __future__ import annotations

NAMES = (
    "validate",
    "create",
    "status",
    "list",
    "poll",
    "results",
    "cancel",
    "retry",
    "export",
    "resolve",
    "delete",
    "prune",
)
"""In the order of the table, which is held against it."""
