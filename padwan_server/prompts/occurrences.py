"""Which blocks hold a value, so that what a document holds twice is known without a look through all of it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from typing import Generic, TypeVar

V = TypeVar("V", bound=Hashable)
B = TypeVar("B", bound=Hashable)


class Occurrences(Generic[V, B]):
    """Values and the blocks that hold them, each as often as it does."""

    def __init__(self) -> None:
        self._holders: dict[V, B | dict[B, int]] = {}
        """The one block of a value that is there once, else how often each block has it."""
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
        return list(found) if isinstance(found, dict) else [found]

    def add(self, block: B, values: Collection[V]) -> None:
        """Take in the values of a block."""
        holders = self._holders
        # Most files hold nothing twice, and then a block can be taken in as a whole.
        fresh: dict[V, B | dict[B, int]] = dict.fromkeys(values, block)
        if len(fresh) == len(values) and holders.keys().isdisjoint(fresh):
            holders.update(fresh)
            return
        for value in values:
            before = holders.get(value)
            if before is None:
                holders[value] = block
                continue
            if not isinstance(before, dict):
                self.repeated.add(value)
                self._hit(before, 1)
                before = holders[value] = {before: 1}
            before[block] = before.get(block, 0) + 1
            self._hit(block, 1)
            self.surplus += 1

    def remove(self, block: B, values: Iterable[V]) -> None:
        """Forget the values of a block."""
        for value in values:
            before = self._holders[value]
            if not isinstance(before, dict):
                del self._holders[value]
                continue
            self.surplus -= 1
            self._hit(block, -1)
            before[block] -= 1
            if not before[block]:
                del before[block]
            if len(before) == 1 and (last := next(iter(before.items())))[1] == 1:
                self._holders[value] = last[0]
                self.repeated.discard(value)
                self._hit(last[0], -1)

    def _hit(self, block: B, change: int) -> None:
        hits = self.hits.get(block, 0) + change
        if hits:
            self.hits[block] = hits
        else:
            del self.hits[block]
