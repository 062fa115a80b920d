from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from azure.batch.models import BatchPoolResizeOptions, BatchTaskConstraints, BatchTaskCreateOptions

from azuresim import FaultRule, NoCapacity
from simulator.batch_steps import errors, grown, job_with, refused, states, task_states
from simulator.cloud import Cloud


async def shrunk(cloud: Cloud, to: int, option: str | None = None, **options: Any) -> None:
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=to, node_deallocation_option=option, **options))


@pytest.mark.parametrize(("option", "task", "requeued"), [(None, "active", 1), ("requeue", "active", 1), ("terminate", "completed", 0)])
async def test_nodes_go_at_once_and_their_tasks_are_put_back_or_ended(cloud: Cloud, option: str | None, task: str, requeued: int) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, "sleep 10000")
    await shrunk(cloud, 0, option)
    assert (await states(cloud), await task_states(cloud)) == (["leavingpool"], [task])
    cloud.clock.advance(15)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes, errors(pool)) == ("steady", 0, [])
    told = await cloud.batch.get_task("j", "t0")
    assert told["executionInfo"]["requeueCount"] == requeued
    if task == "completed":
        assert told["executionInfo"]["failureInfo"]["code"] == "TaskEnded"


async def test_taskcompletion_lets_each_node_go_when_its_task_has_ended(cloud: Cloud) -> None:
    await grown(cloud, 3, wait=100)
    await job_with(cloud, "sleep 100", "sleep 200")
    await shrunk(cloud, 0, "taskcompletion")
    seen = []
    for pause in (1, 14, 85, 99, 1):
        cloud.clock.advance(pause)
        pool = await cloud.batch.get_pool("p")
        seen.append((pool.allocation_state, pool.current_dedicated_nodes, (await task_states(cloud)).count("running")))
    assert seen == [("resizing", 3, 2), ("resizing", 2, 2), ("resizing", 1, 1), ("resizing", 1, 1), ("steady", 0, 0)]
    assert await task_states(cloud) == ["completed", "completed"]


async def test_a_leaving_node_takes_no_new_task(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, "sleep 100", "sleep 100")
    await shrunk(cloud, 0, "taskcompletion")
    cloud.clock.advance(100)
    assert await task_states(cloud) == ["completed", "active"]


async def test_the_time_limit_ends_a_drain_and_the_nodes_work_on(cloud: Cloud) -> None:
    await grown(cloud, 2, wait=100)
    await job_with(cloud, "sleep 5000", "sleep 400", "sleep 50")
    await shrunk(cloud, 0, "taskcompletion", resize_timeout=timedelta(minutes=10))
    cloud.clock.advance(600)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes, pool.target_dedicated_nodes) == ("steady", 1, 0)
    assert [(e.code, e.message) for e in pool.resize_errors or ()] == [
        ("AllocationTimedout", "Desired number of dedicated nodes could not be allocated as the resize timeout was reached")
    ]
    assert await states(cloud) == ["running"]


async def test_a_stopped_drain_keeps_what_is_left_and_it_takes_tasks_again(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, "sleep 60", "sleep 60")
    await shrunk(cloud, 0, "taskcompletion")
    await cloud.batch.begin_stop_pool_resize("p")
    cloud.clock.advance(100)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes, errors(pool)) == ("steady", 1, ["ResizeStopped"])
    assert await task_states(cloud) == ["completed", "running"]


async def test_retained_data_keeps_nodes_until_its_time_is_over(cloud: Cloud) -> None:
    await grown(cloud, 2, wait=100)
    await job_with(cloud)
    for name, keep in (("short", 300), ("long", 3000)):
        constraints = BatchTaskConstraints(retention_time=timedelta(seconds=keep))
        await cloud.batch.create_task("j", BatchTaskCreateOptions(id=name, command_line="exit 0", constraints=constraints))
    cloud.clock.advance(10)
    await shrunk(cloud, 0, "retaineddata")
    seen = []
    for pause in (20, 300, 600):
        cloud.clock.advance(pause)
        pool = await cloud.batch.get_pool("p")
        seen.append((pool.allocation_state, pool.current_dedicated_nodes, errors(pool)))
    assert seen == [("resizing", 2, []), ("resizing", 1, []), ("steady", 1, ["AllocationTimedout"])]


async def test_idle_nodes_go_before_busy_ones(cloud: Cloud) -> None:
    await grown(cloud, 3, wait=100)
    await job_with(cloud, "sleep 1000")
    (busy,) = [n.id async for n in cloud.batch.list_nodes("p", filter="state eq 'running'")]
    await shrunk(cloud, 1)
    cloud.clock.advance(20)
    assert [n.id async for n in cloud.batch.list_nodes("p")] == [busy]


async def test_removals_can_be_made_to_fail(cloud: Cloud) -> None:
    # It waits for the first removal.
    cloud.app.faults.add(FaultRule(action=NoCapacity(code="RemoveNodesFailed")))
    await grown(cloud, 2, 1, wait=100)
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=0, target_low_priority_nodes=0))
    cloud.clock.advance(60)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes, errors(pool)) == ("steady", 2, ["RemoveNodesFailed"] * 2)
    assert await states(cloud) == ["idle"] * 3
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=1))
    cloud.clock.advance(60)
    assert (await cloud.batch.get_pool("p")).current_dedicated_nodes == 1


async def test_a_drain_ends_when_the_last_busy_node_is_lost(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, "sleep 100000")
    (busy,) = [n.id async for n in cloud.batch.list_nodes("p")]
    await shrunk(cloud, 0, "taskcompletion")
    cloud.clock.advance(60)
    cloud.world.settle()
    cloud.world.pools.allocation.lose(cloud.account, cloud.account.pools["p"], [busy])
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes, errors(pool)) == ("steady", 0, [])


async def test_what_is_no_deallocation_option(cloud: Cloud) -> None:
    await grown(cloud, 1)
    call = shrunk(cloud, 0, "explode")
    assert (await refused(call))[:2] == (400, "InvalidPropertyValue")


async def test_deleting_a_pool_puts_its_tasks_back(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, "sleep 1000")
    await cloud.batch.begin_delete_pool("p")
    pool = await cloud.batch.get_pool("p")
    assert (pool["state"], await states(cloud), await task_states(cloud)) == ("deleting", ["leavingpool"], ["active"])
    cloud.clock.advance(45)
    assert (await refused(cloud.batch.get_pool("p")))[:2] == (404, "PoolNotFound")
    assert await task_states(cloud) == ["active"]
    # A new pool of the name takes them up.
    await grown(cloud, 1, wait=100)
    assert await task_states(cloud) == ["running"]


async def test_a_lost_node_puts_its_task_back_and_another_takes_it(cloud: Cloud) -> None:
    await grown(cloud, 2, wait=100)
    await job_with(cloud, "sleep 1000")
    (busy,) = [n.id async for n in cloud.batch.list_nodes("p", filter="state eq 'running'")]
    pool = cloud.account.pools["p"]
    cloud.world.pools.allocation.lose(cloud.account, pool, [busy])
    task = await cloud.batch.get_task("j", "t0")
    assert (task["state"], task["executionInfo"]["requeueCount"]) == ("running", 1)
    assert task["nodeInfo"]["nodeId"] != busy
