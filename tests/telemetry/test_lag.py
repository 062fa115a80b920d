from __future__ import annotations

import asyncio

import pytest

from poolwright.telemetry.lag import EVERY_SECONDS, measure_lag
from poolwright.telemetry.metrics import PrometheusMetrics


class SlowLoop:
    """Sleeps as long as asked, and by what the script says longer; ends after the last one."""

    def __init__(self, *late: float) -> None:
        self.now, self._late = 100.0, list(late)

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        if not self._late:
            raise asyncio.CancelledError
        self.now += seconds + self._late.pop(0)


def test_what_a_sleep_takes_too_long_is_counted() -> None:
    metrics, loop = PrometheusMetrics(), SlowLoop(0.0, 0.002, 7.0)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(measure_lag(metrics, loop.time, loop.sleep))
    sample = metrics.registry.get_sample_value
    assert sample("poolwright_event_loop_lag_seconds_count") == 3
    assert sample("poolwright_event_loop_lag_seconds_sum") == pytest.approx(7.002)
    assert sample("poolwright_event_loop_lag_seconds_bucket", {"le": "0.001"}) == 1
    assert loop.now == pytest.approx(100 + 3 * EVERY_SECONDS + 7.002)
