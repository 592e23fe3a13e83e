"""Batch jobs over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from threading import Lock

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from padwan_server.emulator import wire
from padwan_server.emulator.batches import Batch, Batches, Item, new_name
from padwan_server.emulator.clock import EmulatedClock, Moment, State
from padwan_server.emulator.creation import Creation, parse
from padwan_server.emulator.envelope import RpcError
from padwan_server.emulator.exchange import Exchange, body_of, json_response, operation_response, owner_of, version_of
from padwan_server.emulator.files import Files, StoredFile
from padwan_server.emulator.input_file import file_items
from padwan_server.emulator.model_name import checked_model
from padwan_server.emulator.operation import operation
from padwan_server.emulator.order import arrange
from padwan_server.emulator.paging import page_of
from padwan_server.emulator.quota import Quota
from padwan_server.emulator.scenario import Scenario


class BatchEndpoints:
    """Create, get, list, cancel and delete, of batches that generate and of those that embed."""

    def __init__(
        self, batches: Batches, files: Files, clock: EmulatedClock, scenario: Scenario, exchange: Exchange
    ) -> None:
        self._batches = batches
        self._files = files
        self._clock = clock
        self._scenario = scenario
        self._exchange = exchange
        self._quota = Quota(scenario.limits, batches, files)
        self._publishing = Lock()

    def routes(self, root: str) -> Iterator[Route]:
        """The routes under one version. A method after a colon is part of the last piece of a path."""
        route = self._exchange.route
        yield route(f"{root}/models/{{model}}:batchGenerateContent", "create", self._generate, "POST")
        yield route(f"{root}/models/{{model}}:asyncBatchEmbedContent", "create", self._embed, "POST")
        yield route(f"{root}/batches", "list", self._list)
        yield route(f"{root}/batches/{{id}}:cancel", "cancel", self._cancel, "POST")
        yield route(f"{root}/batches/{{id}}", "get", self._get)
        yield route(f"{root}/batches/{{id}}", "delete", self._delete, "DELETE")

    async def _generate(self, request: Request) -> Response:
        return await self._create(request, embeds=False)

    async def _embed(self, request: Request) -> Response:
        return await self._create(request, embeds=True)

    async def _create(self, request: Request, *, embeds: bool) -> Response:
        method = "asyncBatchEmbedContent" if embeds else "batchGenerateContent"
        model, owner, now = checked_model(request, method, self._scenario), owner_of(request), self._clock.now()
        creation = await asyncio.to_thread(parse, await body_of(request), version_of(request), embeds=embeds)
        self._quota.check_job(owner, now)
        batch = await asyncio.to_thread(self._made, creation, model, owner, now, embeds)
        try:
            self._quota.check_tokens(owner, model, batch.tokens, now)
        except RpcError:
            self._batches.discard(batch)
            raise
        self._batches.admit(batch)
        self._clock.keep()
        request.state.entry |= {"job": batch.name, "requests": batch.total}
        return operation_response(operation(batch, Moment(State.PENDING, 0, batch.created), None))

    def _made(self, creation: Creation, model: str, owner: str, now: int, embeds: bool) -> Batch:
        items: Iterator[Item]
        if creation.file_name:
            self._files.get(creation.file_name, owner, now)
            items = file_items(self._files.path(creation.file_name), self._scenario, embeds=embeds)
        else:
            arrange(creation.items, self._scenario)
            items = iter(creation.items)
        clock, end = self._scenario.clock, self._scenario.end
        batch = Batch(
            name=new_name(),
            owner=owner,
            model=model,
            display_name=creation.display_name,
            input_file=creation.file_name,
            created=now,
            pending=clock.pending,
            running=clock.running,
            end_state=end.state,
            end_code=end.code,
            end_message=end.message,
            embeds=embeds,
        )
        return self._batches.create(batch, items)

    async def _get(self, request: Request) -> Response:
        batch = self._batch(request)
        return await asyncio.to_thread(self._answer, batch, batch.at(self._clock.now()))

    def _answer(self, batch: Batch, there: Moment) -> Response:
        output = self._output(batch, there.served) if there.state is State.SUCCEEDED else None
        return operation_response(operation(batch, there, output))

    def _output(self, batch: Batch, served: int) -> msgspec.Raw:
        results = self._batches.results(batch, served)
        if batch.inline:
            return msgspec.Raw(b'{"inlinedResponses":{"inlinedResponses":[%b]}}' % b",".join(results))
        name = batch.name.replace("batches/", "files/batch-")
        with self._publishing:
            if not self._files.has(name):
                self._publish(name, batch, results)
        return msgspec.Raw(msgspec.json.encode({"responsesFile": name}))

    def _publish(self, name: str, batch: Batch, results: Iterator[bytes]) -> None:
        path = self._batches.results_path(batch.name).with_suffix(".output")
        with path.open("wb") as file:
            file.writelines(line + b"\n" for line in results)
        self._files.publish(StoredFile(name, batch.owner, "", "application/jsonl", 0, self._clock.now()), path)

    async def _list(self, request: Request) -> Response:
        now = self._clock.now()
        page = page_of(self._batches.owned(owner_of(request)), request)
        emptied = page.number == self._scenario.empty_page and page.token
        operations = [] if emptied else [operation(batch, batch.at(now), None) for batch in page.found]
        return json_response(
            {**({"operations": operations} if operations else {}), **page.token}, wire.ListOperationsResponse
        )

    async def _cancel(self, request: Request) -> Response:
        batch = self._batch(request)
        now = self._clock.now()
        if batch.at(now).state in (State.PENDING, State.RUNNING):
            batch.cancelled = now
            self._batches.save(batch)
            self._clock.keep()
        return json_response({}, wire.Empty)

    async def _delete(self, request: Request) -> Response:
        self._batches.delete(self._batch(request))
        return json_response({}, wire.Empty)

    def _batch(self, request: Request) -> Batch:
        return self._batches.get(f"batches/{request.path_params['id']}", owner_of(request))
