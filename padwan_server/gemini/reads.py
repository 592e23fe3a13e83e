"""Our own GETs: the SDK's models drop counts and errors, and fail whole jobs over one odd item."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from padwan_server.gemini.endpoint import Endpoint
from padwan_server.gemini.errors import ServiceError, answer_error, network_error

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

T = TypeVar("T")

ATTEMPTS = 3
"""How often one read is tried; a watcher tries once and looks again later."""

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0


def uses_environment(base_url: str) -> bool:
    """Whether proxies of the environment apply: never on the way to this machine itself, where httpx would use them."""
    host = urlsplit(base_url).hostname or ""
    return not (host in ("localhost", "::1") or host.startswith("127."))


class Reads:
    """Reads resources of one endpoint, on the event loop that first uses it."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """``timeout`` is in seconds and holds for connecting and for each pause in an answer."""
        self._endpoint = endpoint
        self._timeout = timeout
        self._client: AsyncClient | None = None

    async def get(
        self,
        path: str,
        parse: Callable[[bytes], T],
        *,
        missing: str,
        attempts: int = ATTEMPTS,
        params: dict[str, str] | None = None,
    ) -> T:
        """``parse`` of the body at ``path``; temporary failures are tried again. Raises ServiceError."""
        pause = _FIRST_PAUSE
        for attempt in range(1, attempts + 1):
            try:
                async with self.stream(path, missing=missing, params=params) as response:
                    body = self._endpoint.without_key(await response.aread())
                return await asyncio.to_thread(parse, body) if len(body) > 1 << 20 else parse(body)
            except ServiceError as error:
                wait = max(error.retry_after or 0.0, pause * random.uniform(0.5, 1.5))  # noqa: S311 no secret
                if not error.transient or attempt == attempts or wait > _LONGEST_PAUSE:
                    raise
                await asyncio.sleep(wait)
                pause *= 2
        raise AssertionError("unreachable: the last attempt returns or raises")

    @asynccontextmanager
    async def stream(
        self, path: str, *, missing: str, params: dict[str, str] | None = None, prefix: str = ""
    ) -> AsyncIterator[Response]:
        """The answer at ``path``, its body yet to be read; ``prefix`` stands before the version.

        Raises ServiceError, also when the body breaks off.
        """
        import httpx2  # noqa: PLC0415 60 ms that a start-up does not need

        try:
            async with self._connected().stream("GET", self._endpoint.url(path, prefix), params=params) as response:
                if response.status_code >= 400:
                    body = self._endpoint.without_key(await response.aread())
                    raise answer_error(response.status_code, body, response.headers, missing)
                yield response
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise network_error(error) from None

    async def clock(self, path: str, params: dict[str, str]) -> datetime | None:
        """When the service says it answered. Raises ServiceError."""
        async with self.stream(path, missing="service-refused", params=params) as response:
            try:
                return parsedate_to_datetime(response.headers.get("date", "")).astimezone(UTC)
            except ValueError:
                return None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client:
            await self._client.aclose()
            self._client = None

    def _connected(self) -> AsyncClient:
        import httpx2  # noqa: PLC0415 see above

        if self._client is None:
            self._client = httpx2.AsyncClient(
                headers={"x-goog-api-key": self._endpoint.api_key},
                timeout=self._timeout,
                trust_env=uses_environment(self._endpoint.base_url),
                follow_redirects=False,
                # Loading certificates takes longer than a look at an emulator, which has none.
                verify=urlsplit(self._endpoint.base_url).scheme != "http",
            )
        return self._client
