"""What every simulated service stands on: time, events to come, identifiers, durations."""

from __future__ import annotations

from azuresim.clock import Clock
from azuresim.core.agenda import Agenda
from azuresim.core.durations import Durations
from azuresim.core.ids import Ids


class Kernel:
    """One per world. ``moment`` is the time the world has been brought up to; the core reads nothing else."""

    def __init__(self, clock: Clock, durations: Durations, seed: int) -> None:
        self.clock = clock
        self.agenda = Agenda()
        self.ids = Ids(seed)
        # Every answer carries ids, those of reads too; what names resources must not depend on how often somebody read.
        self.request_ids = Ids(seed, "/requests")
        self.durations = durations
        self.moment = clock.now()

    def settle(self) -> float:
        """Let everything due by now happen; returns now."""
        now = max(self.moment, self.clock.now())
        self.agenda.catch_up(now, self._reach)
        self.moment = now
        return now

    def _reach(self, moment: float) -> None:
        self.moment = max(self.moment, moment)
