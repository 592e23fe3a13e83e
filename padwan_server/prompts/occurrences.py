"""Which blocks hold a value, so that what a document holds twice is known without a look through all of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

V = TypeVar("V", bound=Hashable)
B = TypeVar("B", bound=Hashable)


class Occurrences(Generic[V, B]):
    """Values and the blocks that hold them; a block that holds a value twice is there twice."""

    def __init__(self) -> None:
        self._holders: dict[V, B | list[B]] = {}
        self.repeated: set[V] = set()
        """The values that are there more than once."""
        self.surplus = 0
        """How many occurrences there are beyond the first of each value."""
        self.hits: dict[B, int] = {}
        """How many occurrences of repeated values each block holds, if any."""

    def __contains__(self, value: V) -> bool:
        return value in self._holders

    def holders(self, value: V) -> list[B]:
        """The blocks that hold a value, in no order."""
        if value not in self._holders:
            return []
        found = self._holders[value]
        return found if isinstance(found, list) else [found]

    def add(self, block: B, values: Iterable[V]) -> None:
        """Take in the values of a block."""
        holders = self._holders
        for value in values:
            before = holders.get(value)
            if before is None:
                holders[value] = block
            elif isinstance(before, list):
                before.append(block)
                self._count(block, 1)
            else:
                holders[value] = [before, block]
                self.repeated.add(value)
                self._count(before, 1)
                self._count(block, 1)
                self.surplus -= 1

    def remove(self, block: B, values: Iterable[V]) -> None:
        """Forget the values of a block."""
        for value in values:
            before = self._holders[value]
            if not isinstance(before, list):
                del self._holders[value]
                continue
            before.remove(block)
            self._count(block, -1)
            if len(before) == 1:
                self._holders[value] = before[0]
                self.repeated.discard(value)
                self._count(before[0], -1)
                self.surplus += 1

    def _count(self, block: B, change: int) -> None:
        self.surplus += change
        hits = self.hits.get(block, 0) + change
        if hits:
            self.hits[block] = hits
        else:
            del self.hits[block]
