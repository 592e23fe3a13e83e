"""What nobody knows is decided by people, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
from padwan_server.operations.settings import Settings
from padwan_server.session.session import Session
from tests.jobs.test_submission import remembered, stored_keys
from tests.support.operations import Runner

Emulate = Callable[..., RunningEmulator]
AtService = Callable[..., Runner]
LOST_BEFORE = {"on": "create", "drop": "before"}
LOST_AFTER = {"on": "create", "drop": "after"}
UNLISTED = {"on": "list", "times": 1, "status": 404}


@pytest.fixture
async def untagged(workspace: Path, at_service: AtService) -> Callable[[str], Runner]:
    """A session whose setting drops the tag from display names."""

    def open_session(url: str) -> Runner:
        run = at_service(url)
        run.session.settings = Settings(submission_tags=False)
        return run

    return open_session


async def test_resubmit_sends_it_once_more_and_keeps_its_name_here(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"faults": [LOST_BEFORE]})
    run = at_service(emulator.url)
    lost = (await run.error("create", prompts=["a"])).data["id"]
    resolved = await run("resolve", job=lost, choice="resubmit")
    assert resolved["job"]["id"] == lost
    assert resolved["job"]["job"].startswith("batches/")
    assert (await run("status", job=lost))["outcomes"] == {"ok": 1}
    assert len(emulator.requests("create")) == 2


async def test_nothing_is_sent_again_that_the_service_has_after_all(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"faults": [LOST_AFTER, UNLISTED]})
    run = at_service(emulator.url)
    lost = (await run.error("create", prompts=["a"])).data["id"]
    resolved = await run("resolve", job=lost, choice="resubmit")
    assert "has it" in resolved["message"]
    assert len(emulator.requests("create")) == 1


async def test_discard_forgets_it(workspace: Path, emulate: Emulate, at_service: AtService) -> None:
    run = at_service(emulate({"faults": [LOST_BEFORE]}).url)
    lost = (await run.error("create", prompts=["a"])).data["id"]
    assert (await run("resolve", job=lost, choice="discard"))["job"] is None
    assert remembered(workspace) == []
    assert stored_keys(workspace) == []
    assert (await run("list"))["jobs"] == []


async def test_what_is_certain_needs_no_decision(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate()
    run = at_service(emulator.url)
    job = (await run("create", prompts=["a"]))["job"]
    for choice in ("adopt", "resubmit", "discard"):
        assert (await run("resolve", job=job, choice=choice))["job"]["job"] == job
    assert len(emulator.requests("create")) == 1


async def test_without_a_tag_adoption_is_offered_and_never_done_by_itself(
    emulate: Emulate, at_service: AtService, untagged: Callable[[str], Runner]
) -> None:
    emulator = emulate({"faults": [LOST_AFTER]})
    run = untagged(emulator.url)
    lost = (await run.error("create", prompts=["a"], name="mine")).data["id"]
    [sent] = emulator.requests("create")
    assert (await run("status", job=lost))["state"] == "SUBMIT_UNCERTAIN"
    # The service has it under a name that two could have.
    listed = (await run("list"))["jobs"]
    assert (listed[0]["job"], listed[0]["state"]) == ("", "SUBMIT_UNCERTAIN")
    assert listed[1]["name"] == "mine"
    adopted = await run("resolve", job=lost, choice="adopt")
    assert (adopted["job"]["job"], adopted["job"]["id"]) == (sent["job"], lost)
    assert (await run("status", job=lost))["outcomes"] == {"ok": 1}


async def test_of_several_that_look_alike_one_must_be_named(
    emulate: Emulate, untagged: Callable[[str], Runner], at_service: AtService, tmp_path: Path
) -> None:
    emulator = emulate({"faults": [{**LOST_AFTER, "times": 2}]})
    run = untagged(emulator.url)
    lost = [(await run.error("create", prompts=[text], name="mine")).data["id"] for text in ("a", "b")]
    first, second = (request["job"] for request in emulator.requests("create"))
    error = await run.error("resolve", job=lost[1], choice="adopt")
    assert (error.code, set(error.data["candidates"])) == ("no-candidate", {first, second})
    adopted = await run("resolve", job=lost[1], choice="adopt", candidate=second)
    assert adopted["job"]["job"] == second
    # What is taken is no candidate any more.
    assert (await run("resolve", job=lost[0], choice="adopt"))["job"]["job"] == first


async def test_a_job_of_another_size_is_no_candidate(
    emulate: Emulate, untagged: Callable[[str], Runner], at_service: AtService
) -> None:
    emulator = emulate({"faults": [{**LOST_AFTER, "times": 2}]})
    run = untagged(emulator.url)
    lost = [(await run.error("create", prompts=prompts, name="mine")).data["id"] for prompts in (["a"], ["a", "b"])]
    first, second = (request["job"] for request in emulator.requests("create"))
    assert (await run("resolve", job=lost[1], choice="adopt"))["job"]["job"] == second
    assert (await run("resolve", job=lost[0], choice="adopt"))["job"]["job"] == first


async def test_nothing_there_to_adopt_is_said(emulate: Emulate, at_service: AtService) -> None:
    run = at_service(emulate({"faults": [LOST_BEFORE]}).url)
    lost = (await run.error("create", prompts=["a"])).data["id"]
    error = await run.error("resolve", job=lost, choice="adopt")
    assert (error.code, error.data) == ("no-candidate", {"candidates": []})


async def test_a_display_name_without_a_tag_goes_as_it_is(
    emulate: Emulate, untagged: Callable[[str], Runner], workspace: Path
) -> None:
    emulator = emulate()
    run = untagged(emulator.url)
    await run("create", prompts=["a"], name="plain")
    page: Any = await (await run.session.context().open_jobs())._gateway.list(1)
    assert page.jobs[0].display_name == "plain"


async def test_an_uncertain_job_says_what_can_be_done(emulate: Emulate, at_service: AtService) -> None:
    run = at_service(emulate({"faults": [LOST_BEFORE]}).url)
    lost = (await run.error("create", prompts=["a"])).data["id"]
    [sentence, *_] = (await run("status", job=lost))["diagnosis"]
    assert all(word in sentence for word in ("adopt", "resubmit", "discard"))


def test_the_decision_is_no_tool_for_assistants(workspace: Path) -> None:
    from padwan_server.mcp.tools import operation_of

    assert operation_of("batch_resolve") is None
    assert Session(workspace, Settings()).settings.submission_tags


async def test_a_job_with_another_tag_is_no_candidate(emulate: Emulate, at_service: AtService) -> None:
    emulator = emulate({"faults": [{**LOST_BEFORE, "after": 1}]})
    run = at_service(emulator.url)
    other = await run("create", prompts=["theirs"], name="mine")
    lost = (await run.error("create", prompts=["a"], name="mine")).data["id"]
    # As a job that another workspace made with the same display name.
    jobs = await run.session.context().open_jobs()
    jobs.ledger.remove(await jobs.known(other["job"]))
    error = await run.error("resolve", job=lost, choice="adopt")
    assert (error.code, error.data) == ("no-candidate", {"candidates": []})


async def test_a_part_without_a_tag_can_be_adopted(emulate: Emulate, untagged: Callable[[str], Runner]) -> None:
    emulator = emulate({"faults": [LOST_AFTER]})
    run = untagged(emulator.url)
    lost = (await run.error("create", prompts=["a", "b"], name="mine", max_per_job=1)).data["id"]
    [sent] = emulator.requests("create")
    adopted = await run("resolve", job=lost, choice="adopt")
    assert adopted["job"]["job"] == sent["job"]


@pytest.mark.parametrize("choice", ["resubmit", "discard"])
async def test_of_two_who_decide_at_once_the_second_sees_what_the_first_did(
    emulate: Emulate, at_service: AtService, choice: str
) -> None:
    emulator = emulate({"faults": [LOST_BEFORE]})
    run = at_service(emulator.url)
    lost = (await run.error("create", prompts=["a"])).data["id"]
    jobs = await run.session.context().open_jobs()
    seen = await jobs.decisions.settled(await jobs.known(lost))
    first = await jobs.decisions.resubmit(seen)
    second = await (jobs.decisions.resubmit(seen) if choice == "resubmit" else jobs.decisions.discard(seen))
    assert second is not None
    assert second.name == first.name
    assert len(emulator.requests("create")) == 2
