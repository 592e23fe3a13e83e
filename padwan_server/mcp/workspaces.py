"""Which workspaces a tool server works on: one of its own, or those that an editor has open."""

from __future__ import annotations

from typing import Protocol

from padwan_server.session.session import Session


class Workspaces(Protocol):
    """The sessions, as whoever holds them knows them."""

    def sessions(self) -> list[Session]:
        """All of them, the first is the one for what belongs to none."""

    def session_for(self, file: str | None) -> Session:
        """The one whose workspace holds ``file``."""

    async def session_of(self, job: str) -> Session:
        """The one that remembers ``job``."""

    def jobs_changed(self) -> None:
        """An assistant did something that others may show."""


class OneWorkspace:
    """A single workspace."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def sessions(self) -> list[Session]:
        """See Workspaces."""
        return [self.session]

    def session_for(self, file: str | None) -> Session:  # noqa: ARG002 there is but one
        """See Workspaces."""
        return self.session

    async def session_of(self, job: str) -> Session:  # noqa: ARG002 there is but one
        """See Workspaces."""
        return self.session

    def jobs_changed(self) -> None:
        """Nobody else shows them."""
