"""Where a workspace begins, and which paths are in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from padwan_server.errors import PadwanError
from padwan_server.operations.settings import Settings
from padwan_server.session.roots import find_root
from padwan_server.session.session import Session
from padwan_server.session.workspace import FolderWorkspace
from tests.support.operations import Runner


def test_the_root_is_the_nearest_folder_with_jobs_then_with_git(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    assert find_root(deep) == deep
    (tmp_path / ".git").mkdir()
    assert find_root(deep) == tmp_path
    (tmp_path / "a" / ".padwan").mkdir()
    assert find_root(deep) == tmp_path / "a"


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "link/secret", "a/../../secret", "~/secret"])
def test_an_assistants_paths_stay_in_the_workspace(workspace: Path, path: str) -> None:
    (workspace / "link").symlink_to(workspace.parent)
    with pytest.raises(PadwanError) as caught:
        FolderWorkspace(workspace, confined=True).output_path(path)
    assert caught.value.code == "outside-workspace"


def test_a_persons_paths_may_be_anywhere(workspace: Path) -> None:
    assert FolderWorkspace(workspace).output_path("/tmp/x.json") == Path("/tmp/x.json")
    assert FolderWorkspace(workspace).output_path("x.json") == workspace / "x.json"


async def test_the_key_is_asked_for_before_anything_is_made(workspace: Path) -> None:
    session = Session(workspace, Settings())
    error = await Runner(session).error("create", prompts=["x"])
    await session.aclose()
    assert error.code == "no-api-key"
    assert "GEMINI_API_KEY" in error.hint
    assert "emulator" in error.hint
    assert list(workspace.iterdir()) == []


async def test_a_memory_that_is_a_link_is_not_used(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (workspace / ".padwan").symlink_to(tmp_path / "elsewhere")
    session = Session(workspace, Settings(backend="emulator"))
    error = await Runner(session).error("create", prompts=["x"])
    await session.aclose()
    assert error.code == "workspace-folder-unsafe"
    assert list((tmp_path / "elsewhere").iterdir()) == []
