from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from harness.virtualtime import EPOCH, run
from poolwright.engine.clock import LoopClock, SystemClock


def test_a_loop_clock_moves_with_the_loop_and_only_with_it() -> None:
    async def story() -> None:
        clock = LoopClock(EPOCH)
        started, began = clock.now(), clock.monotonic()
        assert clock.now() == started
        await asyncio.sleep(3600)
        assert clock.now() - started == timedelta(hours=1)
        assert clock.monotonic() - began == 3600

    run(story())


def test_the_system_clock_is_aware_and_in_utc() -> None:
    async def story() -> None:
        clock = SystemClock()
        before = datetime.now(UTC)
        assert before <= clock.now() <= datetime.now(UTC)
        assert clock.now().utcoffset() == timedelta()
        began = clock.monotonic()
        await asyncio.sleep(60)
        assert clock.monotonic() - began == 60, "durations follow the loop, so that deadlines and sleeps agree"

    run(story())
