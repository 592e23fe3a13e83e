"""What can be seen of sound entries at a glance: what they are, without where their parts stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from padwan_server.prompts.request import is_plain

# What deserves a closer look: control characters and what steers the direction of text, as they stand or escaped, and
# escaped halves of surrogate pairs. Two patterns, since a set of characters alone is found much faster.
_CHARACTERS = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ESCAPES = re.compile(r"\\u(?:00[0189]|007[fF]|20[26]|[dD][89a-fA-F])")


class Glance(NamedTuple):
    """``odd`` are the entries that need a closer look; of the others ``keys`` and ``contents`` are known."""

    keys: list[str | None]
    """The written key of each entry, None for one without."""
    contents: list[int]
    """A number for each entry that is the same for equal prompts."""
    strings: int
    """How many of the entries that are not odd are strings."""
    odd: list[int]


def glance_at(entries: Sequence[Any], text: str) -> Glance:
    """What ``entries`` are, which ``text`` holds as sound JSON."""
    keys: list[str | None] = [None] * len(entries)
    contents, odd = [0] * len(entries), list[int]()
    strings = quoted = 0
    for position, entry in enumerate(entries):
        prompt, key, members = entry, None, 0
        if type(entry) is dict:
            prompt, key, members = entry.get("prompt"), entry.get("key"), len(entry)
        named = members < 2 or (members == 2 and type(key) is str and key and not key.isspace())
        if named and type(prompt) is str and prompt and not prompt.isspace():
            keys[position] = key
            contents[position] = hash(prompt)
            strings += not members
            quoted += 2 * members or 1
            continue
        quoted += _strings_in(entry)
        if named and members and _is_sound_request(entry.get("request")):
            keys[position] = key
            contents[position] = content_number("", entry["request"])
        else:
            odd.append(position)
    # A string that is not among the decoded ones is of a member that an object names twice.
    if quoted != _strings_of(text) or is_remarkable(text):
        return Glance([None] * len(entries), contents, 0, list(range(len(entries))))
    return Glance(keys, contents, strings, odd)


def _is_sound_request(request: Any) -> bool:
    """Whether a request has something to say and nothing to be told about."""
    contents = request.get("contents") if type(request) is dict else None
    return type(contents) is list and any(map(_says_something, contents)) and is_plain(request)


def _says_something(content: Any) -> bool:
    parts = content.get("parts") if type(content) is dict else None
    return type(parts) is list and any(
        type(part) is dict and type(part.get("text")) is str and part["text"].strip() for part in parts
    )


def is_remarkable(text: str) -> bool:
    """Whether a text holds characters that deserve a closer look."""
    if "\\u" in text and _ESCAPES.search(text):
        return True
    return "\x7f" in text if text.isascii() else bool(_CHARACTERS.search(text))


def _strings_of(text: str) -> int:
    """How many strings sound JSON holds, names of members among them."""
    unescaped = text.replace("\\\\", "").replace('\\"', "") if "\\" in text else text
    return unescaped.count('"') // 2


def _strings_in(value: Any) -> int:
    """How many strings make up a value."""
    if type(value) is str:
        return 1
    if type(value) is dict:
        return len(value) + sum(map(_strings_in, value.values()))
    return sum(map(_strings_in, value)) if type(value) is list else 0


def content_number(text: str, request: dict[str, Any] | None) -> int:
    """A number that is the same for equal prompts, whatever their spelling; 0 for a blank one."""
    if not text.strip() and request is None:
        return 0
    if request is None:
        return hash(text)
    try:
        return hash(msgspec.json.encode(request, order="sorted"))
    except (UnicodeEncodeError, OverflowError, RecursionError):
        return hash(str(request))
