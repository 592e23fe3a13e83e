"""The emulator over plain HTTP: what a client without an SDK sends and gets."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from padwan_server.emulator.testing import RunningEmulator


@dataclass(frozen=True)
class Tenant(RunningEmulator):
    """An emulator that others use too, with a key that nobody else has."""

    key: str


def tenant(emulator: RunningEmulator) -> Tenant:
    """A key of one's own at an emulator."""
    return Tenant(emulator.url, emulator.process, secrets.token_hex(8))


def _key(emulator: RunningEmulator, key: str | None) -> str:
    if key is not None:
        return key
    return emulator.key if isinstance(emulator, Tenant) else "k"


def call(
    emulator: RunningEmulator, method: str, path: str, body: Any = None, key: str | None = None
) -> tuple[int, Any]:
    """One request in JSON; its status and its JSON."""
    data = None if body is None else json.dumps(body).encode()
    status, _, answer = raw(emulator, method, f"/v1beta/{path}", data, key=key)
    return status, json.loads(answer)


def inline(*texts: str) -> dict[str, Any]:
    requests = [
        {"request": {"contents": [{"parts": [{"text": text}]}]}, "metadata": {"key": f"k{n}"}}
        for n, text in enumerate(texts)
    ]
    return {"batch": {"displayName": "d", "inputConfig": {"requests": {"requests": requests}}}}


def created(emulator: RunningEmulator, *texts: str, key: str | None = None) -> str:
    status, job = call(emulator, "POST", "models/m:batchGenerateContent", inline(*texts), key)
    assert status == 200, job
    name: str = job["name"]
    return name


def state(emulator: RunningEmulator, job: str, key: str | None = None) -> str:
    return str(call(emulator, "GET", job, key=key)[1]["metadata"]["state"].removeprefix("BATCH_STATE_"))


def results(emulator: RunningEmulator, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(emulator, "GET", job)[1]["response"]["inlinedResponses"]["inlinedResponses"]
    return found


def raw(
    emulator: RunningEmulator,
    method: str,
    address: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    key: str | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """One request to a path, or to an address as it was given; its status, headers and body."""
    url = address if address.startswith("http") else emulator.url + address
    keyed = {"x-goog-api-key": _key(emulator, key)}
    request = urllib.request.Request(url, body, {**(keyed if key != "" else {}), **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, dict(answer.headers.items()), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers.items()), error.read()


def upload(emulator: RunningEmulator, content: bytes, name: str = "") -> dict[str, Any]:
    """Upload a file in one piece, as Google's documents do with curl; the File."""
    described = json.dumps({"file": {"display_name": "mine", **({"name": name} if name else {})}}).encode()
    headers = {"x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"}
    status, answered, body = raw(emulator, "POST", "/upload/v1beta/files", described, headers)
    assert status == 200, body
    finalize = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
    status, _, body = raw(emulator, "POST", answered["x-goog-upload-url"], content, finalize, key="")
    assert status == 200, body
    file: dict[str, Any] = json.loads(body)["file"]
    return file
