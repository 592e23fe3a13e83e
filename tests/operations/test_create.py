"""What create refuses before anything leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.operations.settings import parse_settings
from tests.support.operations import Runner

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]


@pytest.mark.parametrize("given", [{"system": "a\ud800"}, {"config": {"stopSequences": ["\udc00"]}}])
async def test_half_a_surrogate_pair_is_refused_wherever_it_stands(
    emulate: Emulate, at_service: AtService, given: dict[str, Any]
) -> None:
    emulator = emulate()
    error = await at_service(emulator.url).error("create", prompts=["x"], **given)
    assert error.code == "invalid-params"
    assert "surrogate" in error.message
    assert emulator.requests() == []


async def test_a_rule_made_an_error_stops_a_submission_and_one_turned_off_is_silent(
    emulate: Emulate, at_service: AtService
) -> None:
    run = at_service(emulate().url)
    assert (await run("create", prompts=["x", "x"]))["problems"][0]["code"] == "duplicate-prompt"
    run.session.settings = parse_settings({"rules": {"duplicate-prompt": "off"}})
    assert (await run("create", prompts=["x", "x"], again=True))["problems"] == []
    run.session.settings = parse_settings({"rules": {"duplicate-prompt": "error"}})
    assert (await run.error("create", prompts=["x", "x"])).code == "prompt-file-errors"
    checked = await run("validate", prompts=["x", "x"])
    assert (checked["valid"], checked["errors"], checked["problems"][0]["severity"]) == (False, 1, "error")


async def test_a_model_that_no_request_can_be_made_of_leaves_nothing_behind(
    emulate: Emulate, at_service: AtService
) -> None:
    emulator = emulate()
    run = at_service(emulator.url)
    error = await run.error("create", prompts=["x"], model="../../files/x?y=1")
    assert error.code in ("service-refused", "model-not-found")
    assert (await run("list"))["jobs"] == []
