"""Nobody's money is spent unasked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp.shared.exceptions import MCPError

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.mcp.tools import input_schema
from padwan_server.operations.operation import Effect
from padwan_server.operations.settings import Settings
from padwan_server.operations.table import OPERATIONS
from tests.support.assistant import in_memory

Service = Callable[..., RunningEmulator]
SLOW = {"clock": {"pending": 3600}}

pytestmark = pytest.mark.slow


def test_every_operation_that_spends_can_be_limited() -> None:
    spending = [o for o in OPERATIONS.values() if o.effect is Effect.SPENDS and o.for_assistants]
    assert [operation.name for operation in spending] == ["create", "retry"]
    assert all("max_requests" in input_schema(operation)["properties"] for operation in spending)


class Person:
    """Answers questions, by what is to be chosen from in their form."""

    def __init__(self, action: str, choice: int | None = 0) -> None:
        self.action: Any = action
        self.asked: list[str] = []
        self._choice = choice

    async def __call__(self, _: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        assert isinstance(params, types.ElicitRequestFormParams)
        self.asked.append(params.message)
        # Of a form with nothing in it, VS Code's chat shows not even the question.
        [(name, field)] = params.requested_schema["properties"].items()
        filled = {} if self._choice is None else {name: field["enum"][self._choice]}
        return types.ElicitResult(action=self.action, content=filled if self.action == "accept" else None)


FAILING = {"answers": {"prompt-1": {"error": {"code": 13, "message": "It broke."}}}}


async def test_a_person_is_asked_before_money_is_spent(workspace: Path, era: str, service: Service) -> None:
    emulator = service(FAILING)
    person = Person("accept")
    async with in_memory(workspace, era, elicitation_callback=person) as assistant:
        job = (await assistant("create", prompts=["x", "y"]))["job"]
        await assistant("poll", job=job)
        await assistant("retry", job=job)
        assert [question[:14] for question in person.asked] == ["Send 2 prompts"]
        await assistant("retry", job=job, submit=True)
    assert f"1 prompt of {job} again" in person.asked[1]
    assert "gemini-3.8-flash" in person.asked[1]
    assert len(emulator.requests("create")) == 2


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_nothing_is_sent_that_the_person_does_not_want(
    workspace: Path, era: str, service: Service, action: str
) -> None:
    emulator = service(FAILING)
    person = Person("accept")
    async with in_memory(workspace, era, elicitation_callback=person) as assistant:
        job = (await assistant("create", prompts=["x", "y"]))["job"]
        await assistant("poll", job=job)
        person.action = action
        assert await assistant.refused("create", prompts=["z"]) == "not-confirmed"
        assert await assistant.refused("retry", job=job, submit=True) == "not-confirmed"
    assert len(emulator.requests("create")) == 1


async def test_who_says_no_in_the_form_has_not_agreed(workspace: Path, era: str, service: Service) -> None:
    emulator = service()
    async with in_memory(workspace, era, elicitation_callback=Person("accept", 1)) as assistant:
        assert await assistant.refused("create", prompts=["x"]) == "not-confirmed"
    assert emulator.requests("create") == []


async def test_who_accepts_in_a_client_without_forms_has_agreed(workspace: Path, era: str, service: Service) -> None:
    emulator = service()
    async with in_memory(workspace, era, elicitation_callback=Person("accept", None)) as assistant:
        await assistant("create", prompts=["x"])
    assert len(emulator.requests("create")) == 1


async def test_the_same_content_is_asked_about_again(workspace: Path, era: str, service: Service) -> None:
    emulator = service(SLOW)
    person = Person("accept")
    async with in_memory(workspace, era, elicitation_callback=person) as assistant:
        await assistant("create", prompts=["x"])
        await assistant("create", prompts=["x"])
        assert len(person.asked) == 3
        assert "once more" in person.asked[2]
    assert len(emulator.requests("create")) == 2


async def test_without_anybody_to_ask_the_same_is_not_sent_again(workspace: Path, era: str, service: Service) -> None:
    emulator = service(SLOW)
    async with in_memory(workspace, era) as assistant:
        await assistant("create", prompts=["x"])
        assert await assistant.refused("create", prompts=["x"]) == "already-submitted"
        await assistant("create", prompts=["x"], again=True)
    assert len(emulator.requests("create")) == 2


async def test_what_was_agreed_to_before_cannot_be_made_up(workspace: Path, service: Service) -> None:
    emulator = service()
    person = Person("accept")
    arguments: dict[str, Any] = {"prompts": ["x"]}
    async with in_memory(workspace, elicitation_callback=person) as assistant:
        session = assistant.client.session
        asked = await session.call_tool("batch_create", arguments, allow_input_required=True)
        assert isinstance(asked, types.InputRequiredResult)
        [name] = asked.input_requests or {}
        with pytest.raises(MCPError):
            await session.call_tool("batch_create", arguments, request_state=json.dumps([name]))
        yes: Any = {name: types.ElicitResult(action="accept", content={})}
        other = await session.call_tool(
            "batch_create", {"prompts": ["x", "y"]}, input_responses=yes, allow_input_required=True
        )
        assert isinstance(other, types.InputRequiredResult)
    assert emulator.requests("create") == []


async def test_the_setting_says_whether_to_ask(workspace: Path, era: str, service: Service) -> None:
    emulator = service()
    person = Person("accept")
    async with in_memory(workspace, era, Settings(confirm="always")) as assistant:
        assert await assistant.refused("create", prompts=["x"]) == "nobody-to-ask"
    assert emulator.requests("create") == []
    async with in_memory(workspace, era, Settings(confirm="always"), elicitation_callback=person) as assistant:
        await assistant("create", prompts=["x"])
    assert len(person.asked) == 1
    async with in_memory(workspace, era, Settings(confirm="never"), elicitation_callback=person) as assistant:
        await assistant("create", prompts=["y"])
    assert len(person.asked) == 1
    assert len(emulator.requests("create")) == 2


@pytest.mark.parametrize("confirm", ["auto", "always", "never"])
async def test_max_requests_always_applies(workspace: Path, service: Service, confirm: Any) -> None:
    emulator = service({"answers": {"prompt-0": {"blocked": "SAFETY"}, "prompt-1": {"blocked": "SAFETY"}}})
    person = Person("accept")
    async with in_memory(workspace, "auto", Settings(confirm=confirm), elicitation_callback=person) as assistant:
        assert await assistant.refused("create", prompts=["x", "y"], max_requests=1) == "too-many-requests"
        assert person.asked == []
        job = (await assistant("create", prompts=["x", "y"], max_requests=2))["job"]
        await assistant("poll", job=job)
        assert await assistant.refused("retry", job=job, submit=True, max_requests=1) == "too-many-requests"
    assert len(emulator.requests("create")) == 1
