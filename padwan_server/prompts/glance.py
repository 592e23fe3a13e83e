"""What can be seen of sound entries at a glance: what they are, without where their parts stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from padwan_server.prompts.request import is_plain

# What deserves a closer look: control characters and what steers the direction of text, as they stand or escaped, and
# escaped halves of surrogate pairs. Two patterns, since a set of characters alone is found much faster.
_CHARACTERS = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_OBJECT = re.compile(r"[ \t\r\n]*{")
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


class _PlainEntry(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What nearly all entries are."""

    prompt: str
    key: str | msgspec.UnsetType = msgspec.UNSET


class _Decoders(NamedTuple):
    """Read the entries of a block that are all objects, all strings, or anything."""

    objects: Callable[[str], list[_PlainEntry]]
    strings: Callable[[str], list[str]]
    anything: Callable[[str], list[Any]]


_ARRAYS = _Decoders(
    msgspec.json.Decoder(list[_PlainEntry]).decode,
    msgspec.json.Decoder(list[str]).decode,
    msgspec.json.Decoder(list[Any]).decode,
)
_LINES = _Decoders(
    msgspec.json.Decoder(_PlainEntry).decode_lines,
    msgspec.json.Decoder(str).decode_lines,
    msgspec.json.Decoder().decode_lines,
)
"""These take any white space for a line end, or none at all."""

_RAW_LINES = msgspec.json.Decoder(msgspec.Raw).decode_lines


def glance_at_array(entries: str) -> Glance | None:
    """What the entries of an array are that stand in ``entries`` with commas between them; None if it is not sound."""
    return _glance(f"[{entries}]", _ARRAYS, entries)


def glance_at_lines(entries: str) -> Glance | None:
    """What the values are that stand on the lines of ``entries``; None if it is not sound.

    Lines may be blank, or hold several values: there are as many values as lines only if each holds one.
    """
    glance = _glance(entries, _LINES, entries)
    return glance if glance and not _any_over_lines(entries) else None


def _any_over_lines(entries: str) -> bool:
    """Whether a value goes over several lines."""
    values = b"".join(_RAW_LINES(entries))
    return b"\n" in values or b"\r" in values


def _glance(json: str, decoders: _Decoders, text: str) -> Glance | None:
    try:
        return _plain(json, decoders, text) or _glance_at(decoders.anything(json), text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return None


def _plain(json: str, decoders: _Decoders, text: str) -> Glance | None:
    """The quick way for entries that are all alike; None if some are not, or if there is something to say of any."""
    keys: list[str | None]
    try:
        if _OBJECT.match(text):
            objects = decoders.objects(json)
            prompts = [entry.prompt for entry in objects]
            # An empty key counts as none here; the strings of the text are then too many, and it is looked at closely.
            keys = [entry.key or None for entry in objects]
            written = [key for key in keys if key is not None]
            strings, quoted = 0, 2 * (len(prompts) + len(written))
        else:
            prompts = decoders.strings(json)
            keys, written = [None] * len(prompts), []
            strings = quoted = len(prompts)
    except msgspec.ValidationError:
        return None
    if _any_blank(prompts) or _any_blank(written) or quoted != _strings_of(text) or is_remarkable(text):
        return None
    return Glance(keys, list(map(hash, prompts)), strings, [])


def _any_blank(texts: list[str]) -> bool:
    return "" in texts or any(map(str.isspace, texts))


def _glance_at(entries: Sequence[Any], text: str) -> Glance:
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
    if "\\" in text and "\\u" in text and _ESCAPES.search(text):
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
