"""Jobs and files that a scenario wants to be there from the start, for every key."""

from __future__ import annotations

from pathlib import Path

from padwan_server.emulator.batches import EVERYBODY, Batch, Batches, Item
from padwan_server.emulator.files import Files, StoredFile
from padwan_server.emulator.scenario import ExistingJob, Scenario

_FOR_EVER = 1e9
"""Seconds: as long as an emulator can run."""

_GENERATES = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
_EMBEDS = {"content": {"parts": [{"text": "Hello"}]}, "outputDimensionality": 8}


def add_existing(scenario: Scenario, batches: Batches, files: Files, now: int) -> None:
    """Make those that are not there yet."""
    for file in scenario.files:
        if not files.path(file.name).exists():
            _add_file(file.name, file.text, files, now)
    for job in scenario.jobs:
        if not batches.has(job.name):
            batches.admit(batches.create(_batch(job, now), iter([_item(job)])))


def _add_file(name: str, text: str, files: Files, now: int) -> None:
    path = files.path(name).with_suffix(".new")
    path.write_text(text, encoding="utf-8")
    files.publish(StoredFile(name, EVERYBODY, "", "application/jsonl", 0, now), path)


def _item(job: ExistingJob) -> Item:
    request = _EMBEDS if job.mode == "embed" else _GENERATES
    return Item(request, key="hello") if job.mode == "file" else Item(request, {"key": "hello"})


def _batch(job: ExistingJob, now: int) -> Batch:
    ends = job.state in ("FAILED", "EXPIRED")
    return Batch(
        name=job.name,
        owner=EVERYBODY,
        model="gemini-embedding-001" if job.mode == "embed" else "gemini-3.8-flash",
        display_name=Path(job.name).name,
        input_file=f"files/{Path(job.name).name}" if job.mode == "file" else "",
        created=now,
        pending=_FOR_EVER if job.state in ("PENDING", "CANCELLED") else 0.0,
        running=_FOR_EVER if job.state == "RUNNING" else 0.0,
        end_state=job.state if ends else "SUCCEEDED",
        end_code=13,
        end_message="",
        cancelled=now if job.state == "CANCELLED" else None,
        embeds=job.mode == "embed",
    )
