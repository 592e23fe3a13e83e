"""Resumable uploads: in pieces, with offsets, asked about, given up, taken up again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator, start_emulator
from tests.support.emulated import call, raw, tenant, upload

Emulate = Callable[..., RunningEmulator]
START = {"x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"}


@pytest.fixture(scope="module")
def service() -> Iterator[RunningEmulator]:
    with start_emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(service: RunningEmulator) -> RunningEmulator:
    return tenant(service)


def begun(emulator: RunningEmulator, described: dict[str, Any] | None = None, **headers: str) -> str:
    body = None if described is None else json.dumps({"file": described}).encode()
    status, answered, told = raw(emulator, "POST", "/upload/v1beta/files", body, {**START, **headers})
    assert (status, answered["x-goog-upload-status"]) == (200, "active"), told
    return answered["x-goog-upload-url"]


def send(emulator: RunningEmulator, place: str, command: str, offset: int = 0, piece: bytes = b"") -> Any:
    headers = {"x-goog-upload-command": command, "x-goog-upload-offset": str(offset)}
    status, answered, body = raw(emulator, "POST", place, piece, headers, key="")
    told = answered.get("x-goog-upload-status"), answered.get("x-goog-upload-size-received")
    return status, told, json.loads(body) if body else None


def test_pieces_follow_each_other_by_their_offsets(emulator: RunningEmulator) -> None:
    place = begun(emulator, {"displayName": "mine", "mimeType": "application/jsonl"})
    assert send(emulator, place, "upload", 0, b"abc")[:2] == (200, ("active", "3"))
    assert send(emulator, place, "query")[:2] == (200, ("active", "3"))
    status, _, body = send(emulator, place, "upload", 2, b"cd")
    assert (status, body["error"]["message"]) == (400, "The upload stands at offset 3.")
    assert send(emulator, place, "upload", 3, b"d")[0] == 200
    status, told, body = send(emulator, place, "finalize", 4)
    assert (status, told[0], body["file"]["sizeBytes"]) == (200, "final", "4")
    assert (body["file"]["displayName"], body["file"]["mimeType"]) == ("mine", "application/jsonl")
    assert raw(emulator, "GET", f"/v1beta/{body['file']['name']}:download?alt=media")[2] == b"abcd"


def test_an_upload_that_is_done_tells_its_file_and_takes_no_more(emulator: RunningEmulator) -> None:
    place = begun(emulator)
    file = send(emulator, place, "upload, finalize", 0, b"x")[2]
    assert send(emulator, place, "query") == (200, ("final", None), file)
    for command in ("upload, finalize", "upload", "cancel"):
        status, _, body = send(emulator, place, command, 0, b"x")
        assert (status, body["error"]["status"]) == (400, "FAILED_PRECONDITION")
    assert len(call(emulator, "GET", "files")[1]["files"]) == 1


def test_an_upload_is_given_up(emulator: RunningEmulator) -> None:
    place = begun(emulator)
    assert send(emulator, place, "cancel")[:2] == (200, ("cancelled", None))
    assert send(emulator, place, "query")[0] == 404
    assert call(emulator, "GET", "files") == (200, {})


@pytest.mark.parametrize("offset", ["-1", "x", "1", "²", "9" * 5000])
def test_an_offset_that_is_none_is_refused(emulator: RunningEmulator, offset: str) -> None:
    place = begun(emulator)
    headers = {"x-goog-upload-command": "upload", "x-goog-upload-offset": offset.encode().decode("latin-1")}
    assert raw(emulator, "POST", place, b"x", headers, key="")[0] == 400


def test_an_upload_that_was_never_begun_is_not_found(emulator: RunningEmulator) -> None:
    assert send(emulator, "/upload/v1beta/files/nothing", "upload")[0] == 404


def test_an_upload_begins_with_a_key(emulator: RunningEmulator) -> None:
    assert raw(emulator, "POST", "/upload/v1beta/files", b"{}", START, key="")[0] == 403


def test_an_upload_goes_on_after_the_emulator_was_killed(emulate: Emulate, tmp_path: Path) -> None:
    first = emulate({}, "--state", str(tmp_path))
    place = begun(first)
    assert send(first, place, "upload", 0, b"ab")[0] == 200
    first.process.kill()
    first.process.wait()
    second = emulate({}, "--state", str(tmp_path))
    place = place.replace(first.url, second.url)
    assert send(second, place, "query")[:2] == (200, ("active", "2"))
    assert send(second, place, "upload, finalize", 2, b"c")[2]["file"]["sizeBytes"] == "3"


@pytest.mark.parametrize("name", ["files/abc", "files/a-1", "files/" + "x" * 40])
def test_a_file_has_the_name_that_it_was_given(emulator: RunningEmulator, name: str) -> None:
    assert upload(emulator, b"x", name)["name"] == name
    status, answer = call(emulator, "GET", name)
    assert (status, answer["name"]) == (200, name)


@pytest.mark.parametrize(
    "name", ["files/Upper", "files/-a", "files/a/b", "files/../../x", "files/é", "files/" + "x" * 41, 7]
)
def test_a_name_that_no_file_can_have_is_refused(emulator: RunningEmulator, name: Any) -> None:
    body = json.dumps({"file": {"name": name}}).encode()
    status, _, told = raw(emulator, "POST", "/upload/v1beta/files", body, START)
    assert (status, json.loads(told)["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_a_name_that_is_taken_is_refused_to_everybody(emulator: RunningEmulator) -> None:
    name = upload(emulator, b"x")["name"]
    body = json.dumps({"file": {"name": name}}).encode()
    for key in (None, "another"):
        assert raw(emulator, "POST", "/upload/v1beta/files", body, START, key=key)[0] == 409


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"file": {"disPlayName": "x"}}', b'{"file": "x"}'])
def test_a_description_that_is_none(emulator: RunningEmulator, body: bytes) -> None:
    status, _, told = raw(emulator, "POST", "/upload/v1beta/files", body, START)
    assert (status, json.loads(told)["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_an_expired_file_takes_neither_room_nor_its_name(emulate: Emulate) -> None:
    emulator = emulate({"clock": {"speed": 0}, "limits": {"storage": 100}})
    name = upload(emulator, b"x" * 90)["name"]
    size = {**START, "x-goog-upload-header-content-length": "90"}
    assert raw(emulator, "POST", "/upload/v1beta/files", b"{}", size)[0] == 429
    emulator.advance(48 * 3600)
    assert raw(emulator, "POST", "/upload/v1beta/files", b"{}", size)[0] == 200
    assert upload(emulator, b"y", name)["name"] == name
    assert raw(emulator, "GET", f"/v1beta/{name}:download?alt=media")[2] == b"y"


def test_an_expired_file_makes_no_job(emulate: Emulate) -> None:
    emulator = emulate({"clock": {"pending": 0, "running": 0, "speed": 0}})
    name = upload(emulator, b'{"request": {"contents": [{"parts": [{"text": "x"}]}]}}')["name"]
    emulator.advance(48 * 3600)
    body = {"batch": {"displayName": "d", "inputConfig": {"fileName": name}}}
    status, answer = call(emulator, "POST", "models/m:batchGenerateContent", body)
    assert (status, answer["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert "may not exist" in answer["error"]["message"]
    for path in (name, f"{name}:download"):
        assert call(emulator, "GET", path)[0] == 403
    assert call(emulator, "GET", "files") == (200, {})
