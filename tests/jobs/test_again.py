"""The same content is not sent twice without the user's word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.errors import PadwanError
from padwan_server.operations.table import OPERATIONS
from tests.jobs.test_submission import remembered, stored_keys
from tests.support.operations import Runner

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]
SLOW = {"clock": {"pending": 3600, "running": 3600}}


async def test_the_same_unfinished_content_is_refused_where_nobody_can_be_asked(
    workspace: Path, emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate(SLOW)
    run = at_service(emulator.url)
    first = await run("create", prompts=["a", "b"], name="one")
    error = await run.error("create", prompts=["a", "b"], name="two")
    assert (error.code, error.data["job"]) == ("already-submitted", first["job"])
    assert "again" in error.hint
    assert len(emulator.requests("create")) == 1
    assert stored_keys(workspace) == [["prompt-0", "prompt-1"]]


@pytest.mark.parametrize(
    "other",
    [{"prompts": ["a", "c"]}, {"model": "gemini-other"}, {"system": "Be brief."}, {"config": {"temperature": 1}}],
    ids=str,
)
async def test_other_content_model_or_settings_are_another_submission(
    emulate: Emulate, at_service: AtService, other: dict[str, Any]
) -> None:
    emulator = emulate(SLOW)
    run = at_service(emulator.url)
    await run("create", prompts=["a", "b"])
    await run("create", **{"prompts": ["a", "b"], **other})
    assert len(emulator.requests("create")) == 2


async def test_another_key_is_another_submission(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate(SLOW)
    await at_service(emulator.url, "one")("create", prompts=["a"])
    await at_service(emulator.url, "two")("create", prompts=["a"])
    assert len(emulator.requests("create")) == 2


async def test_again_says_that_it_is_meant(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate(SLOW)
    run = at_service(emulator.url)
    await run("create", prompts=["a"])
    await run("create", prompts=["a"], again=True)
    assert len(emulator.requests("create")) == 2


@pytest.mark.parametrize(("answer", "creates"), [(True, 2), (False, 1)])
async def test_a_person_is_asked(emulate: Emulate, at_service: AtService, answer: bool, creates: int) -> None:
    emulator = emulate(SLOW)
    run = at_service(emulator.url)
    await run("create", prompts=["a"])
    questions: list[str] = []

    async def confirm(question: str) -> bool:
        questions.append(question)
        return answer

    with nullcontext() if answer else pytest.raises(PadwanError, match="exactly these prompts"):
        await OPERATIONS["create"]({"prompts": ["a"]}, run.session.context(confirm=confirm))
    assert len(questions) == 1
    assert len(emulator.requests("create")) == creates


async def test_what_has_ended_may_be_sent_again_once_its_answers_are_here(
    emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate()
    run = at_service(emulator.url)
    await run("create", prompts=["a"])
    # It has ended at the service, and nobody knows yet.
    error = await run.error("create", prompts=["a"])
    assert (error.code, error.data["state"]) == ("already-submitted", "SUCCEEDED")
    assert "Export" in error.hint
    await run("create", prompts=["a"])
    assert len(emulator.requests("create")) == 2


async def test_of_two_at_the_same_time_one_is_sent(workspace: Path, emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate(SLOW)
    runs = [at_service(emulator.url) for _ in range(4)]
    outcomes = await asyncio.gather(*(run("create", prompts=["a"]) for run in runs), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, PadwanError)]
    assert [error.code for error in refused] == ["already-submitted"] * 3
    assert len(emulator.requests("create")) == 1
    assert len(remembered(workspace)) == 1
