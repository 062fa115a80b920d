"""Growing pauses, one count a key."""

from __future__ import annotations

from collections.abc import Hashable
from random import Random
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)

# 1 s … 5 min: the first retry is quick because most races are over by then; the last is slower than any poll of ours.
FIRST_SECONDS, LONGEST_SECONDS = 1.0, 300.0
JITTER = 0.1
# 2 to the 16th seconds is 18 hours: beyond the limit, and far below where numbers grow long.
MOST_DOUBLINGS = 16


class Backoff(Generic[KeyT]):
    """1, 2, 4 … 300 seconds, each up to 10 % shorter, so that keys which failed together do not come back together."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._failures: dict[KeyT, int] = {}

    def next(self, key: KeyT) -> float:
        """Count a failure and answer with the pause before the next try, in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause = min(FIRST_SECONDS * float(1 << min(failures, MOST_DOUBLINGS)), LONGEST_SECONDS)
        return pause * self._random.uniform(1 - JITTER, 1)

    def forget(self, key: KeyT) -> None:
        """The key succeeded, or is gone."""
        self._failures.pop(key, None)
