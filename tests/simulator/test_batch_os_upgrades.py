from __future__ import annotations

from typing import Any

import pytest

from azuresim import FaultRule, Stale
from simulator.batch_steps import grown, job_with, refused, states, task_states
from simulator.cloud import DEFINITION, Cloud, machines, pool_options


def policy(mode: str = "automatic", *, deferral: bool = False, percent: int | None = None, enabled: bool = True) -> dict[str, Any]:
    automatic = {"enableAutomaticOSUpgrade": enabled, "osRollingUpgradeDeferral": deferral}
    rolling = {} if percent is None else {"rollingUpgradePolicy": {"maxBatchInstancePercent": percent}}
    return {"mode": mode, "automaticOSUpgradePolicy": automatic, **rolling}


async def versions(cloud: Cloud) -> list[str]:
    return sorted([n["virtualMachineInfo"]["imageReference"]["exactVersion"] async for n in cloud.batch.list_nodes("p")])


def publish(cloud: Cloud, version: str = "2.0.0", *, hidden: bool = False, regions: tuple[str, ...] = ("westus",)) -> None:
    made = cloud.world.add_version(f"{DEFINITION}/versions/{version}", regions=regions)
    made.properties["publishingProfile"]["excludeFromLatest"] = hidden


async def test_nodes_move_to_a_new_version_a_part_at_a_time(cloud: Cloud) -> None:
    cloud.image()
    await grown(cloud, 4, wait=100, image=DEFINITION, upgrade_policy=policy(percent=50))
    publish(cloud)
    cloud.clock.advance(500)
    seen = []
    for pause in (0, 120, 30, 150):
        cloud.clock.advance(pause)
        seen.append((await states(cloud), await versions(cloud)))
    old, new = ["1.0.0"] * 2, ["2.0.0"] * 2
    assert seen == [
        (["idle", "idle", "upgradingos", "upgradingos"], old + new),
        (["idle", "idle", "starting", "starting"], old + new),
        (["idle", "idle", "upgradingos", "upgradingos"], new + new),
        (["idle"] * 4, new + new),
    ]


@pytest.mark.parametrize(
    ("image", "options", "published"),
    [
        pytest.param(f"{DEFINITION}/versions/1.0.0", {"upgrade_policy": policy()}, {}, id="a pinned version"),
        pytest.param(DEFINITION, {}, {}, id="no policy"),
        pytest.param(DEFINITION, {"upgrade_policy": policy("manual")}, {}, id="by hand"),
        pytest.param(DEFINITION, {"upgrade_policy": policy(enabled=False)}, {}, id="not enabled"),
        pytest.param(DEFINITION, {"upgrade_policy": policy()}, {"hidden": True}, id="excluded from latest"),
        pytest.param(DEFINITION, {"upgrade_policy": policy()}, {"regions": ("eastus",)}, id="not in the region"),
    ],
)
async def test_nodes_that_stay(cloud: Cloud, image: str, options: dict[str, Any], published: dict[str, Any]) -> None:
    cloud.image()
    await grown(cloud, 1, wait=100, image=image, **options)
    publish(cloud, **published)
    cloud.clock.advance(5000)
    assert (await states(cloud), await versions(cloud)) == (["idle"], ["1.0.0"])


@pytest.mark.parametrize(("deferral", "task", "version"), [(False, 1, "2.0.0"), (True, 0, "1.0.0")])
async def test_running_tasks_are_put_back_or_waited_for(cloud: Cloud, *, deferral: bool, task: int, version: str) -> None:
    cloud.image()
    await grown(cloud, 1, wait=100, image=DEFINITION, upgrade_policy=policy(deferral=deferral))
    await job_with(cloud, "sleep 5000")
    publish(cloud)
    cloud.clock.advance(1000)
    assert (await versions(cloud), await task_states(cloud)) == ([version], ["running"])
    assert (await cloud.batch.get_task("j", "t0"))["executionInfo"]["requeueCount"] == task
    cloud.clock.advance(7000)
    assert (await versions(cloud), await task_states(cloud)) == (["2.0.0"], ["completed"])


async def test_a_policy_that_comes_by_a_put_is_followed_too(cloud: Cloud) -> None:
    cloud.image()
    await cloud.batch.create_pool(pool_options(image=DEFINITION))
    cloud.clock.advance(10)
    pools: Any = cloud.management.pool
    shown = (await pools.get("rg", "acct", "p")).as_dict()["properties"]
    kept = {name: shown[name] for name in ("vmSize", "deploymentConfiguration")}
    scale = {"fixedScale": {"targetDedicatedNodes": 1}}
    await pools.create("rg", "acct", "p", {"properties": {**kept, "upgradePolicy": policy(), "scaleSettings": scale}})
    cloud.clock.advance(100)
    publish(cloud)
    cloud.clock.advance(1000)
    assert await versions(cloud) == ["2.0.0"]


async def test_a_replica_follows_the_upgrades_as_well(cloud: Cloud) -> None:
    cloud.image()
    await grown(cloud, 1, wait=100, image=DEFINITION, upgrade_policy=policy())
    cloud.app.faults.add(FaultRule(action=Stale(seconds=100), operation="Nodes_List", count=None))
    assert await versions(cloud) == ["1.0.0"]
    cloud.clock.advance(5000)
    assert await states(cloud) == ["idle"]


async def test_windows_must_not_update_itself_as_well(cloud: Cloud) -> None:
    configuration = machines(cloud.image(os_type="Windows"), agent="batch.node.windows amd64")
    call = cloud.batch.create_pool(pool_options(virtual_machine_configuration=configuration, upgrade_policy=policy()))
    assert (await refused(call))[2]["PropertyName"] == "upgradePolicy"
    configuration["windowsConfiguration"] = {"enableAutomaticUpdates": False}
    await cloud.batch.create_pool(pool_options(virtual_machine_configuration=configuration, upgrade_policy=policy()))
