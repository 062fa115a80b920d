"""What the service remembers of pools for autoscale formulas: how tasks and nodes stood, whenever that changed."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

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

    def samples(self, metric: str, *, begun: float, period: float, until: float) -> list[tuple[float, float]]:
        """One value a period since ``begun``, at most a day back; metrics of what runs on nodes have none."""
        value = _VALUES.get(metric)
        if value is None or not self.changes:
            return []
        moments = [at for at, _ in self.changes]
        first = max(0, int((until - _HISTORY - begun) / period) + 1)
        made = []
        for number in range(first, int((until - begun) / period) + 1):
            at = begun + number * period
            place = bisect_right(moments, at)
            if place:
                made.append((at, float(value(self.changes[place - 1][1]))))
        return made
