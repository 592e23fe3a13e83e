"""Files over HTTP: resumable upload, resources, download."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from padwan_server.emulator import wire
from padwan_server.emulator.batches import Batches
from padwan_server.emulator.clock import EmulatedClock
from padwan_server.emulator.creation import read_message
from padwan_server.emulator.envelope import RpcError, invalid
from padwan_server.emulator.exchange import Exchange, body_of, json_response, owner_of, version_of
from padwan_server.emulator.files import Files, StoredFile, Upload
from padwan_server.emulator.messages import member
from padwan_server.emulator.paging import page_of
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
        metadata = member(read_message(await body_of(request), "CreateFileRequest", version_of(request)), "file")
        owner, now = owner_of(request), self._clock.now()
        size = _whole(request.headers.get("x-goog-upload-header-content-length", ""))
        self._quota.check_storage(owner, size or 0, now)
        mime_type = request.headers.get("x-goog-upload-header-content-type", "")
        upload = self._files.begin(owner, metadata, mime_type, now)
        self._clock.keep()
        place = f"{_base(request)}{request.url.path}/{upload.id}"
        return Response(headers={"x-goog-upload-url": place, "x-goog-upload-status": "active"})

    async def _upload(self, request: Request) -> Response:
        upload = self._files.upload(request.path_params["id"])
        commands = {word.strip() for word in request.headers.get("x-goog-upload-command", "").split(",")}
        if "query" in commands:
            return self._final(upload, request) if upload.ended else self._active(upload)
        if upload.ended:
            raise RpcError("FAILED_PRECONDITION", "Upload has already been terminated.")
        if "cancel" in commands:
            self._files.abandon(upload)
            return Response(headers={"x-goog-upload-status": "cancelled"})
        await self._take(upload, request)
        if "finalize" not in commands:
            return self._active(upload)
        await asyncio.to_thread(self._files.finish, upload)
        return self._final(upload, request)

    async def _take(self, upload: Upload, request: Request) -> None:
        stands = self._files.received(upload)
        if _whole(request.headers.get("x-goog-upload-offset", "0")) != stands:
            raise invalid("", f"The upload stands at offset {stands}.")
        with self._files.partial(upload).open("ab") as file:
            async for chunk in request.stream():
                file.write(chunk)

    def _active(self, upload: Upload) -> Response:
        received = str(self._files.received(upload))
        return Response(headers={"x-goog-upload-status": "active", "x-goog-upload-size-received": received})

    def _final(self, upload: Upload, request: Request) -> Response:
        answer = {"file": upload.file.wire(_base(request))}
        return json_response(answer, wire.CreateFileResponse, {"x-goog-upload-status": "final"})

    async def _list(self, request: Request) -> Response:
        page = page_of(self._files.owned(owner_of(request), self._clock.now()), request, usual=10, most=100)
        files = [file.wire(_base(request)) for file in page.found]
        return json_response({**({"files": files} if files else {}), **page.token}, wire.ListFilesResponse)

    async def _get(self, request: Request) -> Response:
        return json_response(self._named("Get", request).wire(_base(request)), wire.File)

    async def _delete(self, request: Request) -> Response:
        self._files.delete(self._named("Delete", request))
        return json_response({}, wire.Empty)

    async def _download(self, request: Request) -> Response:
        name = f"files/{request.path_params['id']}"
        file = self._files.get(name, owner_of(request), self._clock.now())
        headers = {"content-length": str(file.size)}
        return StreamingResponse(chunks(self._files.path(file.name)), media_type=file.mime_type, headers=headers)

    def _named(self, method: str, request: Request) -> StoredFile:
        name = f"files/{request.path_params['id']}"
        return self._files.named(name, method, owner_of(request), self._clock.now())


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _whole(word: str) -> int | None:
    """The bytes that a header tells of, if it is a number of them."""
    return int(word) if word.isdecimal() and len(word) < 20 else None


async def chunks(path: Path) -> AsyncIterator[bytes]:
    """The bytes of a file, piece by piece."""
    with path.open("rb") as file:
        while chunk := file.read(1 << 16):
            yield chunk
