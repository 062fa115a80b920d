"""Over real sockets: a probe that only works in a simulation is worth nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest

from poolwright.telemetry.http import Probes
from poolwright.telemetry.metrics import PrometheusMetrics

HOST = "127.0.0.1"


class State:
    """What the checks answer."""

    unhealthy: str | None = None
    unready: str | None = None


Ask = Callable[[str], Coroutine[Any, Any, tuple[int, str, str]]]


def told(story: Callable[[Ask, State, PrometheusMetrics], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        state, metrics = State(), PrometheusMetrics()
        probes = Probes(metrics.registry, healthy=lambda: state.unhealthy, ready=lambda: state.unready)
        port = await probes.start(HOST, 0)

        async with aiohttp.ClientSession() as session:

            async def ask(path: str) -> tuple[int, str, str]:
                async with session.get(f"http://{HOST}:{port}{path}") as response:
                    return response.status, response.headers["Content-Type"], await response.text()

            await story(ask, state, metrics)
        await probes.stop()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(HOST, port)

    asyncio.run(main())


def test_a_healthy_process_says_so() -> None:
    async def story(ask: Ask, _state: State, _metrics: PrometheusMetrics) -> None:
        for path in ("/healthz", "/readyz"):
            status, _, text = await ask(path)
            assert (status, text) == (200, "ok")

    told(story)


def test_each_probe_fails_alone_and_says_why() -> None:
    async def story(ask: Ask, state: State, _metrics: PrometheusMetrics) -> None:
        state.unhealthy = "relist overdue: batchpools"
        assert (await ask("/healthz"))[::2] == (503, "relist overdue: batchpools")
        assert (await ask("/readyz"))[0] == 200
        state.unhealthy, state.unready = None, "starting"
        assert (await ask("/healthz"))[0] == 200
        assert (await ask("/readyz"))[::2] == (503, "starting")

    told(story)


def test_metrics_are_served_as_prometheus_reads_them() -> None:
    async def story(ask: Ask, _state: State, metrics: PrometheusMetrics) -> None:
        metrics.queue_depth("batchpools", 7)
        status, content, text = await ask("/metrics")
        assert (status, content.split(";")[0]) == (200, "text/plain")
        assert 'workqueue_depth{name="batchpools"} 7.0' in text.splitlines()

    told(story)


def test_there_is_nothing_else() -> None:
    async def story(ask: Ask, _state: State, _metrics: PrometheusMetrics) -> None:
        assert (await ask("/"))[0] == 404

    told(story)
