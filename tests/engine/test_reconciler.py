from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.virtualtime import EPOCH, chance, run, settle
from poolwright.domain.objects import POOLS, ObjectKey, Unreachable
from poolwright.engine.backoff import Backoff
from poolwright.engine.clock import LoopClock
from poolwright.engine.reconciler import PASS_SECONDS, STOP_SECONDS, Reconciler, Result
from poolwright.engine.workqueue import Priority, WorkQueue
from poolwright.telemetry.metrics import PrometheusMetrics

Step = Callable[[ObjectKey], Awaitable[Result]]


def pool(name: str) -> ObjectKey:
    return ObjectKey(POOLS, "default", name)


@dataclass
class Bench:
    """A queue, its workers, and what they did when."""

    queue: WorkQueue[ObjectKey]
    reconciler: Reconciler
    metrics: PrometheusMetrics
    passes: list[tuple[str, float]] = field(default_factory=list)

    def at(self, name: str) -> list[float]:
        return [round(when, 1) for key, when in self.passes if key == name]

    def count(self, result: str) -> float:
        labels = {"controller": "pools", "result": result}
        return self.metrics.registry.get_sample_value("controller_runtime_reconcile_total", labels) or 0.0


def told(step: Step, story: Callable[[Bench], Coroutine[Any, Any, None]], *, workers: int = 2) -> None:
    async def main() -> None:
        clock, metrics = LoopClock(EPOCH), PrometheusMetrics()
        queue = WorkQueue[ObjectKey]("pools", clock, Backoff(chance()), metrics)

        async def noted(key: ObjectKey) -> Result:
            bench.passes.append((key.name, clock.monotonic()))
            return await step(key)

        bench = Bench(queue, Reconciler(queue, noted, workers=workers, clock=clock, metrics=metrics), metrics)
        bench.reconciler.start()
        await story(bench)
        await bench.reconciler.stop()

    run(main())


async def nothing(_: ObjectKey) -> Result:
    return Result()


def test_every_key_gets_its_pass() -> None:
    async def story(bench: Bench) -> None:
        for name in "abc":
            bench.queue.add(pool(name))
        await settle(1)
        assert bench.passes == [("a", 0.0), ("b", 0.0), ("c", 0.0)]
        assert bench.count("success") == 3
        assert bench.queue.idle

    told(nothing, story)


def test_as_many_at_once_as_there_are_workers_and_never_one_key_twice() -> None:
    at_once: list[list[str]] = []
    running: list[str] = []

    async def step(key: ObjectKey) -> Result:
        running.append(key.name)
        at_once.append(sorted(running))
        await asyncio.sleep(1)
        running.remove(key.name)
        return Result()

    async def story(bench: Bench) -> None:
        for name in "abc":
            bench.queue.add(pool(name))
        await settle(0.5)
        active = bench.metrics.registry.get_sample_value("controller_runtime_active_workers", {"controller": "pools"})
        bench.queue.add(pool("a"))
        await settle(10)
        assert active == 2
        assert max(len(names) for names in at_once) == 2
        assert all(len(set(names)) == len(names) for names in at_once)
        assert [name for name, _ in bench.passes].count("a") == 2

    told(step, story)


def test_a_result_says_when_to_look_again() -> None:
    async def step(key: ObjectKey) -> Result:
        return Result(again_after=15.0 if key.name == "moving" else None)

    async def story(bench: Bench) -> None:
        for name in ("moving", "settled"):
            bench.queue.add(pool(name))
        await settle(50)
        assert bench.at("moving") == [0, 15, 30, 45]
        assert bench.at("settled") == [0]
        assert (bench.count("requeue_after"), bench.count("success")) == (4, 1)

    told(step, story)


def test_an_early_pass_moves_the_next_look() -> None:
    async def step(_: ObjectKey) -> Result:
        return Result(again_after=100.0)

    async def story(bench: Bench) -> None:
        bench.queue.add(pool("a"))
        await settle(60)
        bench.queue.add(pool("a"))
        await settle(120)
        assert bench.at("a") == [0, 60, 160]

    told(step, story)


@pytest.mark.parametrize("how", ["raises", "says so", "hangs"])
def test_a_failing_pass_comes_again_with_growing_pauses_and_harms_nobody(how: str) -> None:
    async def step(key: ObjectKey) -> Result:
        if key.name == "good":
            return Result()
        if how == "raises":
            raise RuntimeError("the step has a bug")
        if how == "hangs":
            await asyncio.sleep(3600)
        return Result(failed=True)

    async def story(bench: Bench) -> None:
        bench.queue.add(pool("bad"))
        await settle(1000)
        bench.queue.add(pool("good"))
        await settle(1)
        tries = bench.at("bad")
        took = PASS_SECONDS if how == "hangs" else 0.0
        pauses = [later - earlier - took for earlier, later in itertools.pairwise(tries)]
        assert all(0.9 * 2**n - 0.2 <= pause <= 2**n + 0.2 for n, pause in enumerate(pauses[:8]))
        assert len(pauses) >= 8
        assert bench.count("error") == len(tries)
        assert bench.at("good") == [1000]

    told(step, story)


def test_a_failure_waits_as_long_as_the_service_asks() -> None:
    async def step(_: ObjectKey) -> Result:
        return Result(failed=True, again_after=40.0)

    async def story(bench: Bench) -> None:
        bench.queue.add(pool("a"))
        await settle(100)
        assert bench.at("a") == [0, 40, 80]

    told(step, story)


def test_success_ends_the_growing_pauses() -> None:
    results = iter([Result(failed=True)] * 4 + [Result(again_after=10.0)] + [Result(failed=True)] * 2 + [Result()])

    async def step(_: ObjectKey) -> Result:
        return next(results)

    async def story(bench: Bench) -> None:
        bench.queue.add(pool("a"))
        await settle(1000)
        times = bench.at("a")
        assert len(times) == 8
        assert times[6] - times[5] <= 1.05, "the first failure after a success waits a second"

    told(step, story)


def test_one_worker_keeps_to_resyncs_while_changes_storm() -> None:
    async def step(key: ObjectKey) -> Result:
        await asyncio.sleep(1)
        if key.name.startswith("change"):
            return Result(again_after=0.0)
        return Result()

    async def story(bench: Bench) -> None:
        for n in range(10):
            bench.queue.add(pool(f"change-{n}"))
        bench.queue.add(pool("resync"), Priority.RESYNC)
        await settle(1.5)
        assert bench.at("resync") == [0], "changes that never end must not starve it"

    told(step, story)


def test_stopping_lets_a_pass_finish_and_starts_none() -> None:
    finished: list[str] = []

    async def step(key: ObjectKey) -> Result:
        await asyncio.sleep(STOP_SECONDS - 1)
        finished.append(key.name)
        return Result(again_after=1.0)

    async def story(bench: Bench) -> None:
        for name in "abc":
            bench.queue.add(pool(name))
        await settle(0.5)
        began = asyncio.get_running_loop().time()
        await bench.reconciler.stop()
        assert asyncio.get_running_loop().time() - began == pytest.approx(STOP_SECONDS - 1.5)
        assert finished == ["a", "b"]
        await settle(100)
        assert finished == ["a", "b"]
        assert len(bench.queue) == 1, "what waited still waits, and nothing came back"

    told(step, story)


def test_a_worker_alone_serves_changes_first() -> None:
    async def story(bench: Bench) -> None:
        for n in range(10):
            bench.queue.add(pool(f"resync-{n}"), Priority.RESYNC)
        bench.queue.add(pool("change"))
        await settle(1)
        assert bench.passes[0][0] == "change"
        assert len(bench.passes) == 11

    told(nothing, story, workers=1)


def test_without_the_lease_there_is_no_grace() -> None:
    ended: list[str] = []

    async def step(_: ObjectKey) -> Result:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return Result()

    async def story(bench: Bench) -> None:
        bench.queue.add(pool("a"))
        await settle(0.5)
        await bench.reconciler.stop(grace=0)
        assert asyncio.get_running_loop().time() == 0.5
        assert ended == ["cancelled"]

    told(step, story)


def test_stopping_cancels_what_does_not_finish_in_time() -> None:
    ended: list[str] = []

    async def step(_: ObjectKey) -> Result:
        try:
            await asyncio.sleep(PASS_SECONDS - 1)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return Result()

    async def story(bench: Bench) -> None:
        bench.queue.add(pool("a"))
        await settle(0.5)
        began = asyncio.get_running_loop().time()
        await bench.reconciler.stop()
        assert asyncio.get_running_loop().time() - began == STOP_SECONDS
        assert ended == ["cancelled"]

    told(step, story)


def test_an_api_server_that_is_away_is_told_in_a_line(caplog: pytest.LogCaptureFixture) -> None:
    async def step(_: ObjectKey) -> Result:
        raise Unreachable(0, "Unreachable", "Server disconnected")

    async def story(bench: Bench) -> None:
        bench.queue.add(pool("a"))
        await settle(0.5)
        assert bench.count("error") == 1
        await settle(5)
        assert bench.count("error") > 1, "it is tried again"

    told(step, story)
    assert {record.message for record in caplog.records} == {"pass failed"}
    assert [record.exc_info for record in caplog.records if record.exc_info] == [], "no traceback for each object of an outage"
