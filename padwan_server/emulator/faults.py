"""Trouble on the way, as the scenario orders it."""

from __future__ import annotations

from collections import Counter

from padwan_server.emulator.scenario import Fault


class Faults:
    """Hands out each fault as often as it was ordered."""

    def __init__(self, faults: list[Fault]) -> None:
        self._faults = faults
        self._seen: Counter[str] = Counter()
        self._used: Counter[int] = Counter()

    def next(self, kind: str) -> Fault | None:
        """The fault of this request of a kind, if any."""
        earlier = {on: self._seen[on] for on in (kind, "any")}
        self._seen.update(earlier.keys())
        for number, fault in enumerate(self._faults):
            if earlier.get(fault.on, -1) >= fault.after and self._used[number] < fault.times:
                self._used[number] += 1
                return fault
        return None
