"""The emulated service put together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from padwan_server.emulator.answers import AnswerFunction
from padwan_server.emulator.batch_endpoints import BatchEndpoints
from padwan_server.emulator.batches import Batches
from padwan_server.emulator.clock import EmulatedClock, timestamp
from padwan_server.emulator.envelope import invalid
from padwan_server.emulator.exchange import Exchange, broken, error_response, not_found
from padwan_server.emulator.existing import add_existing
from padwan_server.emulator.file_endpoints import FileEndpoints, chunks
from padwan_server.emulator.files import Files
from padwan_server.emulator.model_endpoints import ModelEndpoints
from padwan_server.emulator.page import page
from padwan_server.emulator.scenario import Scenario
from padwan_server.emulator.server import HangingUp

VERSIONS = ("v1beta", "v1")


class Service:
    """One emulated service with its state under ``folder``."""

    def __init__(self, folder: Path, scenario: Scenario, function: AnswerFunction | None = None) -> None:
        """``function`` makes the texts of answers; without one they are an echo."""
        folder.mkdir(parents=True, exist_ok=True)
        self._clock = EmulatedClock(folder, scenario.clock.speed)
        self._batches = Batches(folder / "batches", scenario, function)
        self._exchange = Exchange(scenario, self._clock)
        files = Files(folder / "files")
        add_existing(scenario, self._batches, files, self._clock.now())
        self._endpoints = (
            ModelEndpoints(scenario, self._exchange, function),
            BatchEndpoints(self._batches, files, self._clock, scenario, self._exchange),
            FileEndpoints(files, self._batches, self._clock, scenario, self._exchange),
        )

    def app(self) -> HangingUp:
        """The application, under both API versions."""
        routes = [
            Route("/", self._page),
            Route("/emulator/requests", self._requests),
            Route("/emulator/jobs/{id}/requests", self._job_requests),
            Route("/emulator/clock", self._move_clock, methods=["GET", "POST"]),
        ]
        for version in VERSIONS:
            for endpoints in self._endpoints:
                routes += endpoints.routes(f"/{version}")
        app = Starlette(routes=routes, exception_handlers={404: not_found, 405: not_found, 500: broken})
        app.router.redirect_slashes = False
        return HangingUp(app)

    # For those who look, and for tests

    async def _requests(self, _: Request) -> Response:
        return _plain(list(self._exchange.log))

    async def _job_requests(self, request: Request) -> Response:
        name = f"batches/{request.path_params['id']}"
        if not self._batches.has(name):
            return await not_found(request, None)
        return StreamingResponse(chunks(self._batches.requests_path(name)), media_type="application/jsonl")

    async def _move_clock(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                self._clock.advance(msgspec.json.decode(await request.body(), type=_Advance).advance)
            except msgspec.MsgspecError:
                return error_response(invalid("", 'Expected {"advance": seconds}, at most a thousand million of them.'))
        return _plain({"now": timestamp(self._clock.now())})

    async def _page(self, _: Request) -> Response:
        now = self._clock.now()
        jobs = [(batch, batch.at(now)) for batch in self._batches.all()[:100]]
        return HTMLResponse(page(now, jobs, list(self._exchange.log)[-50:]))


class _Advance(msgspec.Struct, forbid_unknown_fields=True):
    advance: Annotated[float, msgspec.Meta(ge=0, le=1e9)]


def _plain(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
