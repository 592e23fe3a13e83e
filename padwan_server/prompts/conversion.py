"""A prompt file in another format, where nothing is lost by it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from padwan_server.prompts.document import PromptDocument
from padwan_server.prompts.format import PromptFormat
from padwan_server.prompts.record import Record
from padwan_server.prompts.rules import ERRORS, number_of
from padwan_server.prompts.text import LINE_END

EXTENSIONS = {PromptFormat.JSON: ".json", PromptFormat.JSONL: ".jsonl", PromptFormat.TEXT: ".txt"}


def converted(document: PromptDocument, target: PromptFormat) -> str | None:
    """The text of the document in another format; None if it has errors, or if something would be lost."""
    if not may_convert(document, target):
        return None
    if target is PromptFormat.TEXT:
        return _as_text(document.records)
    entries = [_entry(document, record) for record in document.records]
    return as_array(entries) if target is PromptFormat.JSON else as_lines(entries)


def may_convert(document: PromptDocument, target: PromptFormat) -> bool:
    """Whether ``converted`` may have a text, told without a look at each prompt."""
    if target is document.format or not document.prompts or number_of(document.counts(), ERRORS):
        return False
    return target is not PromptFormat.TEXT or not document.keyed


def _as_text(records: list[Record]) -> str | None:
    lossless = all(
        record.generated and record.request is None and record.text == record.text.strip() for record in records
    ) and not any(LINE_END.search(record.text) for record in records)
    return "".join(f"{record.text}\n" for record in records) if lossless else None


def _entry(document: PromptDocument, record: Record) -> Any:
    """What stands in the file, unknown members too."""
    return record.text if document.format is PromptFormat.TEXT else json.loads(document.between(record.span))


def keyed(record: Record) -> dict[str, Any]:
    """A record as an entry that names its key, wherever it will stand."""
    return {"key": record.key, **({"request": record.request} if record.request else {"prompt": record.text})}


def as_array(entries: Iterable[Any]) -> str:
    """A JSON file, one entry on a line."""
    lines = ",\n".join(f"  {json.dumps(entry, ensure_ascii=False)}" for entry in entries)
    return f"[\n{lines}\n]\n"


def as_lines(entries: Iterable[Any]) -> str:
    """A JSON Lines file; prompts without anything else become objects, as its readers expect them."""
    objects = ({"prompt": entry} if isinstance(entry, str) else entry for entry in entries)
    return "".join(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in objects)
