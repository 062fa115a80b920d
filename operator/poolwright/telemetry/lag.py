"""How late the event loop is: the first sign of a call that blocks it, or of a machine too small."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from poolwright.domain.metrics import Metrics

# Each reading is one sleep of this length: rare enough to cost nothing, often enough to meet a stall of seconds.
EVERY_SECONDS = 1.0


async def measure_lag(metrics: Metrics, time: Callable[[], float], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Sleep for ever, a second at a time, and count by how much each one was too long. ``time`` is the loop's, in seconds."""
    while True:
        due = time() + EVERY_SECONDS
        await sleep(EVERY_SECONDS)
        metrics.loop_lagged(max(0.0, time() - due))
