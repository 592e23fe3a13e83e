"""Running operations of the table in a session, without a front end."""

from __future__ import annotations

from typing import Any

from padwan_server.errors import PadwanError
from padwan_server.jobs.progress import JobProgress
from padwan_server.operations.table import OPERATIONS
from padwan_server.session.session import Session


class Runner:
    """Runs operations as a front end would, and keeps what they told meanwhile."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.looks: list[JobProgress] = []

    async def __call__(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """Run the operation ``name``; its result in JSON values."""
        result = await OPERATIONS[name](arguments, self.session.context(self._show))
        plain: dict[str, Any] = result.model_dump(mode="json")
        return plain

    async def error(self, name: str, /, **arguments: Any) -> PadwanError:
        """Run an operation that must fail; its error."""
        try:
            await self(name, **arguments)
        except PadwanError as error:
            return error
        raise AssertionError(f"{name} did not fail")

    async def _show(self, look: JobProgress) -> None:
        self.looks.append(look)
