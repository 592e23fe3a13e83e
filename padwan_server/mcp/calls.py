"""Calls of tools, and what resources show: operations run for an assistant."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import mcp_types as types
from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError

from padwan_server.errors import PadwanError
from padwan_server.jobs.clock import patience
from padwan_server.jobs.progress import JobProgress
from padwan_server.mcp.answers import SHOWN, failure, success
from padwan_server.mcp.confirmation import Confirmation, QuestionOpen
from padwan_server.mcp.exported import beginning
from padwan_server.mcp.tools import LONGEST_POLL, operation_of, parameters_of
from padwan_server.mcp.untrusted import Fence, in_one_line
from padwan_server.mcp.workspaces import Workspaces
from padwan_server.operations.context import means_it
from padwan_server.operations.list_jobs import ListParams, ListResult
from padwan_server.operations.operation import Effect, Operation, Params, Result
from padwan_server.operations.views import job_view
from padwan_server.session.session import Session, no_progress, nobody_to_ask

logger = logging.getLogger(__name__)

Context = ServerRequestContext[Any, Any]

PATIENCE = LONGEST_POLL + 3.0
"""Seconds that one call waits for the service in all: it then tells what was last seen, or that nothing came."""


class Progress:
    """Looks at a job as progress of a call. Progress must increase, and a job's counts may stand still: it counts."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._looks = 0

    async def report(self, look: JobProgress) -> None:
        """Tell one look."""
        self._looks += 1
        note = Fence().around_quote(in_one_line(look.note))
        words = f"{look.state} {look.done}/{look.total}" + (f". {note}" if note else "")
        await self._context.session.report_progress(self._looks, None, words)


class Calls:
    """Runs operations for a client."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def call(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Run one tool. What goes wrong is told to the model; only a tool that does not exist is the client's error."""
        operation = operation_of(params.name)
        if operation is None:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {params.name[:100]}.")
        try:
            return await self._run(operation, context, params)
        except QuestionOpen as question:
            return question.result()
        except PadwanError as error:
            return failure(error)
        except Exception as error:  # noqa: BLE001 whatever it is, its text may hold what a model should not see
            return failure(_internal(error))

    async def _run(
        self, operation: Operation[Any, Any], context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        parsed = parameters_of(operation, params.arguments or {})
        session = await self._session(parsed)
        asking = Confirmation(context, params, session.settings.confirm)
        at_hand = session.assistants_context(Progress(context).report, asking.confirm, asking.approve, SHOWN)
        try:
            with patience(PATIENCE):
                result = await self._told(await operation.run(parsed, at_hand), parsed, session)
            return success(result, at_hand.workspace)
        finally:
            if operation.effect is not Effect.READS or operation.long_running:
                self._workspaces.jobs_changed()

    async def read(self, operation: Operation[Any, Any], arguments: dict[str, Any]) -> Result:
        """Run an operation that only reads, for a resource. Raises PadwanError."""
        parsed = operation.parse(arguments)
        session = await self._session(parsed)
        at_hand = session.assistants_context(no_progress, nobody_to_ask, means_it, SHOWN)
        try:
            with patience(PATIENCE):
                return await self._told(await operation.run(parsed, at_hand), parsed, session)
        except PadwanError:
            raise
        except Exception as error:  # noqa: BLE001 see call
            raise _internal(error) from None

    async def read_file(self, file: str) -> str:
        """The beginning of a file that an assistant could have exported. Raises PadwanError or OSError."""
        session = self._workspaces.session_for(file)
        at_hand = session.assistants_context(no_progress, nobody_to_ask, means_it, SHOWN)
        return await asyncio.to_thread(beginning, at_hand.workspace.output_path(file))

    async def _told(self, result: Result, params: Params, session: Session) -> Result:
        """``result``; where an editor has several workspaces open, the first page of jobs has those of all."""
        if not isinstance(result, ListResult) or not isinstance(params, ListParams) or params.page_token:
            return result
        others = [other for other in self._workspaces.sessions() if other is not session]
        if not others:
            return result
        listed = {view.job or view.id: view for view in result.jobs}
        for other in others:
            for job in await other.history.recent(other.backend_label, min(params.limit, SHOWN.jobs)):
                # The service's list does not know what another workspace remembers of a job.
                listed[job.name or job.id] = job_view(job)
        return result.model_copy(update={"jobs": sorted(listed.values(), key=lambda view: view.created, reverse=True)})

    async def _session(self, params: Params) -> Session:
        job, file = getattr(params, "job", None), getattr(params, "file", None)
        return await self._workspaces.session_of(job) if job else self._workspaces.session_for(file)


def _internal(error: Exception) -> PadwanError:
    logger.error("internal error: %s", type(error).__name__)
    return PadwanError("internal", "padwan-server met an error of its own.", "Please report it.")
