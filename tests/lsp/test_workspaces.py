"""Which folder's jobs a command means: of several workspaces, and of a folder within one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator
from tests.support.json_rpc import connect
from tests.support.service import service_environment
from tests.support.shell import Shell

pytestmark = pytest.mark.slow

Emulate = Callable[..., RunningEmulator]


def folders(*roots: Path) -> dict[str, Any]:
    named = [{"uri": root.as_uri(), "name": root.name} for root in roots]
    return {"workspaceFolders": named, "rootUri": None, "initializationOptions": {}}


async def test_a_job_is_found_in_the_folder_that_it_was_made_in(
    tmp_path: Path, environment: dict[str, str], emulate: Emulate
) -> None:
    roots = [tmp_path / "one", tmp_path / "two"]
    for root in roots:
        root.mkdir()
    (roots[1] / "only.prompts.json").write_text('["x"]')
    async with connect(tmp_path, service_environment(environment, emulate())) as client:
        await client.initialize(roots[0], **folders(*roots))
        created = (await client.execute("padwan.batch.create", {"file": "only.prompts.json"}))["result"]
        job = created["job"]
        polled = (await client.execute("padwan.batch.poll", {"job": job, "interval": 1}))["result"]
        assert polled["outcomes"] == {"ok": 1}
        exported = await client.execute("padwan.batch.export", {"job": job.removeprefix("batches/"), "output": "o.txt"})
        assert exported["result"]["output"] == "o.txt"
    assert (roots[1] / "o.txt").exists()
    assert not (roots[0] / ".padwan" / "ledger.sqlite3").exists()


async def test_each_folder_lists_the_jobs_of_its_own_emulator(tmp_path: Path, environment: dict[str, str]) -> None:
    roots = [tmp_path / "one", tmp_path / "two"]
    for root in roots:
        root.mkdir()
        (root / f"{root.name}.prompts.json").write_text('["x"]')
    async with connect(tmp_path, environment) as client:
        await client.initialize(roots[0], **folders(*roots) | {"initializationOptions": {"backend": "emulator"}})
        for root in roots:
            file = (root / f"{root.name}.prompts.json").as_uri()
            assert "result" in await client.execute("padwan.batch.create", {"file": file, "name": root.name})
        for root in roots:
            listed = (await client.execute("padwan.batch.list", {"root": root.as_uri()}))["result"]
            assert [job["name"] for job in listed["jobs"]] == [root.name]


async def test_editor_and_shell_mean_the_same_workspace(
    tmp_path: Path, environment: dict[str, str], emulate: Emulate
) -> None:
    inner = tmp_path / "project" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "project" / ".git").mkdir()
    service = service_environment(environment, emulate())
    created = json.loads(Shell(inner, service)("batch", "create", "-p", "x", "--json").stdout)
    async with connect(inner, service) as client:
        await client.initialize(inner, **folders(inner))
        status = (await client.execute("padwan.batch.status", {"job": created["job"]}))["result"]
        assert status["id"] == created["id"]
    assert not (inner / ".padwan").exists()
