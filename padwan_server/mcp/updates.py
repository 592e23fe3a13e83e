"""Telling clients that a job moved: on subscriptions of either era of the protocol."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import mcp_types as types
from mcp.server import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.subscriptions import ResourceUpdated

from padwan_server.errors import PadwanError
from padwan_server.jobs.job import Job
from padwan_server.mcp import uris
from padwan_server.mcp.workspaces import Workspaces
from padwan_server.session.session import Session

logger = logging.getLogger(__name__)

_INTERVAL = 1.0
"""Seconds between two looks whether the ledger was written to, by this process or another."""

_FOLLOWED = 100
"""Jobs of a workspace, the newest, whose moves are told."""

_MOST = 1000
"""Subscriptions that are kept; the oldest gives way."""


class Updates:
    """Who wants to hear of which resource, and the watch for what there is to tell."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces
        self._bus = InMemorySubscriptionBus()
        self._listen = ListenHandler(self._bus)
        self._listened: Counter[str] = Counter()
        self._subscribed: dict[tuple[str, int], ServerSession] = {}
        self._known: dict[Session, tuple[object, dict[str, object]]] = {}
        self._wanted = asyncio.Event()

    # 2026-07-28

    async def listen(
        self, context: ServerRequestContext[Any, Any], params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Serve one stream of updates, until its client goes."""
        await self._begin()
        listened = Counter(params.notifications.resource_subscriptions or ())
        self._listened += listened
        try:
            return await self._listen(context, params)
        finally:
            self._listened -= listened

    # Before

    async def subscribe(
        self, context: ServerRequestContext[Any, Any], params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        """Tell this client of a resource from now on."""
        await self._begin()
        self._subscribed[self._place(context, str(params.uri))] = context.session
        while len(self._subscribed) > _MOST:
            del self._subscribed[next(iter(self._subscribed))]
        return types.EmptyResult()

    async def unsubscribe(
        self, context: ServerRequestContext[Any, Any], params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        """Tell it no longer."""
        self._subscribed.pop(self._place(context, str(params.uri)), None)
        return types.EmptyResult()

    @staticmethod
    def _place(context: ServerRequestContext[Any, Any], uri: str) -> tuple[str, int]:
        """A client is known by its parameters, which its connection keeps."""
        return uri, id(context.session.client_params)

    # Watching

    async def _begin(self) -> None:
        """What is there when the first one subscribes is known to it."""
        if not self._wanted.is_set():
            await self._look()
            self._wanted.set()

    async def watch(self) -> None:
        """Tell what moves, for ever; nothing is looked at before anybody has subscribed.

        It looks at the ledger, which every process of the workspace writes its looks at the service to.
        """
        await self._wanted.wait()
        while True:
            await asyncio.sleep(_INTERVAL)
            for uri in await self._look():
                await self._tell(uri)

    async def _look(self) -> list[str]:
        """The addresses of what moved since the last look."""
        moved: list[str] = []
        for session in self._workspaces.sessions():
            try:
                moved += await self._moved(session)
            except PadwanError as error:
                logger.warning("cannot look for changes: %s", error.code)
        return moved

    async def _moved(self, session: Session) -> list[str]:
        version, known = self._known.get(session, (None, {}))
        current = await session.history.version()
        if current == version:
            return []
        jobs = await session.history.recent(session.backend_label, _FOLLOWED)
        seen: dict[str, object] = {uri: state for job in jobs for uri, state in _states(job)}
        self._known[session] = (current, seen)
        moved = [uri for uri, state in seen.items() if known.get(uri) != state]
        return [*moved, uris.JOBS] if moved else []

    async def _tell(self, uri: str) -> None:
        for named in {uri, *(page for page in self._listened if uris.without_page(page) == uri)}:
            await self._bus.publish(ResourceUpdated(uri=named))
        for place, session in list(self._subscribed.items()):
            if uris.without_page(place[0]) == uri:
                try:
                    await session.send_resource_updated(place[0])
                except Exception:  # noqa: BLE001 in whatever way a connection is gone, it hears no more
                    self._subscribed.pop(place, None)


def _states(job: Job) -> Iterator[tuple[str, object]]:
    """The resources of a job, each with what makes it another."""
    name = job.name or job.id
    yield uris.job_uri(name), (job.state, job.total, job.succeeded, job.failed, job.stored)
    if job.stored:
        yield uris.job_uri(name) + "/results", job.stored
        yield uris.failures_uri(name), job.stored
