"""Machines that cannot be had: no hardware, no such size here, no quota."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from azuresim import FaultRule, NoCapacity
from simulator import machines as vm
from simulator.cloud import SUBSCRIPTION, Cloud, pool_options
from simulator.test_state import kept

D2S, D4S = "Standard_D2s_v3", "Standard_D4s_v3"


def lacking(cloud: Cloud, *, count: int | None = 1, path: str = "", **action: Any) -> None:
    cloud.app.faults.add(FaultRule(action=NoCapacity(**action), path=path, count=count))


async def usages(cloud: Cloud) -> dict[str, int]:
    return {usage.name.value: usage.current_value async for usage in cloud.compute.usage.list("westus")}


def disk_states(cloud: Cloud) -> list[str]:
    return [disk.disk_state for disk in cloud.world.sources.disks]


@pytest.mark.parametrize(
    ("code", "more", "met"),
    [
        ("AllocationFailed", {}, "AllocationFailed"),
        ("AllocationFailed", {"zones": ["1"]}, "ZonalAllocationFailed"),
        ("OverconstrainedZonalAllocationRequest", {}, "OverconstrainedZonalAllocationRequest"),
    ],
)
async def test_a_creation_without_hardware_fails_at_its_end_and_the_same_put_helps_later(
    cloud: Cloud, code: str, more: dict[str, Any], met: str
) -> None:
    lacking(cloud, code=code, size=D2S.lower(), region="West US", path="/virtualMachines/vm$")
    body = {**vm.body(), **more}
    poller = await cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", body)
    cloud.clock.advance(60)
    with pytest.raises(HttpResponseError) as caught:
        await poller.result()
    assert caught.value.error is not None
    assert (caught.value.error.code, "llocation" in str(caught.value.error.message)) == (met, True)
    assert await vm.statuses(cloud) == [f"ProvisioningState/failed/{met}", "PowerState/deallocated"]
    assert (await cloud.compute.virtual_machines.get("rg", "vm")).properties.provisioning_state == "Failed"
    assert disk_states(cloud) == ["Reserved"]
    vm.sent(cloud, "PUT", vm.MACHINE, body)
    cloud.clock.advance(60)
    assert await vm.statuses(cloud) == ["ProvisioningState/succeeded", "PowerState/running"]
    assert disk_states(cloud) == ["Attached"]


async def test_a_start_without_hardware_leaves_the_machine_deallocated(cloud: Cloud) -> None:
    await vm.made(cloud)
    await vm.stopped(cloud)
    lacking(cloud)
    machines = cloud.compute.virtual_machines
    poller = await machines.begin_start("rg", "vm")
    cloud.clock.advance(10)
    with pytest.raises(HttpResponseError, match="sufficient capacity"):
        await poller.result()
    assert await vm.statuses(cloud) == ["ProvisioningState/failed/AllocationFailed", "PowerState/deallocated"]
    assert disk_states(cloud) == ["Reserved"]
    await machines.begin_start("rg", "vm", polling=False)
    cloud.clock.advance(10)
    assert await vm.statuses(cloud) == ["ProvisioningState/succeeded", "PowerState/running"]


async def test_a_machine_that_kept_its_hardware_needs_none(cloud: Cloud) -> None:
    await vm.made(cloud)
    lacking(cloud, count=None)
    machines = cloud.compute.virtual_machines
    await machines.begin_restart("rg", "vm", polling=False)
    cloud.clock.advance(60)
    await vm.stopped(cloud, deallocated=False)
    await machines.begin_start("rg", "vm", polling=False)
    cloud.clock.advance(60)
    assert await vm.statuses(cloud) == ["ProvisioningState/succeeded", "PowerState/running"]
    await machines.begin_redeploy("rg", "vm", polling=False)
    cloud.clock.advance(200)
    assert (await vm.statuses(cloud))[0] == "ProvisioningState/failed/AllocationFailed"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("SkuNotAvailable", f"failed for Capacity Restrictions: {D2S}' is currently not available in location 'westus'"),
        ("OperationNotAllowed", "exceeding approved standardDSv3Family Cores quota"),
    ],
)
async def test_what_is_refused_at_once(cloud: Cloud, code: str, words: str) -> None:
    machines = cloud.compute.virtual_machines
    lacking(cloud, code=code)
    status, said, sentence = await vm.refused(machines.begin_create_or_update("rg", "vm", vm.body(), polling=False))
    assert (status, said) == (409, code)
    assert words in sentence
    assert list(cloud.world.virtual.machines.shelf) == []
    assert disk_states(cloud) == []
    await vm.made(cloud)
    await vm.stopped(cloud)
    lacking(cloud, code=code)
    assert (await vm.refused(machines.begin_start("rg", "vm", polling=False)))[:2] == (409, code)
    assert await vm.statuses(cloud) == ["ProvisioningState/succeeded", "PowerState/deallocated"]
    lacking(cloud, code=code, size=D4S)
    larger = {"properties": {"hardwareProfile": {"vmSize": D4S}}}
    assert (await vm.refused(machines.begin_update("rg", "vm", larger, polling=False)))[:2] == (409, code)
    assert vm.machine(cloud).size == D2S


async def test_pools_and_machines_meet_codes_of_their_own(cloud: Cloud) -> None:
    for code in ("SkuNotAvailable", "AccountCoreQuotaReached"):
        lacking(cloud, code=code, count=None)
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=1))
    cloud.clock.advance(60)
    assert [error.code for error in (await cloud.batch.get_pool("p")).resize_errors or ()] == ["AccountCoreQuotaReached"]
    assert (await vm.refused(cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", vm.body())))[1] == "SkuNotAvailable"


async def test_a_size_that_was_withdrawn_still_uses_its_cores(cloud: Cloud) -> None:
    await vm.made(cloud)
    cloud.world.catalogue.withdraw("westus", D2S)
    found = await usages(cloud)
    assert (found["cores"], found["standardDSv3Family"]) == (2, 2)


async def test_another_size_needs_only_what_it_has_more(cloud: Cloud) -> None:
    quotas, machines = cloud.world.virtual.machines.quotas, cloud.compute.virtual_machines
    await vm.made(cloud, size=D4S)
    await vm.stopped(cloud)
    quotas.set_limit(SUBSCRIPTION, "westus", "cores", 4)

    async def resized(size: str) -> tuple[Any, ...]:
        call = machines.begin_update("rg", "vm", {"properties": {"hardwareProfile": {"vmSize": size}}}, polling=False)
        return await vm.refused(call)

    assert "Total Regional Cores quota" in (await resized("Standard_D8s_v3"))[2]
    quotas.set_limit(SUBSCRIPTION, "westus", "standardESv3Family", 2)
    assert "standardESv3Family Cores quota" in (await resized("Standard_E4s_v3"))[2]
    quotas.set_limit(SUBSCRIPTION, "westus", "standardESv3Family", 4)
    await machines.begin_update("rg", "vm", {"properties": {"hardwareProfile": {"vmSize": "Standard_E4s_v3"}}}, polling=False)
    cloud.clock.advance(60)
    found = await usages(cloud)
    assert (found["cores"], found["standardDSv3Family"], found["standardESv3Family"]) == (4, 0, 4)


async def test_a_spot_machine_grows_within_its_own_quota(cloud: Cloud) -> None:
    quotas = cloud.world.virtual.machines.quotas
    await vm.made(cloud, priority="Spot")
    quotas.set_limit(SUBSCRIPTION, "westus", "cores", 0)
    quotas.set_limit(SUBSCRIPTION, "westus", "lowPriorityCores", 4)
    for size, status in (("Standard_D8s_v3", 409), (D4S, 200)):
        assert vm.sent(cloud, "PATCH", vm.MACHINE, {"properties": {"hardwareProfile": {"vmSize": size}}}).status == status


async def test_a_consumed_machine_that_never_ran_does_not_start_by_an_update(cloud: Cloud) -> None:
    lacking(cloud)
    await vm.made(cloud)
    await cloud.compute.virtual_machines.generalize("rg", "vm")
    vm.sent(cloud, "PUT", vm.MACHINE, vm.body())
    cloud.clock.advance(60)
    assert await vm.statuses(cloud) == ["ProvisioningState/succeeded", "OSState/generalized", "PowerState/deallocated"]


def test_a_state_remembers_what_machines_met(tmp_path: Path) -> None:
    path, machine = tmp_path / "state", f"{vm.MACHINE}?api-version=2024-07-01"
    # A refusal is not done again, and so must not shift what was answered later.
    with kept(path) as world:
        world.app.faults.add(FaultRule(action=NoCapacity(code="SkuNotAvailable")))
        world.app.faults.add(FaultRule(action=NoCapacity()))
        assert [world.ask("PUT", machine, vm.body()).status for _ in range(2)] == [409, 201]
        world.clock.advance(60)
        shown = world.ask("GET", machine).body
        assert b'"provisioningState": "Failed"' in shown or b'"provisioningState":"Failed"' in shown
    with kept(path) as world:
        assert world.ask("GET", machine).body == shown
