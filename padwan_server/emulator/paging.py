"""Lists in pages."""

from __future__ import annotations

import base64
import binascii
from typing import Any, NamedTuple

from starlette.requests import Request

from padwan_server.emulator.envelope import RpcError, invalid

_MOST = 1000
"""Of models on a page, by Google's description of the API; of jobs it says nothing."""
_LARGEST = 2**31 - 1


class Page(NamedTuple):
    """What is on it, its number counted from 1, and the token of the next one (none: it is the last)."""

    found: list[Any]
    number: int
    token: dict[str, str]


def page_of(found: list[Any], request: Request, *, usual: int = 50, most: int = _MOST) -> Page:
    """The page that is asked for, of ``usual`` things unless told and ``most`` at all. Raises RpcError."""
    size = min(_size(request) or usual, most)
    # A token tells how many are left, so that what is created meanwhile, and comes first, moves nothing.
    start = max(len(found) - _left(request, len(found)), 0)
    left = len(found) - start - size
    return Page(found[start : start + size], start // size + 1, {"nextPageToken": _token(left)} if left > 0 else {})


def parameter(request: Request, name: str) -> str:
    """A query parameter by its name with underscores, in either spelling."""
    first, _, second = name.partition("_")
    return request.query_params.get(first + second.capitalize()) or request.query_params.get(name) or ""


def _size(request: Request) -> int:
    asked = parameter(request, "page_size")
    try:
        size = int(asked or 0)
    except ValueError:
        size = _LARGEST + 1
    if size > _LARGEST:
        raise invalid("page_size", f"Invalid value at 'page_size' (TYPE_INT32), \"{asked}\"")
    if size < 0:
        raise _argument()
    return size


def _token(left: int) -> str:
    return base64.urlsafe_b64encode(f"left:{left}".encode()).decode().rstrip("=")


def _left(request: Request, total: int) -> int:
    token = parameter(request, "page_token")
    if not token:
        return total
    try:
        kind, _, left = base64.urlsafe_b64decode(f"{token}{'=' * (-len(token) % 4)}").decode().partition(":")
        if kind == "left" and int(left) > 0:
            return int(left)
    except (binascii.Error, ValueError):
        pass
    raise _argument()


def _argument() -> RpcError:
    return RpcError("INVALID_ARGUMENT", "Request contains an invalid argument.")
