"""Keys that two records share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from padwan_server.prompts.problem import Edit, Fix, Problem
from padwan_server.prompts.record import Record
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.span import Span


def duplicate_keys(records: Iterable[Record]) -> Iterator[Problem]:
    """A problem for each written key that an earlier record has, or that is the default key of any record."""
    records = list(records)
    owners = {record.key: record for record in records if record.generated}
    spare = _SpareKeys({record.key for record in records})
    for record in records:
        if record.generated or record.key_span is None:
            continue
        owner = owners.setdefault(record.key, record)
        if owner is not record:
            yield _duplicate(record, record.key_span, owner, spare)


def _duplicate(record: Record, key_span: Span, owner: Record, spare: _SpareKeys) -> Problem:
    if owner.generated:
        message = f"This is the default key of prompt {owner.index}, which has no key of its own. Choose another."
        related = (owner.span, "the prompt without a key")
    else:
        message = "Another prompt has this key already. Choose another, so that their answers can be told apart."
        related = (owner.key_span or owner.span, "the first prompt with this key")
    suffix = spare.suffix(record.key)
    before_quote = Span(key_span.end - 1, key_span.end - 1)
    fix = Fix(f"Make the key unique: add {suffix}", (Edit(before_quote, suffix),))
    return problem(Code.DUPLICATE_KEY, message, key_span, fix, (related,))


class _SpareKeys:
    """Suffixes that make keys unique, none of them given twice, so that all fixes can be applied together."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._counts: dict[str, Iterator[int]] = {}

    def suffix(self, key: str) -> str:
        numbers = self._counts.setdefault(key, count(2))
        suffix = next(suffix for number in numbers if key + (suffix := f"-{number}") not in self._taken)
        self._taken.add(key + suffix)
        return suffix
