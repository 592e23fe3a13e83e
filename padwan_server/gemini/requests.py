"""What one prompt is on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from padwan_server.service import INLINE_LIMIT_BYTES


def text_request(prompt: str, system: str = "", config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A GenerateContentRequest of one user turn."""
    return with_defaults({"contents": [{"role": "user", "parts": [{"text": prompt}]}]}, system, config)


def text_requests(system: str = "", config: Mapping[str, Any] | None = None) -> Callable[[str], bytes]:
    """Writes the ``text_request`` of a prompt as JSON: what all prompts have in common is put into words once."""
    encode = msgspec.json.Encoder().encode
    # The prompt comes before all that may be empty too.
    head, _, tail = encode(text_request("", system, config)).partition(b'""')
    return lambda prompt: b"%b%b%b" % (head, encode(prompt), tail)


def with_defaults(
    request: Mapping[str, Any], system: str = "", config: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """``request`` with the whole file's system instruction and generation config where it has none of its own.

    The service takes camelCase and snake_case, so both count as its own. Of the config each member counts alone.
    """
    made = dict(request)
    if system and "systemInstruction" not in made and "system_instruction" not in made:
        made["systemInstruction"] = {"parts": [{"text": system}]}
    if config:
        name = "generation_config" if "generation_config" in made else "generationConfig"
        own = made.get(name) or {}
        named = {_camel(member) for member in own}
        made[name] = {**{member: value for member, value in config.items() if _camel(member) not in named}, **own}
    return made


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def inline_item(key: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """One inline request. Its key travels in ``metadata``, unlike that of a file's line."""
    return {"request": request, "metadata": {"key": key}}


def fit_inline(items: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the items stay under the inline limit as the SDK writes them, every other letter escaped."""
    size = 0
    for item in items:
        size += len(json.dumps(item)) + 2
        if size > INLINE_LIMIT_BYTES:
            return False
    return True
