"""What will happen when: a queue of events that run when somebody next looks."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True, slots=True)
class _Entry:
    at: float
    order: int
    happen: Callable[[float], None] | None = field(compare=False)
    limit: bool = field(compare=False)


class Appointment:
    """One event to come; can be called off."""

    def __init__(self, entry: _Entry) -> None:
        self._entry = entry

    @property
    def at(self) -> float:
        """When it is due, in POSIX seconds."""
        return self._entry.at

    @property
    def number(self) -> int:
        """How many were made when it was."""
        return self._entry.order

    @property
    def happen(self) -> Callable[[float], None] | None:
        """What it is about; None once it was called off."""
        return self._entry.happen

    @property
    def is_limit(self) -> bool:
        """Whether it only happens when something else does not."""
        return self._entry.limit

    def cancel(self) -> None:
        """Make it not happen. Harmless when it already has."""
        self._entry.happen = None


class Agenda:
    """Events in order of time, then of appointment.

    Nothing runs by itself: ``catch_up`` runs what has become due, each event at its own moment, so that the outcome
    does not depend on how often anybody looked.
    """

    def __init__(self) -> None:
        self._heap: list[_Entry] = []
        self._count = 0

    def at(self, moment: float, happen: Callable[[float], None], *, limit: bool = False) -> Appointment:
        """Appoint ``happen(moment)``; a ``limit`` is for when nothing else has happened until then."""
        self._count += 1
        entry = _Entry(moment, self._count, happen, limit)
        heapq.heappush(self._heap, entry)
        return Appointment(entry)

    def postpone(self, appointment: Appointment, seconds: float) -> Appointment:
        """The same later; the one given is called off."""
        happen = appointment.happen
        if happen is None:
            return appointment
        appointment.cancel()
        return self.at(appointment.at + seconds, happen)

    @property
    def made(self) -> int:
        """How many appointments there ever were."""
        return self._count

    def since(self, made: int) -> list[Appointment]:
        """What was appointed after there were ``made``, and is still to come."""
        return [Appointment(entry) for entry in self._heap if entry.order > made and entry.happen is not None]

    def catch_up(self, now: float, reach: Callable[[float], None]) -> None:
        """Run everything due by ``now``, including what those events themselves appoint; ``reach(moment)`` comes before each."""
        heap = self._heap
        while heap and heap[0].at <= now:
            entry = heapq.heappop(heap)
            if entry.happen is not None:
                reach(entry.at)
                entry.happen(entry.at)

    def next_at(self) -> float | None:
        """When the next event is due; None when nothing is to come."""
        while self._heap and self._heap[0].happen is None:
            heapq.heappop(self._heap)
        return self._heap[0].at if self._heap else None
