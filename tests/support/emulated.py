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
