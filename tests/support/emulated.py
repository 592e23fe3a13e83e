"""The emulator over plain HTTP: what a client without an SDK sends and gets."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from padwan_server.emulator.testing import RunningEmulator


def call(emulator: RunningEmulator, method: str, path: str, body: Any = None, key: str = "k") -> tuple[int, Any]:
    """One request over HTTP; its status and its JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{emulator.url}/v1beta/{path}", data, {"x-goog-api-key": key}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def inline(*texts: str) -> dict[str, Any]:
    requests = [
        {"request": {"contents": [{"parts": [{"text": text}]}]}, "metadata": {"key": f"k{n}"}}
        for n, text in enumerate(texts)
    ]
    return {"batch": {"displayName": "d", "inputConfig": {"requests": {"requests": requests}}}}


def created(emulator: RunningEmulator, *texts: str, key: str = "k") -> str:
    status, job = call(emulator, "POST", "models/m:batchGenerateContent", inline(*texts), key)
    assert status == 200, job
    name: str = job["name"]
    return name


def state(emulator: RunningEmulator, job: str, key: str = "k") -> str:
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
    key: str = "k",
) -> tuple[int, dict[str, str], bytes]:
    """One request to a path, or to an address as it was given; its status, headers and body."""
    url = address if address.startswith("http") else emulator.url + address
    keyed = {"x-goog-api-key": key} if key else {}
    request = urllib.request.Request(url, body, {**keyed, **(headers or {})}, method=method)
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
