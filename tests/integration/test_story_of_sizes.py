"""How many nodes a pool has: what is resized, what is left to Batch, and what happens where Azure does not give them."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from harness.world import Scene
from integration.scenes import (
    POOL,
    both_ready,
    converged,
    farm,
    is_ready,
    nodes,
    operations,
    pauses,
    production,
    shown,
    status_of,
    until_ready,
    until_told,
)

SIZE = "standard_d2s_v3"
MINUTE = 60.0


def times(scene: Scene, operation: str, since: int = 0) -> list[float]:
    return [entry.time for entry in scene.azure.journal.since(since) if entry.operation == operation]


async def test_preempted_and_lost_nodes_are_batchs_business() -> None:
    scene = production()
    async with converged(scene, pool={"targetDedicatedNodes": 4, "targetLowPriorityNodes": 3}):
        mark = scene.azure.journal.written
        for _ in range(10):
            scene.world.pools.lose_nodes(farm(scene), "frames", 2)
            scene.world.pools.preempt_nodes(farm(scene), "frames", 2)
            await asyncio.sleep(100)
            assert nodes(scene)[0] < 4
            assert is_ready(scene, POOL)
            assert (shown(scene, POOL, "ScaledToTarget")["status"], shown(scene, POOL, "ScaledToTarget")["reason"]) == (
                "False",
                "NodesLost",
            )
            await asyncio.sleep(600)
            assert nodes(scene) == (4, 3)
            assert shown(scene, POOL, "ScaledToTarget")["status"] == "True"
        assert operations(scene, mark) == []


async def test_a_resize_that_somebody_else_stops_is_asserted_again() -> None:
    scene = production()
    async with converged(scene):
        mark = scene.azure.journal.written
        scene.pool(targetDedicatedNodes=20)
        await scene.until(lambda: operations(scene, mark) == ["Pools_Resize"], every=1)
        scene.world.pools.stop_resize(farm(scene), "frames")
        await until_ready(scene, POOL)
        assert nodes(scene) == (20, 1)
        assert operations(scene, mark) == ["Pools_Resize"] * 2


async def test_a_resize_that_somebody_else_orders_is_undone() -> None:
    scene = production()
    async with converged(scene):
        mark = scene.azure.journal.written
        scene.world.pools.resize(farm(scene), "frames", {"targetDedicatedNodes": 7})
        await scene.until(lambda: bool(operations(scene, mark)))
        await until_ready(scene, POOL)
        assert nodes(scene) == (2, 1)


async def test_a_quota_is_told_after_some_tries_and_used_once_it_is_raised() -> None:
    scene = production()
    async with converged(scene):
        farm(scene).dedicated_quota = 8
        mark = scene.azure.journal.written
        scene.pool(targetDedicatedNodes=10)
        await until_told(scene, POOL, "QuotaExceeded")
        message = shown(scene, POOL, "Stalled")["message"]
        assert "10 dedicated" in message
        assert "AccountCoreQuotaReached" in message
        assert "Ask for more quota" in message
        assert len(times(scene, "Pools_Resize", mark)) == 1 + 3
        await asyncio.sleep(6 * 60 * MINUTE)
        between = pauses(times(scene, "Pools_Resize", mark))
        assert all(later >= earlier - 20 for earlier, later in pairwise(between)), between
        assert (between[0] < 2 * MINUTE, 29 * MINUTE < between[-1] < 33 * MINUTE) == (True, True), between
        assert scene.ready(*POOL) == ("False", "QuotaExceeded")
        assert status_of(scene, POOL)["resizeErrors"][0]["code"] == "AccountCoreQuotaReached"
        farm(scene).dedicated_quota = 500
        await until_ready(scene, POOL, within=33 * MINUTE)
        assert nodes(scene) == (10, 1)
        assert "resizeErrors" not in status_of(scene, POOL)
        assert "resizeAttempts" not in status_of(scene, POOL)


async def test_fewer_nodes_than_the_quota_end_the_trouble_at_once() -> None:
    scene = production()
    async with converged(scene):
        farm(scene).dedicated_quota = 8
        scene.pool(targetDedicatedNodes=10)
        await until_told(scene, POOL, "QuotaExceeded")
        scene.pool(targetDedicatedNodes=3)
        await until_ready(scene, POOL, within=5 * MINUTE)
        assert nodes(scene) == (3, 1)


async def test_a_lack_of_machines_is_asked_about_again_with_growing_pauses() -> None:
    scene = production()
    async with converged(scene):
        farm(scene).capacity[SIZE] = 4
        mark = scene.azure.journal.written
        scene.pool(targetDedicatedNodes=10, resizeTimeoutSeconds=300)
        await until_told(scene, POOL, "CapacityUnavailable")
        assert shown(scene, POOL, "Stalled") == {}
        assert shown(scene, POOL, "Reconciling")["status"] == "True"
        assert "AllocationTimedout" in shown(scene, POOL, "Ready")["message"].replace("AllocationTimedOut", "AllocationTimedout")
        await asyncio.sleep(4 * 60 * MINUTE)
        # Each try takes Azure the time-out of five minutes; the pauses after it grow.
        between = [pause - 5 * MINUTE for pause in pauses(times(scene, "Pools_Resize", mark))]
        assert all(later >= earlier - 20 for earlier, later in pairwise(between)), between
        assert between[0] < 2 * MINUTE
        assert between[-1] == pytest.approx(30 * MINUTE, abs=30)
        farm(scene).capacity.clear()
        await until_ready(scene, POOL, within=36 * MINUTE)
        assert nodes(scene) == (10, 1)


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        pytest.param(50, 60, ["Pools_Resize", "Pools_Resize"], id="further the same way"),
        pytest.param(50, 5, ["Pools_Resize", "Pools_StopResize", "Pools_Resize"], id="less than where it goes"),
        pytest.param(50, 0, ["Pools_Resize", "Pools_StopResize", "Pools_Resize"], id="the other way"),
    ],
)
async def test_a_target_that_changes_while_resizing(first: int, then: int, expected: list[str]) -> None:
    scene = production()
    async with converged(scene):
        mark = scene.azure.journal.written
        scene.pool(targetDedicatedNodes=first)
        await scene.until(lambda: bool(operations(scene, mark)), every=1)
        scene.pool(targetDedicatedNodes=then)
        await until_ready(scene, POOL)
        await asyncio.sleep(10 * MINUTE)
        assert nodes(scene) == (then, 1)
        assert operations(scene, mark) == expected


async def test_a_resize_is_stopped_once_a_minute_at_most() -> None:
    scene = production()
    async with converged(scene):
        mark = scene.azure.journal.written
        for number in range(60):
            scene.pool(targetDedicatedNodes=200 if number % 2 else 3)
            await asyncio.sleep(7)
        await both_ready(scene)
        stops = [e.time for e in scene.azure.journal.writes(mark) if e.operation == "Pools_StopResize" and e.status == 202]
        assert len(stops) >= 2
        assert min(pauses(stops)) >= MINUTE
        assert nodes(scene) == (200, 1)


async def test_targets_that_are_left_out_are_left_alone() -> None:
    scene = production()
    async with converged(scene):
        body = scene.kube.get("batchpools", "render", "frames")
        assert body is not None
        del body["spec"]["targetDedicatedNodes"], body["spec"]["targetLowPriorityNodes"]
        scene.kube.apply(body)
        scene.world.pools.resize(farm(scene), "frames", {"targetDedicatedNodes": 9})
        mark = scene.azure.journal.written
        await asyncio.sleep(30 * MINUTE)
        assert nodes(scene) == (9, 1)
        assert is_ready(scene, POOL)
        assert shown(scene, POOL, "ScaledToTarget")["reason"] == "Unmanaged"
        assert operations(scene, mark) == []
