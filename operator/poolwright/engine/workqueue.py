"""A queue of keys: each at most once, never worked on twice at the same time, changes before resyncs."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from enum import IntEnum
from typing import Generic, TypeVar

from poolwright.domain.metrics import Metrics
from poolwright.engine.backoff import Backoff
from poolwright.engine.clock import Clock

KeyT = TypeVar("KeyT", bound=Hashable)


class Priority(IntEnum):
    """A change is served before a resync; a resync key that changes is promoted."""

    RESYNC = 0
    CHANGE = 1


class WorkQueue(Generic[KeyT]):
    """Deduplicating queue in the manner of client-go's.

    A key added while it is worked on runs again afterwards. ``schedule`` keeps one delayed add a key: the pass that ends says when the
    next one is due, and that replaces what an earlier pass said.
    """

    def __init__(self, name: str, clock: Clock, backoff: Backoff[KeyT], metrics: Metrics) -> None:
        self.name = name
        self._clock = clock
        self._backoff = backoff
        self._metrics = metrics
        self._waiting: dict[Priority, dict[KeyT, float]] = {Priority.CHANGE: {}, Priority.RESYNC: {}}
        self._processing: dict[KeyT, float] = {}
        self._again: dict[KeyT, Priority] = {}
        self._timers: dict[KeyT, asyncio.TimerHandle] = {}
        self._arrived = asyncio.Event()
        metrics.queue_watched(name, self._running)

    def __len__(self) -> int:
        return sum(len(keys) for keys in self._waiting.values())

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is worked on; timers may be pending."""
        return not len(self) and not self._processing

    def add(self, key: KeyT, priority: Priority = Priority.CHANGE) -> None:
        """Ask for a pass over this key."""
        if key in self._processing:
            self._again[key] = max(priority, self._again.get(key, priority))
            return
        if key in self._waiting[Priority.CHANGE]:
            return
        since = self._clock.monotonic()
        if key in self._waiting[Priority.RESYNC]:
            if priority is Priority.RESYNC:
                return
            since = self._waiting[Priority.RESYNC].pop(key)
        else:
            self._metrics.queue_added(self.name)
        self._waiting[priority][key] = since
        self._metrics.queue_depth(self.name, len(self))
        self._arrived.set()

    def schedule(self, key: KeyT, seconds: float | None) -> None:
        """Add the key after this long, in place of what was scheduled before; None: not at all."""
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()
        if seconds is None:
            return
        if seconds <= 0:
            self.add(key)
            return
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, self._due, key)

    def retry(self, key: KeyT, at_least: float = 0.0, at_most: float | None = None) -> None:
        """Put the key back with a growing pause, within bounds in seconds."""
        self._metrics.queue_retried(self.name)
        pause = max(self._backoff.next(key), at_least)
        self.schedule(key, pause if at_most is None else min(pause, max(at_most, at_least)))

    def forget(self, key: KeyT) -> None:
        """The key succeeded: its next failure pauses for the shortest time again."""
        self._backoff.forget(key)

    async def get(self, *, prefer: Priority = Priority.CHANGE) -> KeyT:
        """Wait for a key and take it; ``done`` has to follow. One worker prefers resyncs, so that changes never starve them."""
        while not len(self):
            self._arrived.clear()
            await self._arrived.wait()
        other = Priority.RESYNC if prefer is Priority.CHANGE else Priority.CHANGE
        keys = self._waiting[prefer] or self._waiting[other]
        key = next(iter(keys))
        now = self._clock.monotonic()
        self._metrics.queue_waited(self.name, now - keys.pop(key))
        self._metrics.queue_depth(self.name, len(self))
        self._processing[key] = now
        return key

    def done(self, key: KeyT) -> None:
        """The pass ended; a key that was added meanwhile is due at once."""
        started = self._processing.pop(key)
        self._metrics.queue_worked(self.name, self._clock.monotonic() - started)
        if (priority := self._again.pop(key, None)) is not None:
            self.add(key, priority)

    def close(self) -> None:
        """Cancel every timer."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _running(self) -> list[float]:
        """Seconds since each key that is worked on was taken."""
        now = self._clock.monotonic() if self._processing else 0.0
        return [now - since for since in self._processing.values()]

    def _due(self, key: KeyT) -> None:
        self._timers.pop(key, None)
        self.add(key)
