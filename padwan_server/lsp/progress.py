"""Progress of a command: in the editor's own display, and as padwan/jobProgress for those that show more."""

from __future__ import annotations

import asyncio
import itertools
from concurrent.futures import Future
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from padwan_server.jobs.progress import JobProgress

if TYPE_CHECKING:
    from padwan_server.lsp.server import PadwanLanguageServer

JOB_PROGRESS = "padwan/jobProgress"

_tokens = itertools.count(1)
_CREATE_WITHIN = 2.0
"""Seconds that a client may take to make room for progress before the command goes on without it."""


class CommandProgress:
    """Shows one command from its begin to its end; cancelling the display cancels the command's task."""

    def __init__(self, server: PadwanLanguageServer, title: str, token: types.ProgressToken | None) -> None:
        """``token`` is the client's own, if its request brought one."""
        self._server = server
        self._title = title
        self._token = token
        self._task = asyncio.current_task()
        self._seen = ("", 0)

    async def __aenter__(self) -> CommandProgress:
        if self._token is None:
            self._token = await self._created()
        if self._token is not None:
            begin = types.WorkDoneProgressBegin(title=self._title, cancellable=True, percentage=0)
            self._server.work_done_progress.begin(self._token, begin)
            self._server.work_done_progress.tokens[self._token].add_done_callback(self._cancel)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            message = "cancelled" if kind is asyncio.CancelledError else "failed" if kind else "done"
            self._server.work_done_progress.end(self._token, types.WorkDoneProgressEnd(message=message))
            # pygls keeps the tokens of all commands for ever.
            self._server.work_done_progress.tokens.pop(self._token, None)

    async def report(self, look: JobProgress) -> None:
        """Show one look at a job."""
        if self._token is not None:
            percentage = 100 * look.done // look.total if look.total else 0
            report = types.WorkDoneProgressReport(message=_in_words(look), percentage=percentage)
            self._server.work_done_progress.report(self._token, report)
        if look.job:
            self._server.protocol.notify(JOB_PROGRESS, asdict(look))
        if self._seen != (look.state, look.done):
            self._seen = (look.state, look.done)
            self._server.jobs_changed()

    async def _created(self) -> types.ProgressToken | None:
        window = self._server.client_capabilities.window
        if not (window and window.work_done_progress):
            return None
        token = f"padwan/{next(_tokens)}"
        try:
            await asyncio.wait_for(self._server.work_done_progress.create_async(token), _CREATE_WITHIN)
        except Exception:  # noqa: BLE001 a client that refuses sees no progress, but its command runs
            return None
        return token

    def _cancel(self, future: Future[Any]) -> None:
        if future.cancelled() and self._task:
            self._task.cancel()


def _in_words(look: JobProgress) -> str:
    words = f"{look.state} {look.done}/{look.total}"
    if look.failed:
        words += f", {look.failed} failed"
    if look.eta is not None:
        words += f", about {look.eta:.0f} s left"
    return f"{words}. {look.note}" if look.note else words
