"""The order in which results come back."""

from __future__ import annotations

import random
from collections.abc import MutableSequence
from typing import Any

from padwan_server.emulator.scenario import Scenario


def arrange(things: MutableSequence[Any], scenario: Scenario) -> None:
    """Put requests, or the places of their lines in a file, into the order in which they are served."""
    if scenario.order == "reversed":
        things.reverse()
    elif scenario.order == "shuffled":
        # random.shuffle takes a list alone, and a file of a million lines has its places in an array.
        chance = random.Random(scenario.seed)  # noqa: S311 meant to be repeatable
        for last in range(len(things) - 1, 0, -1):
            other = chance.randint(0, last)
            things[last], things[other] = things[other], things[last]
