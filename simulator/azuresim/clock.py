"""Where the simulator takes the time from. Nothing else in the package reads a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol


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
    """Runs ``factor`` times as fast as real time, from the moment it is made; ``start`` is what it shows then (None: the real time)."""

    def __init__(self, factor: float, *, start: float | None = None) -> None:
        if factor <= 0:
            raise ValueError(f"a clock's factor must be positive, not {factor}")
        self.factor = factor
        self._epoch = time.time() if start is None else start
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

    def reach(self, moment: float) -> None:
        """Stand at exactly that moment; one that lies behind changes nothing."""
        self._now = max(self._now, moment)


class CallableClock:
    """Asks a function, for example a virtual-time event loop: ``CallableClock(lambda: epoch + loop.time())``."""

    def __init__(self, read: Callable[[], float]) -> None:
        self._read = read

    def now(self) -> float:
        """Whatever the function says."""
        return self._read()


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a world's time runs: ``factor`` 1 as the machine's, 0 not by itself."""

    kind: Literal["real", "scaled", "manual"]
    factor: float

    @classmethod
    def parse(cls, text: str) -> Pace:
        """`real`, `scaled:<factor>` or `manual`. Raises ValueError."""
        kind, _, factor = text.partition(":")
        match kind:
            case "real":
                return cls("real", 1.0)
            case "manual":
                return cls("manual", 0.0)
            case "scaled":
                return cls("scaled", ScaledClock(float(factor)).factor)
            case _:
                raise ValueError("none of real, scaled:<factor>, manual")

    def clock(self, start: float | None = None) -> Clock:
        """A clock of that pace that shows ``start`` now (None: the machine's time)."""
        now = RealClock().now() if start is None else start
        match self.kind:
            case "real":
                # A world that is ahead of the machine stays so.
                return RealClock() if now <= RealClock().now() else ScaledClock(1.0, start=now)
            case "scaled":
                return ScaledClock(self.factor, start=now)
            case "manual":
                return ManualClock(now)
