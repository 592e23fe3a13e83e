"""The status page: what a person sees at the emulator's address."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from padwan_server.emulator.batches import Batch
from padwan_server.emulator.clock import Moment, timestamp

_STYLE = """<style>
:root{color-scheme:light dark;--line:light-dark(#e3e6ea,#33383f);--dim:light-dark(#5f6873,#9aa4b0)}
body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1.5rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .4rem}p{color:var(--dim);margin:.2rem 0}
div{overflow-x:auto}table{border-collapse:collapse;width:100%}
th{color:var(--dim);font-weight:normal}th,td{text-align:left;padding:.35rem 1rem .35rem 0;white-space:nowrap}
td{border-top:1px solid var(--line)}code{font:12px ui-monospace,monospace}a{color:inherit}progress{width:4rem}
b{font-weight:600}.good{color:light-dark(#177245,#5fd39a)}.bad{color:light-dark(#b3261e,#ff8a80)}
.busy{color:light-dark(#1a5fb4,#8ab4f8)}
</style>"""

_LOOKS = {"PENDING": "", "RUNNING": "busy", "SUCCEEDED": "good"}
"""How a state looks; all others are bad news."""


def page(now: int, jobs: list[tuple[Batch, Moment]], log: list[dict[str, Any]]) -> str:
    """The emulator's time, jobs with their states, and the latest requests; loads itself anew."""
    head = f'<meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>padwan emulator</title>{_STYLE}'
    note = f"Answers here are made up; nothing reaches Google. The time here is {_time(timestamp(now))} UTC."
    return (
        f'<!doctype html><html lang="en">{head}<h1>Gemini Batch emulator</h1><p>{note}</p>'
        f"<h2>Jobs</h2>{_table(_JOB_HEAD, [_job(job, there) for job, there in jobs])}"
        f"<h2>Latest requests</h2>{_table(_REQUEST_HEAD, [_request(entry) for entry in reversed(log)])}</html>"
    )


_JOB_HEAD = ("Job", "Display name", "Model", "Created", "State", "Served")
_REQUEST_HEAD = ("Time", "Request", "Answer", "Job")


def _job(job: Batch, there: Moment) -> tuple[str, ...]:
    state = there.state.value.removeprefix("BATCH_STATE_")
    requests = f"/emulator/jobs/{job.name.removeprefix('batches/')}/requests"
    return (
        f'<a href="{escape(requests)}">{_code(job.name)}</a>',
        escape(job.display_name),
        escape(job.model),
        _time(timestamp(job.created)),
        f'<b class="{_LOOKS.get(state, "bad")}">{state}</b>',
        f'<progress value="{there.served}" max="{job.total or 1}"></progress> {there.served}/{job.total}',
    )


def _request(entry: dict[str, Any]) -> tuple[str, ...]:
    answer = "dropped" if "dropped" in entry else str(entry.get("status", "…"))
    look = "" if answer == "…" else "good" if answer.startswith("2") else "bad"
    return (
        _time(entry["time"]),
        _code(f"{entry['method']} {entry['path']}"),
        f'<b class="{look}">{answer}</b>',
        _code(entry.get("job", "")),
    )


def _time(stamp: str) -> str:
    return stamp[:19].replace("T", " ")


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table of cells that are HTML already."""
    if not rows:
        return "<p>None yet.</p>"
    heads = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div><table><tr>{heads}</tr>{body}</table></div>"
