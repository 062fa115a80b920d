"""Runs coroutines on a loop whose time jumps to the next timer: an hour of sleeping takes no time, and every run is the same.

What a run leaves behind is a failure of its own: a task still going, or an exception that only the loop's handler saw.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from random import Random
from typing import Any, TypeVar

import async_solipsism

ResultT = TypeVar("ResultT")

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The time of day at the loop's zero, for ``LoopClock``."""


def run(main: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run ``main`` to its end in virtual time.

    Raises what ``main`` raises; AssertionError when it ends with tasks of its own still going, or when a callback failed.
    A coroutine that waits for what can never happen raises ``async_solipsism.SleepForeverError``; so does one that waits for a day or more
    with nothing in between, which that loop cannot tell from for ever.
    """
    unseen: list[dict[str, Any]] = []

    async def watched() -> ResultT:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unseen.append(context))
        result = await main
        left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert not left, f"tasks still going at the end: {left}"
        return result

    with asyncio.Runner(loop_factory=_loop) as runner:
        result = runner.run(watched())
    assert not unseen, f"nobody saw: {unseen}"
    return result


def _loop() -> asyncio.AbstractEventLoop:
    """Time always passes while nothing is ready, by a microsecond at least: a timer that is due in less would spin for ever."""
    loop = async_solipsism.EventLoop()
    clock = loop._selector.clock
    exactly = clock.advance
    clock.advance = lambda seconds: exactly(max(seconds, clock.resolution))
    return loop  # type: ignore[no-any-return] # the package has no annotations


async def settle(seconds: float = 0.0) -> None:
    """Let everything that is ready run, after ``seconds`` of virtual time."""
    await asyncio.sleep(seconds)
    # A hand-over between two tasks takes a few turns of the loop; a hundred are more than any chain of ours and cost microseconds.
    for _ in range(100):
        await asyncio.sleep(0)


def chance(seed: int = 0) -> Random:
    """Jitter that is the same in every run."""
    return Random(seed)  # noqa: S311 - jitter, not secrets
