"""The service's endpoints over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from padwan_server.emulator.batches import Batch, Batches, new_name, wire
from padwan_server.emulator.clock import Moment, State
from padwan_server.emulator.creation import file_items, parse
from padwan_server.emulator.envelope import RpcError, bad_key, invalid, no_key, of_http_status
from padwan_server.emulator.faults import Faults
from padwan_server.emulator.files import Files, StoredFile, Upload
from padwan_server.emulator.page import page
from padwan_server.emulator.scenario import Fault, Scenario
from padwan_server.emulator.server import HANG_UP, HangingUp

LOGGED = 10_000
"""Requests that are remembered for those who look."""

Handler = Callable[[Request], Awaitable[Response]]


class Service:
    """One emulated service with its state under ``folder``."""

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        self._scenario = scenario
        self._faults = Faults(scenario.faults)
        self._files = Files(folder / "files")
        self._batches = Batches(folder / "batches", scenario)
        self._log: deque[dict[str, Any]] = deque(maxlen=LOGGED)

    def app(self) -> HangingUp:
        """The application, under both API versions."""
        routes = [
            Route("/", self._page),
            Route("/emulator/requests", self._requests),
            Route("/emulator/jobs/{id}/requests", self._job_requests),
        ]
        for version in ("v1beta", "v1"):
            routes += self._routes(f"/{version}", version)
        return HangingUp(Starlette(routes=routes))

    def _routes(self, root: str, version: str) -> list[Route]:
        """The endpoints of one version. A method after a colon is part of the last piece of a path."""

        def route(path: str, kind: str, handler: Handler, method: str = "GET") -> Route:
            return Route(path, self._answering(kind, handler), methods=[method])

        return [
            route(f"{root}/models/{{model}}:batchGenerateContent", "create", self._create, "POST"),
            route(f"{root}/models/{{model}}:asyncBatchEmbedContent", "create", self._unimplemented, "POST"),
            route(f"{root}/models", "models", self._models),
            route(f"{root}/models/{{model}}", "models", self._model),
            route(f"{root}/batches", "list", self._list),
            route(f"{root}/batches/{{id}}:cancel", "cancel", self._cancel, "POST"),
            route(f"{root}/batches/{{id}}", "get", self._get),
            route(f"{root}/batches/{{id}}", "delete", self._delete, "DELETE"),
            route(f"/upload{root}/files", "upload", self._begin_upload, "POST"),
            Route(
                f"/upload{root}/files/{{id}}", self._answering("upload", self._upload, keyed=False), methods=["POST"]
            ),
            route(f"{root}/files", "files", self._list_files),
            route(f"{root}/files/{{id}}:download", "download", self._download),
            route(f"/download/{version}/files/{{id}}:download", "download", self._download),
            route(f"{root}/files/{{id}}", "files", self._file),
            route(f"{root}/files/{{id}}", "files", self._delete_file, "DELETE"),
        ]

    # What happens around every endpoint

    def _answering(self, kind: str, handler: Handler, *, keyed: bool = True) -> Handler:
        async def answer(request: Request) -> Response:
            request.state.entry = {"method": request.method, "path": request.url.path, "kind": kind}
            self._log.append(request.state.entry)
            fault = self._faults.next(kind)
            try:
                if keyed:
                    self._check_key(request)
                return await (self._troubled(fault, request, handler) if fault else handler(request))
            except RpcError as error:
                return _error(error)

        return answer

    async def _troubled(self, fault: Fault, request: Request, handler: Handler) -> Response:
        await asyncio.sleep(fault.delay)
        if fault.drop == "before":
            return _hang_up()
        if fault.status is not None:
            headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
            return _error(of_http_status(fault.status, "Ordered by the scenario.", fault.retry_after), headers)
        response = await handler(request)
        if fault.drop == "after":
            return _hang_up()
        return response if fault.body is None else Response(fault.body, media_type="application/json")

    def _check_key(self, request: Request) -> None:
        key = _key(request)
        if not key:
            raise no_key()
        if key in self._scenario.refuse_keys:
            raise bad_key()

    # Batches

    async def _create(self, request: Request) -> Response:
        model = request.path_params["model"]
        if model in self._scenario.refuse_models:
            raise RpcError(
                "NOT_FOUND",
                f"models/{model} is not found for API version v1beta, or is not supported for batchGenerateContent. "
                "Call ModelService.ListModels to see the list of available models and their supported methods.",
            )
        creation = parse(await request.body())
        owner, clock, end = _owner(request), self._scenario.clock, self._scenario.end
        items: Iterator[Any] = iter(creation.items)
        if creation.file_name:
            self._files.get(creation.file_name, owner)
            items = file_items(self._files.path(creation.file_name))
        batch = Batch(
            name=new_name(),
            owner=owner,
            model=model,
            display_name=creation.display_name,
            input_file=creation.file_name,
            created=time.time_ns(),
            pending=clock.pending,
            running=clock.running,
            end_state=end.state,
            end_code=end.code,
            end_message=end.message,
        )
        await asyncio.to_thread(self._batches.create, batch, items)
        request.state.entry |= {"job": batch.name, "requests": batch.total}
        return _json(wire(batch, Moment(State.PENDING, 0, batch.created), None))

    async def _get(self, request: Request) -> Response:
        batch = self._batch(request)
        there = batch.at(time.time_ns())
        output = await asyncio.to_thread(self._output, batch, there.served) if there.state is State.SUCCEEDED else None
        return _json(wire(batch, there, output))

    def _output(self, batch: Batch, served: int) -> msgspec.Raw:
        results = self._batches.results(batch, served)
        if batch.inline:
            return msgspec.Raw(b'{"inlinedResponses":{"inlinedResponses":[%b]}}' % b",".join(results))
        name = batch.name.replace("batches/", "files/batch-")
        if not self._files.path(name).exists():
            path = self._batches.results_path(batch.name).with_suffix(".output")
            path.write_bytes(b"".join(line + b"\n" for line in results))
            self._files.publish(StoredFile(name, batch.owner, "", "application/jsonl", 0, time.time_ns()), path)
        return msgspec.Raw(msgspec.json.encode({"responsesFile": name}))

    async def _list(self, request: Request) -> Response:
        now = time.time_ns()
        found, token = _paged(self._batches.owned(_owner(request)), request)
        operations = [wire(batch, batch.at(now), None) for batch in found]
        return _json({**({"operations": operations} if operations else {}), **token})

    async def _cancel(self, request: Request) -> Response:
        batch = self._batch(request)
        now = time.time_ns()
        if batch.at(now).state in (State.PENDING, State.RUNNING):
            batch.cancelled = now
            self._batches.save(batch)
        return _json({})

    async def _delete(self, request: Request) -> Response:
        self._batches.delete(self._batch(request))
        return _json({})

    async def _unimplemented(self, _: Request) -> Response:
        raise RpcError("UNIMPLEMENTED", "The emulator does not do this yet.")

    def _batch(self, request: Request) -> Batch:
        return self._batches.get(f"batches/{request.path_params['id']}", _owner(request))

    # Models

    async def _models(self, _: Request) -> Response:
        return _json({"models": [_model_resource("gemini-3.8-flash")]})

    async def _model(self, request: Request) -> Response:
        return _json(_model_resource(request.path_params["model"]))

    # Files

    async def _begin_upload(self, request: Request) -> Response:
        body = await request.body()
        metadata = msgspec.json.decode(body).get("file", {}) if body else {}
        mime_type = request.headers.get("x-goog-upload-header-content-type", "")
        upload = self._files.begin(_owner(request), metadata, mime_type or metadata.get("mimeType", ""), time.time_ns())
        place = f"{str(request.base_url).rstrip('/')}{request.url.path}/{upload.id}"
        return Response(headers={"x-goog-upload-url": place, "x-goog-upload-status": "active"})

    async def _upload(self, request: Request) -> Response:
        upload = self._files.upload(request.path_params["id"])
        commands = {word.strip() for word in request.headers.get("x-goog-upload-command", "").split(",")}
        if "query" in commands:
            return Response(
                headers={"x-goog-upload-status": "active", "x-goog-upload-size-received": str(upload.received)}
            )
        if int(request.headers.get("x-goog-upload-offset", "0")) != upload.received:
            raise invalid("", f"The upload stands at offset {upload.received}.")
        await _receive(upload, request)
        if "finalize" not in commands:
            return Response(headers={"x-goog-upload-status": "active"})
        file = self._files.finish(upload)
        body = {"file": file.wire(str(request.base_url).rstrip("/"))}
        return JSONResponse(body, headers={"x-goog-upload-status": "final"})

    async def _list_files(self, request: Request) -> Response:
        found, token = _paged(self._files.owned(_owner(request)), request)
        files = [file.wire(str(request.base_url).rstrip("/")) for file in found]
        return _json({**({"files": files} if files else {}), **token})

    async def _file(self, request: Request) -> Response:
        file = self._files.get(f"files/{request.path_params['id']}", _owner(request))
        return _json(file.wire(str(request.base_url).rstrip("/")))

    async def _delete_file(self, request: Request) -> Response:
        self._files.delete(f"files/{request.path_params['id']}", _owner(request))
        return _json({})

    async def _download(self, request: Request) -> Response:
        file = self._files.get(f"files/{request.path_params['id']}", _owner(request))
        headers = {"content-length": str(file.size)}
        return StreamingResponse(_chunks(self._files.path(file.name)), media_type=file.mime_type, headers=headers)

    # For those who look

    async def _requests(self, _: Request) -> Response:
        return _json(list(self._log))

    async def _job_requests(self, request: Request) -> Response:
        path = self._batches.requests_path(f"batches/{request.path_params['id']}")
        if not path.exists():
            return _error(RpcError("NOT_FOUND", "Requested entity was not found."))
        return StreamingResponse(_chunks(path), media_type="application/jsonl")

    async def _page(self, _: Request) -> Response:
        now = time.time_ns()
        return HTMLResponse(
            page([(batch, batch.at(now)) for batch in self._batches.all()[:100]], list(self._log)[-50:])
        )


def _hang_up() -> Response:
    return Response(headers={HANG_UP.decode(): "1"})


def _key(request: Request) -> str:
    return request.headers.get("x-goog-api-key") or request.query_params.get("key") or ""


def _owner(request: Request) -> str:
    """Whose a thing is: told by the key, which is not kept."""
    return hashlib.blake2b(_key(request).encode(), digest_size=8).hexdigest()


def _paged(found: list[Any], request: Request) -> tuple[list[Any], dict[str, str]]:
    """The page that is asked for, and the token of the next one."""
    try:
        size = int(request.query_params.get("pageSize") or 50)
        start = int(request.query_params.get("pageToken") or 0)
    except ValueError:
        raise invalid("page_token", "Invalid page token.") from None
    end = start + max(size, 1)
    return found[start:end], ({"nextPageToken": str(end)} if end < len(found) else {})


def _model_resource(model: str) -> dict[str, Any]:
    return {
        "name": f"models/{model}",
        "version": "emulated",
        "displayName": model,
        "supportedGenerationMethods": ["batchGenerateContent"],
    }


async def _receive(upload: Upload, request: Request) -> None:
    with upload.path.open("ab") as file:
        async for chunk in request.stream():
            file.write(chunk)
            upload.received += len(chunk)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 16):
            yield chunk


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json; charset=UTF-8")


def _error(error: RpcError, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(error.body(), status_code=error.code, headers=headers)
