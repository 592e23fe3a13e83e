"""The status page: what a person sees at the emulator's address."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from padwan_server.emulator.batches import Batch
from padwan_server.emulator.clock import Moment

_STYLE = (
    "<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .8rem .2rem 0}</style>"
)


def page(now: str, jobs: list[tuple[Batch, Moment]], log: list[dict[str, Any]]) -> str:
    """The emulator's time, jobs with their states, and the latest requests; loads itself anew."""
    job_rows = [(job.name, job.display_name, job.model, at.state.value, f"{at.served}/{job.total}") for job, at in jobs]
    log_rows = [
        (entry["method"], entry["path"], str(entry.get("status", "…")), entry.get("job", "")) for entry in reversed(log)
    ]
    head = f'<meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>padwan emulator</title>{_STYLE}'
    note = f"Answers here are made up; nothing reaches Google. The time here is {escape(now)}."
    return (
        f'<!doctype html><html lang="en">{head}<h1>Gemini Batch emulator</h1><p>{note}</p>'
        f"<h2>Jobs</h2>{_table(('Name', 'Display name', 'Model', 'State', 'Served'), job_rows)}"
        f"<h2>Latest requests</h2>{_table(('Method', 'Path', 'Status', 'Job'), log_rows)}</html>"
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    heads = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{heads}</tr>{body}</table>"
