from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.virtualtime import EPOCH, chance, run, settle
from poolwright.engine.backoff import Backoff
from poolwright.engine.clock import LoopClock
from poolwright.engine.workqueue import Priority, WorkQueue
from poolwright.telemetry.metrics import PrometheusMetrics

CHANGE, RESYNC = Priority.CHANGE, Priority.RESYNC

Story = Callable[[WorkQueue[str]], Coroutine[Any, Any, None]]


def told(story: Story, metrics: PrometheusMetrics | None = None) -> None:
    async def main() -> None:
        queue = WorkQueue[str]("pools", LoopClock(EPOCH), Backoff(chance()), metrics or PrometheusMetrics())
        await story(queue)
        queue.close()

    run(main())


async def drain(queue: WorkQueue[str], prefer: Priority = CHANGE) -> list[str]:
    """Take and hand back everything that is ready."""
    taken = []
    while len(queue):
        taken.append(await queue.get(prefer=prefer))
        queue.done(taken[-1])
    return taken


def test_ten_adds_are_one_key_and_order_is_of_arrival() -> None:
    async def story(queue: WorkQueue[str]) -> None:
        for key in ("b", "a", "b", "b", "c", "a"):
            queue.add(key)
        assert await drain(queue) == ["b", "a", "c"]

    told(story)


def test_a_key_is_never_out_twice_and_comes_again_when_added_meanwhile() -> None:
    async def story(queue: WorkQueue[str]) -> None:
        queue.add("a")
        assert await queue.get() == "a"
        queue.add("a")
        queue.add("a")
        assert len(queue) == 0
        queue.done("a")
        assert await drain(queue) == ["a"]
        assert queue.idle

    told(story)


def test_changes_go_before_resyncs_and_promotion_is_a_change() -> None:
    async def story(queue: WorkQueue[str]) -> None:
        for key in ("r1", "r2", "r3"):
            queue.add(key, RESYNC)
        queue.add("c1")
        queue.add("r3", CHANGE)
        queue.add("c1", RESYNC)
        assert await drain(queue) == ["c1", "r3", "r1", "r2"]

    told(story)


def test_who_prefers_resyncs_gets_them_first_and_changes_when_there_are_none() -> None:
    async def story(queue: WorkQueue[str]) -> None:
        queue.add("change")
        queue.add("resync", RESYNC)
        assert await drain(queue, prefer=RESYNC) == ["resync", "change"]

    told(story)


def test_a_change_during_the_pass_outranks_a_resync_during_the_pass() -> None:
    async def story(queue: WorkQueue[str]) -> None:
        queue.add("a")
        await queue.get()
        queue.add("a", RESYNC)
        queue.add("a", CHANGE)
        queue.add("a", RESYNC)
        queue.add("b", RESYNC)
        queue.done("a")
        assert await drain(queue) == ["a", "b"]

    told(story)


def test_whoever_waits_is_woken_by_the_next_key() -> None:
    async def story(queue: WorkQueue[str]) -> None:
        getters = [asyncio.create_task(queue.get()) for _ in range(3)]
        await settle()
        queue.add("a")
        await settle()
        assert [getter.done() for getter in getters].count(True) == 1
        queue.add("b")
        queue.add("c")
        assert {await getter for getter in getters} == {"a", "b", "c"}

    told(story)


def test_a_getter_that_is_cancelled_takes_no_key_with_it() -> None:
    async def story(queue: WorkQueue[str]) -> None:
        first, second = asyncio.create_task(queue.get()), asyncio.create_task(queue.get())
        await settle()
        queue.add("a")
        first.cancel()
        assert await second == "a"
        assert first.cancelled()

    told(story)


@pytest.mark.parametrize(
    ("scheduled", "ready_after"),
    [
        pytest.param([30.0], 30.0, id="once"),
        pytest.param([30.0, 60.0], 60.0, id="later in place of earlier"),
        pytest.param([60.0, 30.0], 30.0, id="earlier in place of later"),
        pytest.param([30.0, None], None, id="taken back"),
        pytest.param([None], None, id="never"),
        pytest.param([0.0], 0.0, id="at once"),
        pytest.param([-1.0], 0.0, id="overdue"),
    ],
)
def test_one_delayed_add_a_key_and_the_last_word_counts(scheduled: list[float | None], ready_after: float | None) -> None:
    async def story(queue: WorkQueue[str]) -> None:
        for seconds in scheduled:
            queue.schedule("a", seconds)
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(1000):
                await queue.get()
        except TimeoutError:
            assert ready_after is None
        else:
            assert asyncio.get_running_loop().time() - began == pytest.approx(ready_after or 0.0)

    told(story)


def test_a_key_that_comes_due_while_it_is_out_comes_again() -> None:
    async def story(queue: WorkQueue[str]) -> None:
        queue.add("a")
        await queue.get()
        queue.schedule("a", 5)
        await settle(10)
        assert len(queue) == 0
        queue.done("a")
        assert await drain(queue) == ["a"]

    told(story)


@pytest.mark.parametrize(
    ("at_least", "at_most", "low", "high"),
    [
        pytest.param(0.0, None, 0.9, 1.0, id="the backoff alone"),
        pytest.param(40.0, None, 40.0, 40.0, id="the service asked for more"),
        pytest.param(0.0, 0.5, 0.5, 0.5, id="capped"),
        pytest.param(40.0, 5.0, 40.0, 40.0, id="what the service asked for is above the cap"),
    ],
)
def test_a_retry_waits_within_its_bounds(at_least: float, at_most: float | None, low: float, high: float) -> None:
    async def story(queue: WorkQueue[str]) -> None:
        queue.retry("a", at_least=at_least, at_most=at_most)
        began = asyncio.get_running_loop().time()
        await queue.get()
        assert low - 1e-6 <= asyncio.get_running_loop().time() - began <= high + 1e-6

    told(story)


def test_retries_grow_until_the_key_does_well() -> None:
    async def story(queue: WorkQueue[str]) -> None:
        loop, waits = asyncio.get_running_loop(), []
        for attempt in range(4):
            if attempt == 3:
                queue.forget("a")
            began = loop.time()
            queue.retry("a")
            queue.done(await queue.get())
            waits.append(round(loop.time() - began))
        assert waits == [1, 2, 4, 1]

    told(story)


def test_a_closed_queue_has_no_timers() -> None:
    async def story(queue: WorkQueue[str]) -> None:
        queue.schedule("a", 5)
        queue.close()
        await settle(10)
        assert len(queue) == 0

    told(story)


def test_what_is_counted() -> None:
    metrics = PrometheusMetrics()

    def value(name: str) -> float | None:
        return metrics.registry.get_sample_value(name, {"name": "pools"})

    async def story(queue: WorkQueue[str]) -> None:
        queue.add("a")
        queue.add("a")
        queue.add("b", RESYNC)
        assert (value("workqueue_adds_total"), value("workqueue_depth")) == (2, 2)
        await asyncio.sleep(3)
        key = await queue.get()
        assert (value("workqueue_depth"), value("workqueue_queue_duration_seconds_sum")) == (1, 3)
        queue.add(key)
        assert value("workqueue_adds_total") == 2, "it is added when the pass is over"
        await asyncio.sleep(2)
        queue.done(key)
        assert (value("workqueue_adds_total"), value("workqueue_work_duration_seconds_sum")) == (3, 2)
        queue.retry("c")
        assert value("workqueue_retries_total") == 1

    told(story, metrics)


MOVES = st.lists(st.tuples(st.sampled_from(["add", "resync", "take", "take low", "done"]), st.sampled_from("abc")), max_size=60)


@given(MOVES)
def test_no_key_is_lost_doubled_or_out_twice(moves: list[tuple[str, str]]) -> None:
    """Against a plain model: what has been asked for since it was last taken must come, and nothing else."""

    async def story(queue: WorkQueue[str]) -> None:
        wanted: set[str] = set()
        out: set[str] = set()
        for move, key in moves:
            match move:
                case "add" | "resync":
                    queue.add(key, CHANGE if move == "add" else RESYNC)
                    wanted.add(key)
                case "done" if key in out:
                    queue.done(key)
                    out.remove(key)
                case "take" | "take low" if wanted - out:
                    taken = await queue.get(prefer=CHANGE if move == "take" else RESYNC)
                    assert taken in wanted - out
                    wanted.remove(taken)
                    out.add(taken)
            assert len(queue) == len(wanted - out)
        for key in out:
            queue.done(key)
        assert sorted(await drain(queue)) == sorted(wanted)
        assert queue.idle

    told(story)


def test_work_that_goes_on_is_seen_before_it_ends() -> None:
    metrics = PrometheusMetrics()

    def sample(name: str) -> float | None:
        return metrics.registry.get_sample_value(f"workqueue_{name}", {"name": "pools"})

    async def story(queue: WorkQueue[str]) -> None:
        queue.add("a")
        queue.add("b")
        first = await queue.get()
        await settle(10)
        await queue.get()
        await settle(5)
        assert sample("longest_running_processor_seconds") == pytest.approx(15, abs=0.1)
        assert sample("unfinished_work_seconds") == pytest.approx(20, abs=0.1)
        queue.done(first)
        assert sample("unfinished_work_seconds") == pytest.approx(5, abs=0.1)

    told(story, metrics)
