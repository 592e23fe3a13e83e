"""From one JSON value of a prompt file to its record, and what is wrong with it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from padwan_server.prompts.literal import control_characters, has_control_character, lone_surrogates
from padwan_server.prompts.problem import Edit, Fix, Problem
from padwan_server.prompts.record import Record, default_key
from padwan_server.prompts.request import request_problems
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.span import Span
from padwan_server.prompts.value import Member, Value

_FIELDS = ("prompt", "key", "request")
_MEANT = {"custom_id": "key", "id": "key", "text": "prompt", "content": "prompt", "messages": "prompt"}


def read_entry(text: str, value: Value, index: int) -> tuple[Record | None, list[Problem]]:
    """The record of a value, None if it has no readable prompt, and its problems; keys are compared elsewhere."""
    return _Entry(text, value, index).read()


class _Entry:
    """One value that is being read as a record."""

    __slots__ = ("fields", "index", "problems", "text", "value")

    def __init__(self, text: str, value: Value, index: int) -> None:
        self.text = text
        self.value = value
        self.index = index
        self.fields = {member.name: member for member in value.members}
        self.problems: list[Problem] = []

    def read(self) -> tuple[Record | None, list[Problem]]:
        if isinstance(self.value.data, str):
            return self._prompt(self.value, None), self.problems
        if not isinstance(self.value.data, dict):
            self._wrong_type("An entry is a string or an object", self.value)
            return None, self.problems
        if not self.fields.keys() <= _KNOWN:
            self.problems += _unknown_fields(self.fields)
        return self._from_object(), self.problems

    def _from_object(self) -> Record | None:
        key = self._key()
        prompt, request = self.fields.get("prompt"), self.fields.get("request")
        if prompt and request:
            message = "An entry has either a prompt or a request. Remove one of the two."
            self._add(Code.PROMPT_AND_REQUEST, message, request.name_span, related=((prompt.name_span, "the prompt"),))
        if prompt:
            return self._prompt(prompt.value, key)
        if request:
            return self._request(request.value, key)
        self._missing_prompt()
        return None

    def _key(self) -> Value | None:
        """The written key, whatever is wrong with it."""
        member = self.fields.get("key")
        if member is None:
            return None
        key = member.value
        if not isinstance(key.data, str):
            self._wrong_type("A key is a string", key)
        elif not key.data.strip():
            self._add(Code.EMPTY_KEY, "This key is empty. Write one, or leave the key out.", key.span)
        else:
            self._check_surrogates("key", key)
            if has_control_character(key.data):
                self._check_controls(key)
        return key

    def _prompt(self, prompt: Value, key: Value | None) -> Record | None:
        if not isinstance(prompt.data, str):
            self._wrong_type("A prompt is a string", prompt)
            return None
        if not prompt.data.strip():
            self._add(Code.BLANK_PROMPT, "This prompt is blank. Write one, or remove the entry.", prompt.span)
        self._check_surrogates("prompt", prompt)
        if has_control_character(prompt.data):
            self._check_controls(prompt)
        return self._record(prompt.data, None, prompt.span, key)

    def _request(self, request: Value, key: Value | None) -> Record | None:
        if not isinstance(request.data, dict):
            self._wrong_type("A request is an object", request)
            return None
        self._check_surrogates("request", request)
        self._check_contents(request)
        self._check_controls(request)
        self.problems += request_problems(self.text, request)
        texts = [part for part in _parts(request.data.get("contents")) if part is not None]
        return self._record("\n".join(texts), request.data, request.span, key)

    def _check_contents(self, request: Value) -> None:
        contents = request.data.get("contents")
        if contents is not None and not isinstance(contents, list | dict | str):
            found = Value(request.span, contents).describe()
            self._add(Code.WRONG_TYPE, f"The contents of a request are an array, this is {found}.", request.span)
            return
        parts = list(_parts(contents))
        if not parts:
            message = 'This request has no contents. Write "contents": [{"parts": [{"text": "…"}]}].'
            self._add(Code.MISSING_PROMPT, message, request.span)
        elif not any(part is None or part.strip() for part in parts):
            self._add(Code.BLANK_PROMPT, "This request's text is blank. Write one, or remove the entry.", request.span)

    def _record(self, text: str, request: dict[str, Any] | None, prompt_span: Span, key: Value | None) -> Record:
        written = key is not None and isinstance(key.data, str) and bool(key.data.strip())
        name = key.data if key and written else default_key(self.index)
        return Record(
            self.index, name, not written, text, request, self.value.span, key.span if key else None, prompt_span
        )

    def _missing_prompt(self) -> None:
        rename = next((fix for member in self.fields.values() if (fix := _rename(member, self.fields, "prompt"))), None)
        message = 'This entry has no prompt. Add a "prompt" or a "request".'
        self._add(Code.MISSING_PROMPT, message, self.value.span, rename)

    def _wrong_type(self, rule: str, value: Value) -> None:
        fix = None
        if isinstance(value.data, bool | int | float):
            quoted = json.dumps(self.text[value.span.start : value.span.end])
            fix = Fix("Put it in double quotes", (Edit(value.span, quoted),))
        self._add(Code.WRONG_TYPE, f"{rule}, this is {value.describe()}.", value.span, fix)

    def _check_surrogates(self, what: str, value: Value) -> None:
        if found := _find_surrogates(self.text, value):
            edits = tuple(Edit(span, "\\ufffd") for span in found)
            message = f"Half of a surrogate pair in this {what}, which cannot be sent. Write the whole character."
            self._add(Code.LONE_SURROGATE, message, found[0], Fix("Replace it with U+FFFD", edits))

    def _check_controls(self, value: Value) -> None:
        if found := list(control_characters(self.text, value.span)):
            self.problems.append(control_problem(self.text, found))

    def _add(
        self, code: Code, message: str, span: Span, fix: Fix | None = None, related: tuple[tuple[Span, str], ...] = ()
    ) -> None:
        self.problems.append(problem(code, message, span, fix, related))


_KNOWN = frozenset(_FIELDS)


def control_problem(text: str, found: list[Span]) -> Problem:
    """The problem of a prompt's control characters, which stand at these places."""
    raw = text[found[0].start : found[0].end]
    name = raw[2:].upper() if raw.startswith("\\u") else f"{ord(raw):04X}"
    message = f"A character that nobody sees (U+{name}), {_CONTROL_KINDS[name > '2000']}. Remove it unless it is meant."
    fix = Fix("Remove invisible control characters", tuple(Edit(span, "") for span in found))
    return problem(Code.CONTROL_CHARACTER, message, found[0], fix)


_CONTROL_KINDS = ("a control character", "which turns the direction of the text behind it")


def _find_surrogates(text: str, value: Value) -> list[Span]:
    if isinstance(value.data, str) and value.data.isascii():
        return []
    source = text[value.span.start : value.span.end]
    if source.isascii() and "\\u" not in source:
        return []
    return list(lone_surrogates(text, value.span))


def _parts(contents: Any) -> Iterator[str | None]:
    """The text of each part of a request's contents, None for a part of another kind."""
    if isinstance(contents, str):
        yield contents
    elif isinstance(contents, list):
        for content in contents:
            yield from _parts(content)
    elif isinstance(contents, dict) and "parts" in contents:
        yield from _parts(contents["parts"])
    elif isinstance(contents, dict) and contents:
        text = contents.get("text")
        yield text if isinstance(text, str) else None


def _unknown_fields(fields: dict[str, Member]) -> Iterator[Problem]:
    taken = set(fields)
    for member in fields.values():
        if member.name in _KNOWN:
            continue
        meant = _meant(member.name)
        if meant is None or meant in taken:
            message = "This field is not sent. An entry has prompt and key, or request and key."
            yield problem(Code.UNKNOWN_FIELD, message, member.name_span)
        else:
            message = f'This field is not sent. Did you mean "{meant}"?'
            yield problem(Code.UNKNOWN_FIELD, message, member.name_span, _rename(member, fields, meant))
            taken.add(meant)


def _rename(member: Member, fields: dict[str, Member], name: str) -> Fix | None:
    """Renames a member if ``name`` is what it means, is free, and can have its value."""
    if member.name in _KNOWN or _meant(member.name) != name or name in fields:
        return None
    fits = isinstance(member.value.data, dict if name == "request" else str)
    return Fix(f'Rename it to "{name}"', (Edit(member.name_span, f'"{name}"'),)) if fits else None


@lru_cache(maxsize=1024)
def _meant(name: str) -> str | None:
    """The field that an unknown one stands for, by a name that other services use or by a slip of the finger."""
    lower = name.lower()
    if lower in _MEANT:
        return _MEANT[lower]
    return next(iter(difflib.get_close_matches(lower[:20], _FIELDS, n=1, cutoff=0.7)), None)
