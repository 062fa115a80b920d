from __future__ import annotations

from typing import Any

import pytest
from azure.batch.models import BatchPoolResizeOptions

from azuresim import Durations, FaultRule, NoCapacity
from simulator.batch_steps import errors, grown, states
from simulator.cloud import DEFINITION, SIZE, Cloud, machines, pool_options


@pytest.mark.parametrize(
    ("quota", "wanted", "got", "code"),
    [
        pytest.param({"dedicated_quota": 5}, (3, 0), (2, 0), "AccountCoreQuotaReached", id="dedicated cores"),
        pytest.param(
            {"family_quotas": {"standardDSv3Family": 4}}, (3, 0), (2, 0), "AccountVMSeriesCoreQuotaReached", id="cores of the series"
        ),
        pytest.param({"low_priority_quota": 2}, (1, 2), (1, 1), "AccountLowPriorityCoreQuotaReached", id="low-priority cores"),
    ],
)
async def test_quotas_give_what_fits_and_name_what_does_not(
    cloud: Cloud, quota: dict[str, Any], wanted: tuple[int, int], got: tuple[int, int], code: str
) -> None:
    for name, value in quota.items():
        setattr(cloud.account, name, value)
    pool = await grown(cloud, *wanted)
    assert (pool.current_dedicated_nodes, pool.current_low_priority_nodes) == got
    assert (pool.allocation_state, errors(pool)) == ("steady", [code])


async def test_a_series_counts_only_when_enforced_and_nothing_counts_in_the_users_own_subscription(cloud: Cloud) -> None:
    cloud.account.family_quotas = {}
    cloud.account.families_enforced = False
    assert (await grown(cloud, 3)).current_dedicated_nodes == 3
    cloud.account.allocation_mode = "UserSubscription"
    cloud.account.dedicated_quota = 0
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=5))
    cloud.clock.advance(60)
    assert (await cloud.batch.get_pool("p")).current_dedicated_nodes == 5


async def test_pools_share_the_quota_and_give_it_back(cloud: Cloud) -> None:
    cloud.account.dedicated_quota = 6
    await grown(cloud, 3)
    await cloud.batch.create_pool(pool_options("q", target_dedicated_nodes=1))
    cloud.clock.advance(60)
    assert errors(await cloud.batch.get_pool("q")) == ["AccountCoreQuotaReached"]
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=2))
    cloud.clock.advance(60)
    await cloud.batch.begin_resize_pool("q", BatchPoolResizeOptions(target_dedicated_nodes=1))
    cloud.clock.advance(60)
    assert errors(await cloud.batch.get_pool("q")) == []


async def test_without_capacity_a_resize_waits_until_its_time_is_over(cloud: Cloud) -> None:
    cloud.account.capacity[SIZE.lower()] = 1
    pool = await grown(cloud, 3, wait=890)
    assert (pool.allocation_state, pool.current_dedicated_nodes) == ("resizing", 1)
    cloud.clock.advance(10)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes, errors(pool)) == ("steady", 1, ["AllocationTimedout"])


async def test_capacity_that_comes_back_is_used(cloud: Cloud) -> None:
    cloud.account.capacity[SIZE.lower()] = 0
    await grown(cloud, 2, wait=100)
    cloud.account.capacity[SIZE.lower()] = 2
    cloud.clock.advance(60)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes, errors(pool)) == ("steady", 2, [])


async def test_large_pools_come_in_waves_and_stop_where_they_are(cloud: Cloud) -> None:
    cloud.account.dedicated_quota = 10_000
    cloud.account.family_quotas = dict.fromkeys(cloud.world.catalogue.families(), 10_000)
    pool = await grown(cloud, 250, wait=20)
    assert (pool.allocation_state, pool.current_dedicated_nodes) == ("resizing", 100)
    await cloud.batch.begin_stop_pool_resize("p")
    cloud.clock.advance(100)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes, errors(pool)) == ("steady", 100, ["ResizeStopped"])
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=250))
    cloud.clock.advance(30)
    assert (await cloud.batch.get_pool("p")).current_dedicated_nodes == 250


async def test_a_short_time_limit_ends_a_slow_allocation() -> None:
    cloud = Cloud(durations=Durations(pool_allocate=1000))
    pool = await grown(cloud, 1, wait=900)
    assert (pool.allocation_state, errors(pool)) == ("steady", ["AllocationTimedout"])


@pytest.mark.parametrize(
    ("definition", "vm_size", "words"),
    [
        pytest.param({"generation": "V2"}, "Standard_D2_v2", "cannot boot Hypervisor Generation '2'", id="generation 2 on an old size"),
        pytest.param({"generation": "V1"}, "Standard_DC2as_v5", "cannot boot Hypervisor Generation '1'", id="generation 1 on a new size"),
        pytest.param({"architecture": "Arm64"}, SIZE, "CPU architecture", id="Arm image"),
        pytest.param({"security_type": "TrustedLaunch"}, SIZE, "TrustedLaunch", id="Trusted Launch image, ordinary pool"),
    ],
)
async def test_what_does_not_fit_shows_at_the_resize_and_not_at_the_creation(
    cloud: Cloud, definition: dict[str, Any], vm_size: str, words: str
) -> None:
    pool = await grown(cloud, 1, image=cloud.image(**definition), vm_size=vm_size)
    assert errors(pool) == ["AllocationFailed"]
    assert words in {v.name: v.value for v in pool.resize_errors[0].error_values}["Reason"]


async def test_a_trusted_launch_image_boots_in_a_trusted_launch_pool_and_a_standard_one_does_not(cloud: Cloud) -> None:
    configuration = machines(cloud.image(security_type="TrustedLaunch"))
    configuration["securityProfile"] = {"securityType": "trustedLaunch"}
    assert errors(await grown(cloud, 1, virtual_machine_configuration=configuration)) == []
    standard = Cloud()
    configuration = machines(standard.image())
    configuration["securityProfile"] = {"securityType": "trustedLaunch"}
    assert errors(await grown(standard, 1, virtual_machine_configuration=configuration)) == ["AllocationFailed"]


async def test_a_pool_whose_image_is_gone_cannot_grow(cloud: Cloud) -> None:
    await grown(cloud, 1, image=cloud.image())
    cloud.ask("DELETE", f"{DEFINITION}/versions/1.0.0?api-version=1")
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=2))
    cloud.clock.advance(60)
    pool = await cloud.batch.get_pool("p")
    assert (pool.current_dedicated_nodes, errors(pool)) == (1, ["AllocationFailed"])


async def test_a_definition_means_its_highest_version_that_is_offered_here(cloud: Cloud) -> None:
    for version, regions in (("1.9.0", ("westus",)), ("1.10.0", ("westus",)), ("2.0.0", ("eastus",)), ("3.0.0", ("westus",))):
        cloud.image(version, regions=regions) if version == "1.9.0" else cloud.world.add_version(
            f"{DEFINITION}/versions/{version}", regions=regions
        )
    hidden = next(iter(cloud.world.galleries.in_group("00000000-0000-0000-0000-000000000001", None))).definitions["img"].versions["3.0.0"]
    hidden.properties["publishingProfile"]["excludeFromLatest"] = True
    await grown(cloud, 1, image=DEFINITION)
    (node,) = [n async for n in cloud.batch.list_nodes("p")]
    assert node.virtual_machine_info.image_reference is not None
    assert node.virtual_machine_info.image_reference.exact_version == "1.10.0"


async def test_a_size_that_is_withdrawn_or_not_sold_as_spot(cloud: Cloud) -> None:
    await grown(cloud, 0)
    cloud.world.catalogue.withdraw("westus", SIZE)
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=1))
    cloud.clock.advance(60)
    assert errors(await cloud.batch.get_pool("p")) == ["UnsupportedVMSize"]
    pool_without_spot = pool_options("spot", vm_size="Standard_DC2as_v5", image=cloud.image(), target_low_priority_nodes=1)
    await cloud.batch.create_pool(pool_without_spot)
    cloud.clock.advance(60)
    assert errors(await cloud.batch.get_pool("spot")) == ["UnsupportedVMSize"]


async def test_an_agent_for_another_system_never_reports(cloud: Cloud) -> None:
    configuration = machines(cloud.image(), agent="batch.node.windows amd64")
    await grown(cloud, 1, wait=100, virtual_machine_configuration=configuration)
    assert [n.state async for n in cloud.batch.list_nodes("p")] == ["unusable"]


async def test_lost_nodes_are_replaced_without_a_resize(cloud: Cloud) -> None:
    before = await grown(cloud, 3, wait=100)
    lost = cloud.world.pools.lose_nodes(cloud.account, "p", 2)
    pool = await cloud.batch.get_pool("p")
    assert (pool.current_dedicated_nodes, pool.target_dedicated_nodes, pool.allocation_state) == (1, 3, "steady")
    cloud.clock.advance(120)
    pool = await cloud.batch.get_pool("p")
    assert (pool.current_dedicated_nodes, pool.allocation_state_transition_time) == (3, before.allocation_state_transition_time)
    assert not set(lost) & set(cloud.account.pools["p"].nodes)


async def test_preempted_nodes_stay_listed_and_come_back_under_their_name(cloud: Cloud) -> None:
    await grown(cloud, 0, 2, wait=100)
    (chosen,) = cloud.world.pools.preempt_nodes(cloud.account, "p", 1)
    assert (await cloud.batch.get_node("p", chosen)).state == "preempted"
    assert (await cloud.batch.get_pool("p")).current_low_priority_nodes == 2
    seen = []
    for pause in (120, 11, 30):
        cloud.clock.advance(pause)
        seen.append((await cloud.batch.get_node("p", chosen)).state)
    assert seen == ["creating", "starting", "idle"]


async def test_a_preempted_node_comes_back_once_there_is_a_machine_for_it(cloud: Cloud) -> None:
    await grown(cloud, 0, 2, wait=100)
    nobody = cloud.app.faults.add(FaultRule(action=NoCapacity(size=SIZE), count=None))
    cloud.world.pools.preempt_nodes(cloud.account, "p", 1)
    cloud.clock.advance(3600)
    assert await states(cloud) == ["idle", "preempted"]
    cloud.app.faults.remove(nobody)
    cloud.clock.advance(200)
    assert await states(cloud) == ["idle", "idle"]


async def test_a_machine_that_was_taken_away_may_go_to_another_pool(cloud: Cloud) -> None:
    cloud.account.capacity[SIZE.lower()] = 1
    await grown(cloud, 0, 1, wait=100)
    cloud.world.pools.preempt_nodes(cloud.account, "p", 1)
    await cloud.batch.create_pool(pool_options("q", target_dedicated_nodes=1))
    cloud.clock.advance(3600)
    assert await states(cloud) == ["preempted"]
    assert (await cloud.batch.get_pool("q")).current_dedicated_nodes == 1
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_low_priority_nodes=0))
    cloud.clock.advance(60)
    cloud.world.settle()
    assert (cloud.account.capacity[SIZE.lower()], cloud.account.low_priority_cores) == (0, 0)


async def test_batch_gives_a_preempted_node_up_after_two_days(cloud: Cloud) -> None:
    await grown(cloud, 0, 1, wait=100)
    nobody = cloud.app.faults.add(FaultRule(action=NoCapacity(), count=None))
    cloud.world.pools.preempt_nodes(cloud.account, "p", 1)
    cloud.clock.advance(48 * 3600 + 200)
    assert await states(cloud) == ["preempted"]
    cloud.app.faults.remove(nobody)
    cloud.clock.advance(86_400)
    assert await states(cloud) == ["preempted"]


async def test_broken_nodes_stay_broken_until_removed(cloud: Cloud) -> None:
    await grown(cloud, 2, wait=100)
    error = {"code": "DiskFull", "message": "There is not enough disk space."}
    (broken,) = cloud.world.pools.break_nodes(cloud.account, "p", 1, state="unusable", errors=(error,))
    cloud.clock.advance(10_000)
    node = await cloud.batch.get_node("p", broken)
    assert node.state == "unusable"
    assert [e.code for e in node.errors or ()] == ["DiskFull"]
    (counted,) = [c async for c in cloud.batch.list_pool_node_counts()]
    counts = counted.dedicated
    assert counts is not None
    assert (counts.unusable, counts.idle, counts.total) == (1, 1, 2)


async def test_how_often_anybody_looks_changes_nothing() -> None:
    ends = []
    for step in (1.0, 7.0, 600.0):
        cloud = Cloud()
        await cloud.batch.create_pool(pool_options(target_dedicated_nodes=120, target_low_priority_nodes=3))
        while cloud.clock.now() < 1_800_000_600:
            cloud.clock.advance(min(step, 1_800_000_600 - cloud.clock.now()))
            cloud.world.settle()
        pool = cloud.account.pools["p"]
        ends.append((pool.allocation_state, pool.allocation_since, pool.current(), [n.boot.phases for n in pool.nodes.values()]))
    assert ends[0] == ends[1] == ends[2]
