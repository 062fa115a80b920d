"""The only place that knows what time it is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time for what is written down, monotonic time for what is measured."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds since some point, never going back."""


class SystemClock:
    """The machine's clock; monotonic time is the running loop's, so that it agrees with every sleep."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The running loop's time in seconds."""
        return asyncio.get_running_loop().time()


class LoopClock:
    """A time of day that follows the running loop: under a virtual-time loop, hours pass in no time."""

    def __init__(self, epoch: datetime) -> None:
        self._epoch = epoch

    def now(self) -> datetime:
        """The epoch plus the loop's time."""
        return self._epoch + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """The running loop's time in seconds."""
        return asyncio.get_running_loop().time()
