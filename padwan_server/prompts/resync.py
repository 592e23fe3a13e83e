"""Where the next record of a JSON array starts when the one before it cannot be read."""

from __future__ import annotations

import re

# An object with a record's first member: nothing else looks like this, in a string its quotes would be escaped.
_RECORD = r'(?=\{[ \t\r\n]*"(?:key|prompt|request|custom_id)"[ \t\r\n]*:)'
_OBJECT_AFTER_OBJECT = r"\}[ \t\r\n]*,[ \t\r\n]*(?=\{)"

_STRING_ON_NEXT_LINE = re.compile(r"""[\r\n][ \t]*(?=["'{])""")
_ITEM_AFTER_COMMA = re.compile(r""",[ \t\r\n]*(?=["'{])""")
_OBJECT_START = re.compile(_RECORD)
_FOLLOWING = re.compile(rf"""{_RECORD}|,[ \t\r\n]*(?=["'{{])""")
_OBJECT = re.compile(f"{_RECORD}|{_OBJECT_AFTER_OBJECT}")


def next_record(text: str, broken: int, suspect: int, end: int) -> int | None:
    """The offset of the first record after the one at ``broken``, looked for from ``suspect`` to ``end``."""
    match = _pattern(text, broken).search(text, max(suspect, broken + 1), end)
    return match.end() if match else None


def resume(text: str, broken: int, suspect: int, end: int) -> int:
    """Where to read on behind a broken record: at the next one, the array's closing bracket, or the text's end."""
    following = next_record(text, broken, suspect, end)
    return end_of_array(text, suspect) if following is None else following


def next_entry(text: str, at: int, end: int) -> int | None:
    """The offset of the next entry behind what follows an entry and should not, looked for from ``at`` to ``end``."""
    match = _FOLLOWING.search(text, at, end)
    return match.end() if match else None


def record_inside(text: str, start: int, end: int) -> int | None:
    """Where another record begins within what was read as the one at ``start``."""
    indentation = _indentation(text, start)
    pattern = _OBJECT_START if indentation is None else _pattern(text, start)
    match = pattern.search(text, start + 1, end)
    return match.end() if match else None


def _pattern(text: str, broken: int) -> re.Pattern[str]:
    indentation = _indentation(text, broken)
    if text[broken] in "\"'":
        return _ITEM_AFTER_COMMA if indentation is None else _STRING_ON_NEXT_LINE
    if indentation is None:
        return _OBJECT
    # Whatever is nested in a record that starts a line is indented further.
    return re.compile(rf"{_RECORD}|[\r\n]{re.escape(indentation)}(?=\{{)")


def _indentation(text: str, offset: int) -> str | None:
    """The white space before the record if it is the first on its line."""
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    before = text[start:offset]
    return before if start and not before.strip(" \t") else None


def end_of_array(text: str, suspect: int) -> int:
    """Where the array's closing bracket is if the text ends with one, else the text's end."""
    closing = len(text.rstrip()) - 1
    return closing if closing >= suspect and text[closing] == "]" else len(text)
