"""The folder that an assistant works in."""

from __future__ import annotations

import os
from pathlib import Path

from padwan_server.errors import PadwanError
from padwan_server.session.roots import find_root


def workspace_root(given: Path | None) -> Path:
    """``given``, else CLAUDE_PROJECT_DIR, else the workspace around the current folder.

    Raises PadwanError ``invalid-root``.
    """
    named = given or (Path(os.environ["CLAUDE_PROJECT_DIR"]) if os.environ.get("CLAUDE_PROJECT_DIR") else None)
    root = (named or find_root(Path.cwd())).expanduser().resolve()
    if not root.is_dir():
        raise PadwanError("invalid-root", f"There is no folder {root}.", "Give --root a folder that exists.")
    if too_much(root):
        raise PadwanError(
            "invalid-root", f"{root} is too much to open to an assistant.", "Give --root the folder of one project."
        )
    return root


def too_much(root: Path) -> bool:
    """Whether a folder is the home folder or holds it, as / does."""
    home = Path.home().resolve()
    return root == Path(root.anchor) or home.is_relative_to(root)
