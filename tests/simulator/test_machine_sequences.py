"""Any order of requests, whenever they come: machines, disks and NICs agree on who has whom, and nothing stays half way."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from azuresim import FailOperation, FaultRule, NoCapacity, StickOperation
from simulator import machines as vm
from simulator.cloud import API, GROUP, Cloud

COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
ACTIONS = ("start", "powerOff", "restart", "deallocate", "redeploy", "generalize", "reapply", "convertToManagedDisks")
SCRIPTS = ("echo", "reboot", "poweroff", "waagent -deprovision+user -force", "sleep 30")
FAULTS = (NoCapacity(), NoCapacity(code="SkuNotAvailable"), FailOperation(), StickOperation())
Request = tuple[str, str, Any]


def machine(chance: Random) -> str:
    return f"{COMPUTE}/virtualMachines/{chance.choice('ab')}"


def disk(chance: Random) -> str:
    return f"{COMPUTE}/disks/{chance.choice(['d1', 'd2', 'os-a'])}"


def attach(chance: Random, lun: int) -> dict[str, Any]:
    return {"lun": lun, "createOption": "Attach", "managedDisk": {"id": disk(chance)}}


def create(chance: Random) -> Request:
    data = [
        None,
        [attach(chance, 0)],
        [{"lun": 0, "createOption": "Empty", "diskSizeGB": 4, "name": "d1", "deleteOption": chance.choice(["Delete", "Detach"])}],
        [{"lun": 1, "createOption": "Copy", "sourceResource": {"id": disk(chance)}}],
    ]
    network = chance.choice([vm.INLINE, {"networkInterfaces": [{"id": vm.NIC}]}])
    names = chance.choice([{}, {"name": "os-a"}, {"deleteOption": "Detach"}])
    return "PUT", machine(chance), vm.body(os_disk=names, data_disks=chance.choice(data), networkProfile=network)


def update(chance: Random) -> Request:
    changes: list[Any] = [
        {"storageProfile": {"dataDisks": []}},
        {"storageProfile": {"dataDisks": [attach(chance, 2)]}},
        {"hardwareProfile": {"vmSize": chance.choice(["Standard_D2s_v3", "Standard_D4s_v3"])}},
        {"networkProfile": {"networkInterfaces": [{"id": vm.NIC}]}},
    ]
    return "PATCH", machine(chance), {"properties": chance.choice(changes)}


def make_disk(chance: Random) -> Request:
    creation = chance.choice([{"createOption": "Empty"}, {"createOption": "Copy", "sourceResourceId": disk(chance)}])
    return "PUT", disk(chance), {"location": "westus", "properties": {"creationData": creation, "diskSizeGB": chance.choice([4, 64])}}


def open_disk(chance: Random) -> Request:
    action = chance.choice(["beginGetAccess", "endGetAccess"])
    return "POST", f"{disk(chance)}/{action}", {"access": "Read", "durationInSeconds": 100}


def run(chance: Random) -> Request:
    source = {"script": chance.choice(SCRIPTS)}
    return "PUT", f"{machine(chance)}/runCommands/c", {"location": "westus", "properties": {"source": source}}


def group(chance: Random) -> Request:
    return chance.choice([("DELETE", GROUP, None), ("PUT", GROUP, {"location": "westus"})])


REQUESTS: dict[Callable[[Random], Request], int] = {
    create: 10,
    update: 5,
    lambda chance: ("POST", f"{machine(chance)}/{chance.choice(ACTIONS)}", None): 15,
    lambda chance: ("DELETE", machine(chance), None): 3,
    lambda chance: ("DELETE", disk(chance), None): 3,
    make_disk: 4,
    open_disk: 3,
    run: 4,
    group: 1,
}


def check(cloud: Cloud) -> None:
    machines = {each.id.key: each for each in cloud.world.virtual.machines.shelf}
    disks = {each.id.key: each for each in cloud.world.sources.disks}
    for found in disks.values():
        owners = [machines[text.lower()] for text in found.machines]
        assert all(found.id.key in {mine.id.key for mine in owner.disks if mine.id} for owner in owners)
        assert not (found.access and found.machines and found.running)
        assert [owner.allocated for owner in owners if owner.running is None] in ([], [found.running])
    for each in machines.values():
        assert all(str(each.id).lower() in map(str.lower, disks[mine.id.key].machines) for mine in each.disks if mine.id)
        if each.running is None:
            assert each.state in {"Succeeded", "Failed"}
            assert each.power in {"running", "stopped", "deallocated"}
            assert (each.guest is not None) is (each.power == "running")
            assert not (each.generalized and each.guest)
    assert all(nic.machine.key in machines for nic in cloud.world.virtual.network.all() if nic.machine)


@pytest.mark.parametrize("seed", range(60))
def test_any_sequence_of_requests_leaves_a_world_in_order(cloud: Cloud, seed: int) -> None:
    chance = Random(seed)  # noqa: S311  # not for cryptography
    for _ in range(50):
        if chance.random() < 0.02:
            cloud.app.faults.add(FaultRule(action=chance.choice(FAULTS)))
        (chosen,) = chance.choices(list(REQUESTS), list(REQUESTS.values()))
        method, path, body = chosen(chance)
        assert cloud.ask(method, f"{path}?{API}", b"" if body is None else json.dumps(body).encode()).status < 500
        cloud.clock.advance(chance.choice([0, 0, 1, 5, 20, 60, 200]))
        cloud.world.settle()
        check(cloud)


@pytest.mark.parametrize(
    ("first", "second", "power"),
    [
        pytest.param(("PUT", "", vm.body()), ("POST", "/reapply", None), "running", id="reapplied while it is made"),
        pytest.param(("PUT", "", vm.body()), ("PATCH", "", {"tags": {"a": "b"}}), "running", id="changed while it is made"),
        pytest.param(("PUT", "", vm.body()), ("POST", "/start", None), "running", id="started while it is made"),
        pytest.param(("PUT", "", vm.body()), ("POST", "/restart", None), "running", id="restarted while it is made"),
        pytest.param(("POST", "/deallocate", None), ("POST", "/reapply", None), "deallocated", id="reapplied while it is deallocated"),
        pytest.param(("POST", "/powerOff", None), ("PATCH", "", {"tags": {"a": "b"}}), "stopped", id="changed while it stops"),
        pytest.param(("POST", "/powerOff", None), ("POST", "/start", None), "running", id="started while it stops"),
        pytest.param(("POST", "/restart", None), ("POST", "/deallocate", None), "deallocated", id="deallocated while it restarts"),
    ],
)
async def test_a_later_operation_does_what_the_earlier_one_had_left_to_do(
    cloud: Cloud, first: Request, second: Request, power: str
) -> None:
    if first[0] != "PUT":
        await vm.made(cloud)
    for method, action, body in (first, second):
        assert vm.sent(cloud, method, f"{vm.MACHINE}{action}", body).status < 300
        cloud.clock.advance(1)
    cloud.clock.advance(60)
    assert await vm.statuses(cloud) == ["ProvisioningState/succeeded", f"PowerState/{power}"]


async def test_a_disk_leaves_although_a_later_operation_has_overtaken_the_update(cloud: Cloud) -> None:
    await vm.made(cloud, data_disks=[{"lun": 0, "createOption": "Empty", "diskSizeGB": 8, "name": "data"}])
    machines = cloud.compute.virtual_machines
    await machines.begin_update("rg", "vm", {"properties": {"storageProfile": {"dataDisks": []}}}, polling=False)
    again = {
        "properties": {
            "storageProfile": {"dataDisks": [{"lun": 1, "createOption": "Attach", "managedDisk": {"id": f"{COMPUTE}/disks/data"}}]}
        }
    }
    assert (await vm.refused(machines.begin_update("rg", "vm", again, polling=False)))[:2] == (409, "AttachDiskWhileBeingDetached")
    await machines.begin_deallocate("rg", "vm", polling=False)
    cloud.clock.advance(60)
    assert (await machines.get("rg", "vm")).properties.storage_profile.data_disks == []
    assert (await cloud.compute.disks.get("rg", "data")).properties.disk_state == "Unattached"
    await machines.begin_update("rg", "vm", again, polling=False)
    cloud.clock.advance(60)
    assert (await cloud.compute.disks.get("rg", "data")).properties.disk_state == "Reserved"


async def test_a_machine_on_its_way_up_is_not_generalised(cloud: Cloud) -> None:
    await vm.made(cloud)
    await vm.stopped(cloud, deallocated=False)
    vm.sent(cloud, "POST", f"{vm.MACHINE}/redeploy")
    assert (await vm.refused(cloud.compute.virtual_machines.generalize("rg", "vm")))[:2] == (409, "OperationNotAllowed")


async def test_a_disk_is_not_opened_under_a_machine_that_has_started(cloud: Cloud) -> None:
    await vm.made(cloud, os_disk={"name": "os"})
    await vm.stopped(cloud)
    opening = cloud.ask("POST", f"{vm.DISK}/beginGetAccess?{API}", b'{"access": "Read", "durationInSeconds": 60}')
    vm.sent(cloud, "POST", f"{vm.MACHINE}/start")
    cloud.clock.advance(10)
    assert cloud.ask("GET", opening.headers["Azure-AsyncOperation"].removeprefix(cloud.world.base_url)).json()["status"] == "Failed"
    assert await vm.statuses(cloud) == ["ProvisioningState/succeeded", "PowerState/running"]
