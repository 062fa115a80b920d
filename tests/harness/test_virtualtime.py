from __future__ import annotations

import asyncio
import gc

import async_solipsism
import pytest

from harness.virtualtime import run


def test_a_week_passes_in_no_time() -> None:
    async def story() -> float:
        for _ in range(7 * 24):
            await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert run(story()) == 7 * 24 * 3600


def test_a_task_left_over_is_a_failure() -> None:
    async def story() -> None:
        asyncio.get_running_loop().create_task(asyncio.sleep(60), name="forgotten")

    with pytest.raises(AssertionError, match="forgotten"):
        run(story())


def test_an_exception_nobody_awaits_is_a_failure() -> None:
    async def fail() -> None:
        raise RuntimeError("unseen")

    async def story() -> None:
        task = asyncio.create_task(fail())
        await asyncio.sleep(1)
        del task
        gc.collect()

    with pytest.raises(AssertionError, match="unseen"):
        run(story())


def test_a_callback_that_fails_is_a_failure() -> None:
    async def story() -> None:
        asyncio.get_running_loop().call_later(1, lambda: 1 // 0)
        await asyncio.sleep(2)

    with pytest.raises(AssertionError, match="division"):
        run(story())


def test_waiting_for_what_cannot_come_is_told() -> None:
    async def story() -> None:
        await asyncio.Event().wait()

    with pytest.raises(async_solipsism.SleepForeverError):
        run(story())
