"""The tool server inside a running language server: the same sessions, with what the editor has not saved."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from padwan_server.errors import PadwanError
from padwan_server.mcp.http import listening, new_token, whereabouts
from padwan_server.mcp.roots import too_much
from padwan_server.mcp.server import build
from padwan_server.mcp.workspaces import Workspaces
from padwan_server.session.session import Session

logger = logging.getLogger(__name__)

_INTERVAL = 1.0
"""Seconds between two looks which folders the editor has open."""


async def serve(workspaces: Workspaces) -> None:
    """Serve all workspaces of the editor, until cancelled, and tell in each where."""
    permitted, token = Permitted(workspaces), new_token()
    async with listening(build(permitted), 0, token) as url:
        told = _Told(url, token)
        try:
            while True:
                told.follow(session.workspace.root for session in permitted.sessions())
                await asyncio.sleep(_INTERVAL)
        finally:
            told.follow(())


class Permitted:
    """The workspaces of an editor but for those that an assistant does not get, now and when folders are opened."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._all = workspaces
        self._warned: set[Path] = set()

    def sessions(self) -> list[Session]:
        """See Workspaces."""
        return [session for session in self._all.sessions() if self._permits(session)]

    def session_for(self, file: str | None) -> Session:
        """See Workspaces. Raises PadwanError ``invalid-root``."""
        return self._permitted(self._all.session_for(file), by_name=file is not None)

    async def session_of(self, job: str) -> Session:
        """See Workspaces. Raises PadwanError ``invalid-root``."""
        return self._permitted(await self._all.session_of(job), by_name=False)

    def jobs_changed(self) -> None:
        """See Workspaces."""
        self._all.jobs_changed()

    def _permitted(self, session: Session, *, by_name: bool) -> Session:
        permitted = self.sessions()
        if session in permitted:
            return session
        if permitted and not by_name:
            return permitted[0]
        raise PadwanError(
            "invalid-root",
            "The folder that the editor has open is too much to open to an assistant.",
            "Open the folder of one project.",
        )

    def _permits(self, session: Session) -> bool:
        root = session.workspace.root
        if not too_much(root.resolve()):
            return True
        if root not in self._warned:
            self._warned.add(root)
            logger.warning("no tool server for a folder: an assistant does not get home, nor what holds it")
        return False


class _Told:
    """The folders in which clients are told where the server is."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self._open: dict[Path, ExitStack] = {}

    def follow(self, roots: Iterable[Path]) -> None:
        """Tell in these and in no others."""
        wanted = set(roots)
        for root in self._open.keys() - wanted:
            self._open.pop(root).close()
        for root in wanted - self._open.keys():
            self._open[root] = ExitStack()
            try:
                self._open[root].enter_context(whereabouts(root, self._url, self._token))
            except PadwanError as error:
                logger.warning("no tool server in this workspace: %s", error.code)
