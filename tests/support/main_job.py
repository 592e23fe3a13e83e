"""The main job as an assistant does it, whichever program it is in: what it calls, and what it must have been told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.service import workspace_scenario

Step = tuple[str, dict[str, Any]]
"""A tool by the end of its name, and its arguments; the value JOB stands for the job that was created."""

STEPS: list[Step] = [
    ("batch_validate", {"file": "ask.jsonl"}),
    ("batch_create", {"file": "ask.jsonl", "max_requests": 2}),
    ("batch_poll", {"job": "JOB", "interval": 1}),
    ("batch_results", {"job": "JOB"}),
    ("batch_export", {"job": "JOB", "output": "out.csv"}),
    ("batch_validate", {"file": "../secret"}),
]


def prepare(workspace: Path) -> None:
    """Two prompts, and an emulator that answers at once."""
    workspace_scenario(workspace, {"clock": {"pending": 0, "running": 0}})
    (workspace / "ask.jsonl").write_text('{"key": "good", "prompt": "one"}\n{"key": "bad", "prompt": "two"}\n')


def job_in(texts: Sequence[str]) -> str:
    """The job that was created, by the first of these texts that names one."""
    return next((found[0] for text in texts if (found := re.search(r"batches/[\w-]+", text))), "")


def check(tools: Sequence[str], seen: Sequence[str], workspace: Path) -> None:
    """All tools were listed, the model has seen all of each answer to STEPS, and the job is done."""
    assert len([tool for tool in tools if "batch_" in tool]) == 9
    validated, created, polled, results, exported, refused = (text.replace('\\"', '"') for text in seen)
    assert '"valid":true' in validated
    assert f'"job":"{job_in(seen)}"' in created
    assert '"outcomes":{"ok":2}' in polled
    assert "You asked: one" in results
    assert "You asked: two" in results
    assert "<untrusted-" in results
    assert '"rows":2' in exported
    assert "[outside-workspace]" in refused
    assert (workspace / "out.csv").read_text().count("\n") == 3
