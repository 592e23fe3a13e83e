"""Where the root of a workspace is."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from padwan_server.errors import PadwanError
from padwan_server.jobs.folder import NAME


def working_folder() -> Path:
    """Where the program was started. Raises PadwanError ``file-not-found`` when that is gone."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise PadwanError(
            "file-not-found", "The folder that this was started in is gone.", "Change to another folder and try again."
        ) from None


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
