"""Lists in pages: sizes, tokens, and what is created or deleted between two pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from padwan_server.emulator.testing import RunningEmulator, start_emulator
from tests.support.emulated import call, created, tenant, upload


@pytest.fixture(scope="module")
def service() -> Iterator[RunningEmulator]:
    with start_emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(service: RunningEmulator) -> RunningEmulator:
    return tenant(service)


def listed(emulator: RunningEmulator, query: str = "", what: str = "batches") -> tuple[list[str], str]:
    status, page = call(emulator, "GET", f"{what}?{query}")
    assert status == 200, page
    found: list[dict[str, Any]] = page.get("operations" if what == "batches" else what, [])
    return [thing["name"] for thing in found], page.get("nextPageToken", "")


def test_a_list_goes_on_where_the_page_before_ended_whatever_happens_meanwhile(emulator: RunningEmulator) -> None:
    jobs = [created(emulator, "a") for _ in range(5)]
    first, token = listed(emulator, "pageSize=2")
    assert first == [jobs[4], jobs[3]]
    created(emulator, "new")
    call(emulator, "DELETE", jobs[4])
    second, token = listed(emulator, f"page_size=2&page_token={token}")
    assert second == [jobs[2], jobs[1]]
    assert listed(emulator, f"pageSize=2&pageToken={token}") == ([jobs[0]], "")


@pytest.mark.parametrize("size", ["0", "", "50", "2147483647"])
def test_a_size_that_asks_for_nothing_in_particular(emulator: RunningEmulator, size: str) -> None:
    jobs = [created(emulator, "a") for _ in range(3)]
    assert listed(emulator, f"pageSize={size}") == (jobs[::-1], "")


def test_files_come_ten_at_a_time(emulator: RunningEmulator) -> None:
    names = [upload(emulator, b"x")["name"] for _ in range(11)][::-1]
    found, token = listed(emulator, what="files")
    assert found == names[:10]
    assert listed(emulator, f"pageToken={token}", "files") == (names[10:], "")
    assert listed(emulator, "pageSize=100", "files") == (names, "")


@pytest.mark.parametrize("what", ["batches", "files", "models"])
@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("pageSize=-1", "Request contains an invalid argument."),
        ("pageSize=many", "Invalid value at 'page_size' (TYPE_INT32), \"many\""),
        ("pageSize=2147483648", "Invalid value at 'page_size' (TYPE_INT32), \"2147483648\""),
        ("pageSize=1.5", "Invalid value at 'page_size' (TYPE_INT32), \"1.5\""),
        ("pageToken=2", "Request contains an invalid argument."),
        ("pageToken=%ff%00", "Request contains an invalid argument."),
        ("pageToken=bGVmdDotMQ", "Request contains an invalid argument."),
    ],
)
def test_a_page_that_there_is_not_is_refused(emulator: RunningEmulator, what: str, query: str, told: str) -> None:
    status, answer = call(emulator, "GET", f"{what}?{query}")
    assert (status, answer["error"]["message"]) == (400, told)


def test_models_come_in_pages_too(emulator: RunningEmulator) -> None:
    first, token = listed(emulator, "pageSize=2", "models")
    second, end = listed(emulator, f"pageSize=2&pageToken={token}", "models")
    assert (len(first), len(second), end) == (2, 1, "")
    assert not set(first) & set(second)
