from __future__ import annotations

import json
from typing import Any

import pytest

from azuresim import Application, ManualClock, World
from azuresim.core.contents import Contents
from azuresim.core.machine import MachineDisk
from azuresim.core.vhd import GIB
from azuresim.wire.http import Request
from simulator import machines as vm
from simulator.blob_clients import refused
from simulator.cloud import SUBSCRIPTION, Cloud

CAPTURE = {"vhdPrefix": "base", "destinationContainerName": "vhds", "overwriteVhds": True}
CAPTURED = "https://azuresim.test/blob/vhds/system/Microsoft.Compute/Images/vhds/base-osDisk.00000000-0000-4000-8000-000000000001.vhd"
# 2025-11-16, when a machine on VHDs could still be made.
BEFORE_RETIREMENT = 1_763_251_200.0


async def generalized(cloud: Cloud) -> None:
    vm.unmanaged(cloud)
    await vm.stopped(cloud)
    await cloud.compute.virtual_machines.generalize("rg", "vm")


async def test_a_capture_is_a_copy_in_the_machines_own_account(cloud: Cloud) -> None:
    await generalized(cloud)
    source = cloud.world.sources.vhd(vm.VHD)
    assert source is not None
    source.account.blob("disks", "vm.vhd").content.write(4096, b"bits")
    poller = await cloud.compute.virtual_machines.begin_capture("rg", "vm", CAPTURE)
    cloud.clock.advance(1)
    result = await poller.result()
    profile = result.resources[0]["properties"]["storageProfile"]
    assert profile["osDisk"]["image"]["uri"] == CAPTURED
    assert "/vhds/vmcontainer" in profile["osDisk"]["vhd"]["uri"]
    assert result.parameters["vmSize"]["defaultValue"] == "Standard_DS1_v2"
    captured = cloud.world.sources.vhd(CAPTURED)
    assert captured is not None
    assert captured.blob().content.read(4096, 4100) == b"bits"
    assert not captured.contents(Contents(size_gib=0)).generalized


async def test_the_vhd_of_a_machine_is_leased_until_the_machine_is_gone(cloud: Cloud) -> None:
    vm.unmanaged(cloud)
    container, _, name = vm.VHD.partition("/blob/vhds/")[2].partition("/")
    blob: Any = cloud.blobs.get_blob_client(container, name)
    lease = (await blob.get_blob_properties()).lease
    assert (lease.state, lease.duration) == ("leased", "infinite")
    for attempt in (blob.delete_blob(), blob.upload_page(bytes(512), 0, 512), blob.resize_blob(512)):
        assert await refused(attempt) == (412, "LeaseIdMissing")
    assert await refused(cloud.blobs.get_container_client(container).get_blob_client(name).acquire_lease()) == (409, "LeaseAlreadyPresent")
    await cloud.compute.virtual_machines.begin_delete("rg", "vm", polling=False)
    cloud.clock.advance(60)
    assert (await blob.get_blob_properties()).lease.state == "available"
    await blob.delete_blob()


async def test_data_disks_are_captured_as_well(cloud: Cloud) -> None:
    await generalized(cloud)
    disk = {"lun": 4, "name": "d", "createOption": "Empty", "caching": "None", "vhd": {"uri": vm.VHD.replace("vm.vhd", "data.vhd")}}
    vm.machine(cloud).data_disks.append(MachineDisk(settings=disk, own=Contents(size_gib=1)))
    poller = await cloud.compute.virtual_machines.begin_capture("rg", "vm", CAPTURE)
    cloud.clock.advance(1)
    (data,) = (await poller.result()).resources[0]["properties"]["storageProfile"]["dataDisks"]
    assert (data["lun"], data["image"]["uri"]) == (4, CAPTURED.replace("osDisk", "dataDisk-4"))


async def test_what_cannot_be_captured(cloud: Cloud) -> None:
    machines = cloud.compute.virtual_machines
    vm.unmanaged(cloud)
    assert "not generalized" in (await vm.refused(machines.begin_capture("rg", "vm", CAPTURE, polling=False)))[2]
    await vm.stopped(cloud)
    await machines.generalize("rg", "vm")
    await machines.begin_capture("rg", "vm", CAPTURE, polling=False)
    cloud.clock.advance(1)
    again = vm.sent(cloud, "POST", f"{vm.MACHINE}/capture", {**CAPTURE, "overwriteVhds": False})
    cloud.clock.advance(1)
    failed = cloud.ask("GET", again.headers["Azure-AsyncOperation"].removeprefix(cloud.world.base_url)).json()
    assert failed["error"]["code"] == "BlobAlreadyExists"
    assert vm.sent(cloud, "POST", f"{vm.MACHINE}/capture", {"vhdPrefix": "x"}).status == 400
    await vm.made(cloud, "managed")
    await vm.stopped(cloud, "managed")
    await machines.generalize("rg", "managed")
    assert "managed disks" in (await vm.refused(machines.begin_capture("rg", "managed", CAPTURE, polling=False)))[2]


async def test_after_the_retirement_nothing_starts_or_changes_on_vhds(cloud: Cloud) -> None:
    vm.unmanaged(cloud, running=False)
    machines = cloud.compute.virtual_machines
    for call in (machines.begin_start("rg", "vm", polling=False), machines.begin_update("rg", "vm", {"tags": {}}, polling=False)):
        assert await vm.refused(call) == (400, "BadRequest", "Unmanaged disks have been retired. Please migrate to Managed Disks.")
    assert (await machines.get("rg", "vm")).etag == '"2"'


async def test_a_deallocated_machine_can_be_moved_to_managed_disks(cloud: Cloud) -> None:
    vm.unmanaged(cloud)
    machines = cloud.compute.virtual_machines
    call = machines.begin_convert_to_managed_disks("rg", "vm", polling=False)
    assert (await vm.refused(call))[:2] == (409, "OperationNotAllowed")
    await vm.stopped(cloud)
    await machines.begin_convert_to_managed_disks("rg", "vm", polling=False)
    cloud.clock.advance(20)
    shown = (await machines.get("rg", "vm")).properties.storage_profile.os_disk
    assert (shown.vhd, shown.managed_disk.id.rpartition("/")[2]) == (None, "vm")
    assert (await vm.statuses(cloud))[-1] == "PowerState/running"
    again = machines.begin_convert_to_managed_disks("rg", "vm", polling=False)
    assert (await vm.refused(again))[:2] == (409, "OperationNotAllowed")


@pytest.mark.parametrize("create_option", ["FromImage", "Attach"])
def test_before_the_retirement_machines_were_made_on_vhds(create_option: str) -> None:
    world = World(ManualClock(BEFORE_RETIREMENT))
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
    world.add_storage_account(f"{group}/providers/Microsoft.Storage/storageAccounts/vhds", location="westus")
    if create_option == "Attach":
        world.add_vhd(vm.VHD, size_mib=2048)
    disk = {"createOption": create_option, "osType": "Linux", "vhd": {"uri": vm.VHD}}
    fresh = create_option == "FromImage"
    body = vm.body(image=vm.UBUNTU_GEN1, os_disk=disk) if fresh else vm.body(image=None, osProfile=None, os_disk=disk)
    app = Application(world, strict=True)

    def ask(method: str, document: object = None, path: str = vm.MACHINE) -> tuple[int, dict[str, Any]]:
        headers = {"authorization": "Bearer x", "content-type": "application/json"}
        sent = b"" if document is None else json.dumps(document).encode()
        answer = app.handle(Request(method, f"{world.base_url}{path}?api-version=2024-07-01", headers, sent))
        return answer.status, answer.json()

    outside = {**disk, "vhd": {"uri": "https://other.blob.core.windows.net/a/b.vhd"}}
    elsewhere = vm.body(image=vm.UBUNTU_GEN1, os_disk=outside) if fresh else vm.body(image=None, osProfile=None, os_disk=outside)
    assert ask("PUT", elsewhere)[0] == 404
    assert ask("PUT", body)[0] == 201
    blob = world.sources.vhd(vm.VHD)
    assert blob is not None
    assert blob.blob().content.size // GIB == (30 if fresh else 2)
    if fresh:
        assert ask("PUT", body, f"{vm.MACHINE}2")[1]["error"]["code"] == "BlobAlreadyExists"
        assert ask("PUT", {**body, "properties": {**body["properties"], "licenseType": "None"}})[0] == 200
    else:
        assert ask("PUT", body, f"{vm.MACHINE}2")[1]["error"]["code"] == "AcquireDiskLeaseFailed"
