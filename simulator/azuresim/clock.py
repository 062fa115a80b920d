"""Where the simulator takes the time from. Nothing else in the package reads a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Virtual time in POSIX seconds. Must never go backwards."""

    def now(self) -> float:
        """The present moment."""


class RealClock:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds since 1970 by the machine's clock."""
        return time.time()


class ScaledClock:
    """Runs ``factor`` times as fast as real time, from the moment it is made."""

    def __init__(self, factor: float) -> None:
        if factor <= 0:
            raise ValueError(f"a clock's factor must be positive, not {factor}")
        self.factor = factor
        self._epoch = time.time()
        self._started = time.monotonic()

    def now(self) -> float:
        """The start plus the scaled time since."""
        return self._epoch + (time.monotonic() - self._started) * self.factor


class ManualClock:
    """Stands still until told to move."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """The moment last set."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by ``seconds`` (>= 0)."""
        if seconds < 0:
            raise ValueError(f"time does not go back ({seconds} s)")
        self._now += seconds


class CallableClock:
    """Asks a function, for example a virtual-time event loop: ``CallableClock(lambda: epoch + loop.time())``."""

    def __init__(self, read: Callable[[], float]) -> None:
        self._read = read

    def now(self) -> float:
        """Whatever the function says."""
        return self._read()
