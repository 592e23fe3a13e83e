"""Files over HTTP: resumable upload, resources, download."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from padwan_server.emulator import wire
from padwan_server.emulator.batches import Batches
from padwan_server.emulator.clock import EmulatedClock
from padwan_server.emulator.envelope import invalid
from padwan_server.emulator.exchange import Exchange, json_response, owner_of, page_of
from padwan_server.emulator.files import Files, StoredFile, Upload
from padwan_server.emulator.quota import Quota
from padwan_server.emulator.scenario import Scenario


class FileEndpoints:
    """Upload, get, list, delete and download."""

    def __init__(
        self, files: Files, batches: Batches, clock: EmulatedClock, scenario: Scenario, exchange: Exchange
    ) -> None:
        self._files = files
        self._clock = clock
        self._exchange = exchange
        self._quota = Quota(scenario.limits, batches, files)

    def routes(self, root: str) -> Iterator[Route]:
        """The routes under one version."""
        route = self._exchange.route
        yield route(f"/upload{root}/files", "upload", self._begin, "POST")
        # The address of an upload is its own key.
        yield route(f"/upload{root}/files/{{id}}", "upload", self._upload, "POST", keyed=False)
        yield route(f"/upload{root}/files/{{id}}", "upload", self._upload, "PUT", keyed=False)
        yield route(f"{root}/files", "files", self._list)
        yield route(f"{root}/files/{{id}}:download", "download", self._download)
        yield route(f"/download{root}/files/{{id}}:download", "download", self._download)
        yield route(f"{root}/files/{{id}}", "files", self._get)
        yield route(f"{root}/files/{{id}}", "files", self._delete, "DELETE")

    async def _begin(self, request: Request) -> Response:
        body = await request.body()
        try:
            metadata = msgspec.json.decode(body).get("file", {}) if body else {}
        except (msgspec.MsgspecError, AttributeError):
            raise invalid("", "Invalid JSON payload received.") from None
        size = request.headers.get("x-goog-upload-header-content-length", "0")
        self._quota.check_storage(owner_of(request), int(size) if size.isdigit() else 0)
        mime_type = request.headers.get("x-goog-upload-header-content-type", "") or metadata.get("mimeType", "")
        upload = self._files.begin(owner_of(request), metadata, mime_type, self._clock.now())
        place = f"{_base(request)}{request.url.path}/{upload.id}"
        return Response(headers={"x-goog-upload-url": place, "x-goog-upload-status": "active"})

    async def _upload(self, request: Request) -> Response:
        upload = self._files.upload(request.path_params["id"])
        commands = {word.strip() for word in request.headers.get("x-goog-upload-command", "").split(",")}
        if "query" in commands:
            received = {"x-goog-upload-size-received": str(upload.received)}
            return Response(headers={"x-goog-upload-status": "active", **received})
        if "cancel" in commands:
            self._files.abandon(upload)
            return Response(headers={"x-goog-upload-status": "cancelled"})
        offset = request.headers.get("x-goog-upload-offset", "0")
        if not offset.isdigit() or int(offset) != upload.received:
            raise invalid("", f"The upload stands at offset {upload.received}.")
        await _receive(upload, request)
        if "finalize" not in commands:
            return Response(headers={"x-goog-upload-status": "active"})
        file = self._files.finish(upload)
        answer = {"file": file.wire(_base(request))}
        return json_response(answer, wire.CreateFileResponse, {"x-goog-upload-status": "final"})

    async def _list(self, request: Request) -> Response:
        now = self._clock.now()
        kept = [file for file in self._files.owned(owner_of(request)) if not file.expired(now)]
        found, token = page_of(kept, request)
        files = [file.wire(_base(request)) for file in found]
        return json_response({**({"files": files} if files else {}), **token}, wire.ListFilesResponse)

    async def _get(self, request: Request) -> Response:
        return json_response(self._file(request).wire(_base(request)), wire.File)

    async def _delete(self, request: Request) -> Response:
        self._files.delete(self._file(request))
        return json_response({}, wire.Empty)

    async def _download(self, request: Request) -> Response:
        file = self._file(request)
        headers = {"content-length": str(file.size)}
        return StreamingResponse(chunks(self._files.path(file.name)), media_type=file.mime_type, headers=headers)

    def _file(self, request: Request) -> StoredFile:
        return self._files.get(f"files/{request.path_params['id']}", owner_of(request), self._clock.now())


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


async def _receive(upload: Upload, request: Request) -> None:
    with upload.path.open("ab") as file:
        async for chunk in request.stream():
            file.write(chunk)
            upload.received += len(chunk)


async def chunks(path: Path) -> AsyncIterator[bytes]:
    """The bytes of a file, piece by piece."""
    with path.open("rb") as file:
        while chunk := file.read(1 << 16):
            yield chunk
