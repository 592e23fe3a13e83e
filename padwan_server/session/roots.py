"""Where the root of a workspace is."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from padwan_server.jobs.folder import NAME


def find_root(folder: Path) -> Path:
    """The workspace around ``folder``: the nearest ancestor with ``.padwan``, else with ``.git``, else itself."""
    for mark in (NAME, ".git"):
        for candidate in (folder, *folder.parents):
            if (candidate / mark).exists():
                return candidate
    return folder


def stateless_root() -> Path:
    """Where jobs are remembered when an editor has no folder open."""
    root = Path(platformdirs.user_state_path("padwan-server"))
    root.mkdir(parents=True, exist_ok=True)
    return root
