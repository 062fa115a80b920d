"""What machines do to disks: all that a request asks, or nothing of it."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import machines as vm
from simulator.cloud import Cloud
from simulator.test_disks import COMPUTE, SNAPSHOT, disk_body, kept, make

EMPTY = {"lun": 0, "createOption": "Empty", "diskSizeGB": 8}


def data(disk: dict[str, Any]) -> dict[str, Any]:
    """A disk at LUN 1."""
    return {"lun": 1, **disk}


def attached(disk_id: str) -> dict[str, Any]:
    return data({"createOption": "Attach", "managedDisk": {"id": disk_id}})


@pytest.mark.parametrize(
    ("second", "status", "code"),
    [
        pytest.param(attached(f"{COMPUTE}/disks/none"), 404, "ResourceNotFound", id="a disk that is not there"),
        pytest.param(attached(f"{COMPUTE}/disks/far"), 400, "InvalidParameter", id="a disk of another region"),
        pytest.param(data({"createOption": "Empty"}), 400, "InvalidParameter", id="no size"),
        pytest.param(data({"createOption": "Conjure", "diskSizeGB": 1}), 400, "InvalidParameter", id="no such option"),
        pytest.param({**EMPTY, "lun": 1, "diskSizeGB": 40_000}, 400, "InvalidParameter", id="too large"),
        pytest.param({**EMPTY, "lun": 1, "managedDisk": {"storageAccountType": "Fast_LRS"}}, 400, "InvalidParameter", id="no such kind"),
        pytest.param({**EMPTY, "lun": 1, "name": "taken"}, 409, "ConflictingUserInput", id="a name that is taken"),
        pytest.param({**EMPTY, "lun": 1, "name": "a b"}, 400, "InvalidParameter", id="no name"),
        pytest.param(data({"createOption": "Copy"}), 400, "InvalidParameter", id="a copy of nothing"),
        pytest.param(data({"createOption": "Copy", "sourceResource": {"id": SNAPSHOT}}), 404, "ResourceNotFound", id="no snapshot"),
        pytest.param(
            data({"createOption": "Copy", "sourceResource": {"id": f"{COMPUTE}/disks/taken"}, "diskSizeGB": 1}),
            409,
            "OperationNotAllowed",
            id="smaller than its source",
        ),
        pytest.param(
            data({"createOption": "Restore", "sourceResource": {"id": f"{COMPUTE}/disks/taken"}}),
            400,
            "InvalidParameter",
            id="no restore point",
        ),
    ],
)
async def test_what_is_refused_leaves_nothing_behind(cloud: Cloud, second: dict[str, Any], status: int, code: str) -> None:
    await make(cloud, "taken")
    await make(cloud, "far", disk_body(location="eastus"))
    before = sorted(disk.id.key for disk in cloud.world.sources.disks)

    def answered(method: str, body: Any) -> None:
        answer = vm.sent(cloud, method, vm.MACHINE, body)
        assert (answer.status, answer.json()["error"]["code"]) == (status, code)

    answered("PUT", vm.body(data_disks=[EMPTY, second]))
    assert sorted(disk.id.key for disk in cloud.world.sources.disks) == before
    assert cloud.world.virtual.network.all() == []
    await vm.made(cloud, data_disks=[EMPTY])
    shown, disks = vm.sent(cloud, "GET", vm.MACHINE).json(), len(list(cloud.world.sources.disks))
    joining = {
        "storageProfile": {
            "osDisk": {"createOption": "FromImage", "caching": "None"},
            "dataDisks": [{**EMPTY, "caching": "ReadOnly"}, second],
        }
    }
    answered("PATCH", {"properties": joining})
    assert vm.sent(cloud, "GET", vm.MACHINE).json() == shown
    assert len(list(cloud.world.sources.disks)) == disks


async def test_an_update_refused_for_its_nics_has_not_changed_the_disks(cloud: Cloud) -> None:
    await vm.made(cloud)
    shown = vm.sent(cloud, "GET", vm.MACHINE).json()
    change = {"networkProfile": {"networkInterfaces": [{"id": vm.NIC}]}, "storageProfile": {"dataDisks": [EMPTY]}}
    assert vm.sent(cloud, "PATCH", vm.MACHINE, {"properties": change}).status == 409
    assert vm.sent(cloud, "GET", vm.MACHINE).json() == shown


@pytest.mark.parametrize(
    "twice",
    [
        pytest.param([{**EMPTY, "name": "same"}, {**EMPTY, "lun": 1, "name": "SAME"}], id="name"),
        pytest.param([attached(f"{COMPUTE}/disks/free"), {**attached(f"{COMPUTE}/disks/free"), "lun": 2}], id="disk"),
    ],
)
async def test_no_disk_is_named_twice(cloud: Cloud, twice: list[dict[str, Any]]) -> None:
    await make(cloud, "free")
    assert vm.sent(cloud, "PUT", vm.MACHINE, vm.body(data_disks=twice)).json()["error"]["code"] == "InvalidParameter"
    assert kept(cloud, f"{COMPUTE}/disks/free").machines == []


async def test_a_machine_takes_no_disk_of_another_one_by_its_name(cloud: Cloud) -> None:
    await vm.made(cloud, "first", os_disk={"name": "os"})
    answer = vm.sent(cloud, "PUT", vm.MACHINE, vm.body(os_disk={"name": "OS"}))
    assert (answer.status, answer.json()["error"]["code"]) == (409, "ConflictingUserInput")
    assert answer.json()["error"]["message"] == "Disk OS already exists in resource group RG. Only CreateOption.Attach is supported."
    assert kept(cloud, vm.DISK).machines == [str(vm.machine(cloud, "first").id)]


async def test_data_disks_are_copied_from_snapshots_and_disks(cloud: Cloud) -> None:
    await vm.made(cloud, "first", os_disk={"name": "os"})
    await make(cloud, "s", disk_body({"createOption": "Copy", "sourceResourceId": vm.DISK}), kind="snapshots")
    copies = [
        {"lun": 0, "name": "c0", "createOption": "Copy", "sourceResource": {"id": SNAPSHOT}, "diskSizeGB": 64},
        {"lun": 1, "name": "c1", "createOption": "Copy", "sourceResource": {"id": vm.DISK}},
    ]
    await vm.made(cloud, data_disks=copies)
    shown = (await cloud.compute.virtual_machines.get("rg", "vm")).properties.storage_profile.data_disks
    assert [(d.create_option, d.source_resource.id, d.disk_size_gb) for d in shown] == [("Copy", SNAPSHOT, 64), ("Copy", vm.DISK, 30)]
    made = await cloud.compute.disks.get("rg", "c0")
    assert (made.properties.creation_data.create_option, made.properties.creation_data.source_resource_id) == ("Copy", SNAPSHOT)
    assert made.properties.creation_data.source_unique_id == kept(cloud, SNAPSHOT).computed["uniqueId"]
    assert kept(cloud, f"{COMPUTE}/disks/c1").contents.image == ("canonical", "ubuntu-24_04-lts", "server")


async def test_a_disk_on_its_way_out_is_not_attached(cloud: Cloud) -> None:
    await make(cloud, "leaving")
    await cloud.compute.disks.begin_delete("rg", "leaving", polling=False)
    answer = vm.sent(cloud, "PUT", vm.MACHINE, vm.body(data_disks=[attached(f"{COMPUTE}/disks/leaving")]))
    assert answer.json()["error"]["message"] == "Disk leaving cannot be attached in state Deleting."


async def test_a_disk_that_grows_with_its_machine_shows_its_size(cloud: Cloud) -> None:
    await vm.made(cloud, os_disk={"name": "os"})
    await vm.stopped(cloud)
    grown = {"properties": {"storageProfile": {"osDisk": {"createOption": "FromImage", "diskSizeGB": 64}}}}
    await cloud.compute.virtual_machines.begin_update("rg", "vm", grown, polling=False)
    shown = (await cloud.compute.disks.get("rg", "os")).properties
    assert (shown.disk_size_gb, shown.disk_size_bytes, shown.tier) == (64, 64 << 30, "P6")


async def test_a_disk_that_vanishes_with_its_machine_outlives_its_detachment(cloud: Cloud) -> None:
    await vm.made(cloud, data_disks=[{**EMPTY, "name": "data", "deleteOption": "Delete"}])
    await cloud.compute.virtual_machines.begin_update("rg", "vm", {"properties": {"storageProfile": {"dataDisks": []}}}, polling=False)
    cloud.clock.advance(60)
    assert (await cloud.compute.disks.get("rg", "data")).properties.disk_state == "Unattached"
