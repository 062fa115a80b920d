"""What the service remembers of pools for autoscale formulas: how tasks and nodes stood, whenever that changed."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple, overload

# Seconds of history a formula can look back into, and changes kept at most.
_HISTORY = 86_400.0
_MAX_CHANGES = 8192


class Reading(NamedTuple):
    """How a pool stood. Tasks are those of all its jobs."""

    active: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    dedicated: int = 0
    low_priority: int = 0
    preempted: int = 0
    usable: int = 0
    slots: int = 1


_VALUES: dict[str, Callable[[Reading], int]] = {
    "ActiveTasks": lambda r: r.active,
    "RunningTasks": lambda r: r.running,
    "PendingTasks": lambda r: r.active + r.running,
    "SucceededTasks": lambda r: r.succeeded,
    "FailedTasks": lambda r: r.failed,
    "CurrentDedicatedNodes": lambda r: r.dedicated,
    "CurrentLowPriorityNodes": lambda r: r.low_priority,
    "SampleNodeCount": lambda r: r.dedicated + r.low_priority,
    "PreemptedNodeCount": lambda r: r.preempted,
    "UsableNodeCount": lambda r: r.usable,
    "TaskSlotsPerNode": lambda r: r.slots,
}


@dataclass(slots=True)
class History:
    """The readings of one pool, each valid from its moment on."""

    changes: deque[tuple[float, Reading]] = field(default_factory=lambda: deque(maxlen=_MAX_CHANGES))

    @property
    def last(self) -> Reading:
        """The newest reading."""
        return self.changes[-1][1] if self.changes else Reading()

    def note(self, at: float, reading: Reading) -> None:
        """Keep a reading, if it differs from the last one."""
        if self.changes and self.changes[-1][1] == reading:
            return
        if self.changes and self.changes[-1][0] == at:
            self.changes.pop()
        self.changes.append((at, reading))

    def samples(self, metric: str, *, begun: float, period: float, until: float) -> Sequence[tuple[float, float]]:
        """One (moment, value) a period since the first reading after ``begun``, at most a day back; other metrics have none."""
        value = _VALUES.get(metric)
        if value is None or not self.changes:
            return ()
        oldest = max(until - _HISTORY, self.changes[0][0])
        first = max(0, ceil((oldest - begun) / period))
        return _Samples(self, value, begun, period, range(first, int((until - begun) / period) + 1))


class _Samples(Sequence[tuple[float, float]]):
    """Samples worked out one by one, when they are asked for: a day has thousands, a formula looks at a few."""

    def __init__(self, history: History, value: Callable[[Reading], int], begun: float, period: float, numbers: range) -> None:
        self._moments = [at for at, _ in history.changes]
        self._readings = [reading for _, reading in history.changes]
        self._value = value
        self._begun = begun
        self._period = period
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> tuple[float, float]: ...

    @overload
    def __getitem__(self, index: slice) -> list[tuple[float, float]]: ...

    def __getitem__(self, index: int | slice) -> tuple[float, float] | list[tuple[float, float]]:
        if isinstance(index, slice):
            return [self._sample(number) for number in self._numbers[index]]
        return self._sample(self._numbers[index])

    def _sample(self, number: int) -> tuple[float, float]:
        at = self._begun + number * self._period
        return at, float(self._value(self._readings[bisect_right(self._moments, at) - 1]))
