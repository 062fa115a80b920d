"""Automatic scaling and adoption through ARM."""

from __future__ import annotations

from typing import Any

from simulator.cloud import API, Cloud
from simulator.test_batch_arm_pools import POOL, code, patch, properties, put, write

FORMULA = {"formula": "$TargetDedicatedNodes=2;", "evaluationInterval": "PT5M"}


def scale(cloud: Cloud, nodes: int) -> Any:
    return patch(cloud, scaleSettings={"autoScale": {**FORMULA, "formula": f"$TargetDedicatedNodes={nodes};"}})


def shown(cloud: Cloud) -> dict[str, Any]:
    found: dict[str, Any] = cloud.ask("GET", f"{POOL}?{API}").json()["properties"]
    return found


def test_a_formula_sizes_the_pool_until_a_fixed_scale_does(cloud: Cloud) -> None:
    made = write(cloud, "PUT", {"properties": properties(scaleSettings={"autoScale": FORMULA})}).json()
    assert made["properties"]["scaleSettings"] == {"autoScale": FORMULA}
    cloud.clock.advance(600)
    assert (shown(cloud)["currentDedicatedNodes"], bool(shown(cloud)["autoScaleRun"]["results"])) == (2, True)
    fixed = {"fixedScale": {"targetDedicatedNodes": 0, "nodeDeallocationOption": "TaskCompletion"}}
    assert patch(cloud, scaleSettings=fixed).json()["properties"]["scaleSettings"]["fixedScale"]["targetDedicatedNodes"] == 0
    cloud.clock.advance(600)
    assert (shown(cloud)["currentDedicatedNodes"], "autoScaleRun" in shown(cloud)) == (0, False)


def test_a_formula_said_again_is_no_change(cloud: Cloud) -> None:
    write(cloud, "PUT", {"properties": properties(scaleSettings={"autoScale": FORMULA})})
    cloud.clock.advance(600)
    assert [scale(cloud, 2).status, scale(cloud, 1).status, scale(cloud, 1).status] == [200, 200, 200]
    assert code(scale(cloud, 3)) == (503, "TooManyEnableAutoScaleRequests")


def test_automatic_scaling_is_switched_off(cloud: Cloud) -> None:
    write(cloud, "PUT", {"properties": properties(scaleSettings={"autoScale": FORMULA})})
    cloud.clock.advance(600)
    answer = cloud.ask("POST", f"{POOL}/disableAutoScale?{API}")
    assert answer.json()["properties"]["scaleSettings"]["fixedScale"]["targetDedicatedNodes"] == 2


def test_an_adopted_pool_has_its_nodes(cloud: Cloud) -> None:
    put(cloud, 2)
    cloud.clock.advance(200)
    other = Cloud()
    other.world.arm_pools.adopt(other.account, "p", cloud.ask("GET", f"{POOL}?{API}").json())
    assert (shown(other)["currentDedicatedNodes"], shown(other)["allocationState"]) == (2, "Steady")
