from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from azure.batch.models import (
    BatchNodeRemoveOptions,
    BatchPoolEnableAutoScaleOptions,
    BatchPoolEvaluateAutoScaleOptions,
    BatchPoolResizeOptions,
)
from azure.core import MatchConditions

from simulator.batch_steps import grown, job_with, refused, states
from simulator.cloud import SIZE, Cloud, pool_options

TWO = "$TargetDedicatedNodes=2"


def enabling(formula: str | None = TWO, minutes: float | None = None) -> BatchPoolEnableAutoScaleOptions:
    interval = None if minutes is None else timedelta(minutes=minutes)
    return BatchPoolEnableAutoScaleOptions(auto_scale_formula=formula, auto_scale_evaluation_interval=interval)


async def scaled(cloud: Cloud, formula: str = TWO, *, wait: float = 60, **options: Any) -> Any:
    """A pool that scales by a formula from its creation, ``wait`` seconds later."""
    await cloud.batch.create_pool(pool_options(enable_auto_scale=True, auto_scale_formula=formula, **options))
    cloud.clock.advance(wait)
    return await cloud.batch.get_pool("p")


async def test_a_pool_created_with_a_formula_runs_it_soon_and_grows(cloud: Cloud) -> None:
    pool = await scaled(cloud, wait=2)
    assert (pool.enable_auto_scale, pool.auto_scale_formula, pool.auto_scale_run) == (True, TWO, None)
    assert pool.auto_scale_evaluation_interval == timedelta(minutes=15)
    cloud.clock.advance(60)
    pool = await cloud.batch.get_pool("p")
    assert pool.auto_scale_run is not None
    assert pool.auto_scale_run.results == "$TargetDedicatedNodes=2;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue"
    assert (pool.target_dedicated_nodes, pool.current_dedicated_nodes, pool.auto_scale_run.error) == (2, 2, None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"enable_auto_scale": True}, "InvalidAutoScalingSettings", id="no formula"),
        pytest.param({"auto_scale_formula": TWO}, "InvalidAutoScalingSettings", id="a formula that is not enabled"),
        pytest.param(
            {"enable_auto_scale": True, "auto_scale_formula": TWO, "target_dedicated_nodes": 1},
            "InvalidAutoScalingSettings",
            id="a target beside it",
        ),
        pytest.param({"enable_auto_scale": True, "auto_scale_formula": "$x="}, "AutoScalingFormulaSyntaxError", id="syntax"),
        pytest.param(
            {"enable_auto_scale": True, "auto_scale_formula": TWO + " " * 8192}, "AutoScaleFormulaTooLong", id="more than 8192 characters"
        ),
        pytest.param(
            {"enable_auto_scale": True, "auto_scale_formula": TWO, "auto_scale_evaluation_interval": timedelta(minutes=4)},
            "InvalidPropertyValue",
            id="interval too short",
        ),
        pytest.param(
            {"enable_auto_scale": True, "auto_scale_formula": TWO, "auto_scale_evaluation_interval": timedelta(hours=169)},
            "InvalidPropertyValue",
            id="interval too long",
        ),
    ],
)
async def test_creations_that_are_refused(cloud: Cloud, change: dict[str, Any], code: str) -> None:
    assert (await refused(cloud.batch.create_pool(pool_options(**change))))[:2] == (400, code)


async def test_the_formula_runs_at_every_interval_from_its_enabling(cloud: Cloud) -> None:
    await scaled(cloud, auto_scale_evaluation_interval=timedelta(minutes=5), wait=0)
    runs = []
    for pause in (10, 280, 20, 300):
        cloud.clock.advance(pause)
        run = (await cloud.batch.get_pool("p")).auto_scale_run
        assert run is not None
        runs.append(run.timestamp.timestamp() - 1_800_000_000)
    assert runs == [5, 5, 300, 600]


async def test_a_new_interval_begins_when_it_is_set(cloud: Cloud) -> None:
    await scaled(cloud, wait=100)
    await cloud.batch.enable_pool_auto_scale("p", enabling(None, minutes=6))
    cloud.clock.advance(6 * 60)
    pool = await cloud.batch.get_pool("p")
    assert (pool.auto_scale_formula, pool.auto_scale_evaluation_interval) == (TWO, timedelta(minutes=6))
    assert pool.auto_scale_run is not None
    assert pool.auto_scale_run.timestamp.timestamp() == 1_800_000_460


async def test_enabling_needs_a_formula_a_steady_pool_and_half_a_minute(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options())
    assert (await refused(cloud.batch.enable_pool_auto_scale("p", enabling())))[:2] == (409, "PoolBeingResized")
    cloud.clock.advance(10)
    assert (await refused(cloud.batch.enable_pool_auto_scale("p", enabling(None))))[:2] == (400, "InvalidAutoScalingSettings")
    assert (await refused(cloud.batch.enable_pool_auto_scale("p", enabling("$x="))))[:2] == (400, "AutoScalingFormulaSyntaxError")
    await cloud.batch.enable_pool_auto_scale("p", enabling("$TargetDedicatedNodes=0"))
    cloud.clock.advance(29)
    assert (await refused(cloud.batch.enable_pool_auto_scale("p", enabling())))[:2] == (503, "TooManyEnableAutoScaleRequests")
    cloud.clock.advance(1)
    assert (await refused(cloud.batch.enable_pool_auto_scale("p", enabling(None))))[:2] == (400, "MissingRequiredProperty")
    await cloud.batch.enable_pool_auto_scale("p", enabling())
    assert (await cloud.batch.get_pool("p")).auto_scale_formula == TWO


async def test_enabling_and_disabling_are_configuration_writes(cloud: Cloud) -> None:
    first = (await grown(cloud)).etag
    stale: dict[str, Any] = {"etag": "0x1", "match_condition": MatchConditions.IfNotModified}
    assert (await refused(cloud.batch.enable_pool_auto_scale("p", enabling(), **stale)))[:2] == (412, "ConditionNotMet")
    await cloud.batch.enable_pool_auto_scale("p", enabling())
    second = (await cloud.batch.get_pool("p")).etag
    await cloud.batch.disable_pool_auto_scale("p")
    pool = await cloud.batch.get_pool("p")
    assert len({first, second, pool.etag}) == 3
    assert (pool.enable_auto_scale, pool.auto_scale_formula, pool.auto_scale_run) == (False, None, None)
    cloud.clock.advance(3600)
    assert (await cloud.batch.get_pool("p")).target_dedicated_nodes == 0


async def test_a_run_is_no_configuration_write(cloud: Cloud) -> None:
    before = (await scaled(cloud, wait=2)).etag
    cloud.clock.advance(3600)
    assert (await cloud.batch.get_pool("p")).etag == before


async def test_an_autoscaling_pool_cannot_be_resized_by_hand(cloud: Cloud) -> None:
    await scaled(cloud)
    (node, _) = [n.id async for n in cloud.batch.list_nodes("p")]
    for call in (
        cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=1)),
        cloud.batch.begin_remove_nodes("p", BatchNodeRemoveOptions(node_ids=[node])),
    ):
        assert (await refused(call))[:2] == (409, "OperationInvalidForCurrentState")
    await cloud.batch.disable_pool_auto_scale("p")
    await cloud.batch.begin_remove_nodes("p", BatchNodeRemoveOptions(node_ids=[node]))


async def test_evaluation_changes_nothing_and_needs_autoscale(cloud: Cloud) -> None:
    await grown(cloud)
    three = BatchPoolEvaluateAutoScaleOptions(auto_scale_formula="$TargetDedicatedNodes=3")
    assert (await refused(cloud.batch.evaluate_pool_auto_scale("p", three)))[:2] == (409, "OperationInvalidForCurrentState")
    await cloud.batch.enable_pool_auto_scale("p", enabling())
    run = await cloud.batch.evaluate_pool_auto_scale("p", three)
    assert run.results == "$TargetDedicatedNodes=3;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue"
    assert (await cloud.batch.get_pool("p")).target_dedicated_nodes == 0
    wrong = BatchPoolEvaluateAutoScaleOptions(auto_scale_formula="$x=(")
    assert (await refused(cloud.batch.evaluate_pool_auto_scale("p", wrong)))[:2] == (400, "AutoScalingFormulaSyntaxError")
    undefined = await cloud.batch.evaluate_pool_auto_scale("p", BatchPoolEvaluateAutoScaleOptions(auto_scale_formula="$nothing"))
    assert undefined.error is not None
    assert undefined.error.code == "AutoScalingFormulaEvaluationError"


async def test_a_failing_run_says_why_and_leaves_the_size(cloud: Cloud) -> None:
    await scaled(cloud)
    await cloud.batch.enable_pool_auto_scale("p", enabling("$TargetDedicatedNodes=$RunningTasks.GetSample(TimeInterval_Hour, 90)"))
    cloud.clock.advance(60)
    pool = await cloud.batch.get_pool("p")
    assert pool.auto_scale_run is not None
    assert pool.auto_scale_run.error is not None
    assert pool.auto_scale_run.error.code == "InsufficientSampleData"
    assert "wanted 90%" in pool.auto_scale_run.error.error_values[0].value
    assert (pool.current_dedicated_nodes, pool.allocation_state) == (2, "steady")


async def test_a_size_that_was_not_reached_is_tried_again_at_the_next_run(cloud: Cloud) -> None:
    cloud.account.capacity[SIZE.lower()] = 1
    pool = await scaled(cloud, wait=1000)
    assert (pool.allocation_state, pool.current_dedicated_nodes) == ("steady", 1)
    cloud.account.capacity[SIZE.lower()] = 5
    cloud.clock.advance(900)
    pool = await cloud.batch.get_pool("p")
    assert (pool.current_dedicated_nodes, pool.resize_errors) == (2, None)


async def test_a_pool_follows_its_tasks(cloud: Cloud) -> None:
    formula = "$TargetDedicatedNodes = max($PendingTasks.GetSample(1)); $NodeDeallocationOption = taskcompletion"
    await scaled(cloud, formula, auto_scale_evaluation_interval=timedelta(minutes=5), wait=120)
    await job_with(cloud, *["sleep 500"] * 3)
    cloud.clock.advance(360)
    assert await states(cloud) == ["running"] * 3
    # The tasks end; the samples of the next runs tell.
    cloud.clock.advance(1200)
    assert (await cloud.batch.get_pool("p")).current_dedicated_nodes == 0


async def test_metrics_of_nodes(cloud: Cloud) -> None:
    await grown(cloud, 2, 3, wait=100)
    cloud.world.pools.preempt_nodes(cloud.account, "p", 1)
    cloud.clock.advance(90)
    await cloud.batch.enable_pool_auto_scale("p", enabling())
    names = (
        "CurrentDedicatedNodes",
        "CurrentLowPriorityNodes",
        "PreemptedNodeCount",
        "UsableNodeCount",
        "TaskSlotsPerNode",
        "SampleNodeCount",
    )
    formula = ";".join(f"$v{index} = ${name}.GetSample(1)" for index, name in enumerate(names))
    run = await cloud.batch.evaluate_pool_auto_scale("p", BatchPoolEvaluateAutoScaleOptions(auto_scale_formula=formula))
    assert run.results is not None
    assert run.results.split(";")[3:] == ["$v0=[2]", "$v1=[3]", "$v2=[1]", "$v3=[4]", "$v4=[1]", "$v5=[5]"]


async def test_a_deleted_pool_runs_nothing_more(cloud: Cloud) -> None:
    await scaled(cloud)
    await cloud.batch.begin_delete_pool("p")
    assert (await refused(cloud.batch.enable_pool_auto_scale("p", enabling())))[:2] == (409, "PoolBeingDeleted")
    assert (await refused(cloud.batch.disable_pool_auto_scale("p")))[:2] == (409, "PoolBeingDeleted")
    cloud.clock.advance(86_400)
    cloud.world.settle()
    assert cloud.account.pools == {}
