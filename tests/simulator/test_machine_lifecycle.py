from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from azuresim import FailOperation, FaultRule
from azuresim.core.contents import Contents
from simulator import machines as vm
from simulator.cloud import API, GROUP, SUBSCRIPTION, Cloud

EMPTY = {"lun": 0, "createOption": "Empty", "diskSizeGB": 8}


async def test_a_machine_is_made_shown_and_vanishes_with_its_disks_and_nic(cloud: Cloud) -> None:
    machines = cloud.compute.virtual_machines
    poller = await machines.begin_create_or_update("rg", "vm", vm.body(data_disks=[{**EMPTY, "deleteOption": "Delete"}]))
    assert (await machines.get("rg", "vm")).properties.provisioning_state == "Creating"
    cloud.clock.advance(31)
    made = await poller.result()
    assert made.properties.provisioning_state == "Succeeded"
    assert made.properties.storage_profile.image_reference.exact_version.startswith("24.04.")
    assert made.properties.os_profile.linux_configuration.patch_settings.patch_mode == "ImageDefault"
    assert [d.managed_disk.storage_account_type for d in made.properties.storage_profile.data_disks] == ["Premium_LRS"]
    (disk,) = [d for d in cloud.world.sources.disks if d.contents.os_type]
    assert str(disk.id) == made.properties.storage_profile.os_disk.managed_disk.id
    nic = made.properties.network_profile.network_interfaces[0].id
    assert vm.sent(cloud, "GET", nic).json()["properties"]["virtualMachine"]["id"] == made.id
    assert [m.name async for m in machines.list("rg")] == ["vm"]
    assert [m.name async for m in machines.list_all()] == ["vm"]
    assert [m.name async for m in machines.list_by_location("eastus")] == []
    await machines.begin_delete("rg", "vm", polling=False)
    assert (await machines.get("rg", "vm")).properties.provisioning_state == "Deleting"
    cloud.clock.advance(60)
    with pytest.raises(ResourceNotFoundError):
        await machines.get("rg", "vm")
    assert vm.sent(cloud, "GET", nic).status == 404
    assert list(cloud.world.sources.disks) == []
    assert vm.sent(cloud, "DELETE", vm.MACHINE).status == 204


async def test_what_is_not_marked_to_vanish_stays(cloud: Cloud) -> None:
    await vm.made(
        cloud, os_disk={"name": "os", "deleteOption": "Detach"}, networkProfile={"networkInterfaces": [{"id": vm.NIC}]}, data_disks=[EMPTY]
    )
    await cloud.compute.virtual_machines.begin_delete("rg", "vm", polling=False)
    cloud.clock.advance(60)
    assert cloud.world.settle()
    assert [disk.disk_state for disk in cloud.world.sources.disks] == ["Unattached", "Unattached"]
    assert "virtualMachine" not in vm.sent(cloud, "GET", vm.NIC).json()["properties"]


async def test_secrets_are_never_shown_and_user_data_only_when_asked_for(cloud: Cloud) -> None:
    await vm.made(cloud, userData="aGVsbG8=", osProfile={**vm.USER, "customData": "c2VjcmV0"})
    machines = cloud.compute.virtual_machines
    plain = vm.sent(cloud, "GET", vm.MACHINE).body.decode()
    assert "not-Shown-1" not in plain
    assert "c2VjcmV0" not in plain
    assert "aGVsbG8=" not in plain
    assert (await machines.get("rg", "vm", expand="userData")).properties.user_data == "aGVsbG8="
    assert (await vm.refused(machines.get("rg", "vm", expand="everything")))[:2] == (400, "InvalidParameter")


async def test_headers_are_those_of_recorded_answers(cloud: Cloud) -> None:
    created = vm.sent(cloud, "PUT", vm.MACHINE, vm.body())
    assert created.status == 201
    assert created.headers["Azure-AsyncNotification"] == "Enabled"
    assert "/locations/westus/operations/" in created.headers["Azure-AsyncOperation"]
    assert "Location" not in created.headers
    assert created.headers["ETag"] == '"1"'
    cloud.clock.advance(60)
    assert vm.sent(cloud, "GET", vm.MACHINE).headers["ETag"] == '"2"'
    viewed = vm.sent(cloud, "GET", f"{vm.MACHINE}?$expand=instanceView")
    assert "ETag" not in viewed.headers
    assert viewed.json()["etag"] == '"2"'
    older = cloud.ask("GET", f"{vm.MACHINE}?api-version=2022-11-01")
    assert "etag" not in {*older.json(), *map(str.lower, older.headers)}
    stopping = vm.sent(cloud, "POST", f"{vm.MACHINE}/powerOff")
    assert stopping.status == 202
    assert stopping.body == b""
    assert "monitor=true" in stopping.headers["Location"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"if_none_match": "*"}, 412, id="there must be none"),
        pytest.param({"if_match": '"1"'}, 412, id="an older revision"),
        pytest.param({"if_match": '"2"'}, 200, id="this revision"),
        pytest.param({"if_match": "*"}, 200, id="any revision"),
    ],
)
async def test_conditions_of_a_put(cloud: Cloud, headers: dict[str, str], status: int) -> None:
    await vm.made(cloud)
    assert vm.sent(cloud, "PUT", vm.MACHINE, vm.body(), **headers).status == status


async def test_a_condition_for_what_is_not_there(cloud: Cloud) -> None:
    assert vm.sent(cloud, "PUT", vm.MACHINE, vm.body(), if_match='"1"').status == 412
    machines = cloud.compute.virtual_machines
    await machines.begin_create_or_update("rg", "vm", vm.body(), etag="*", match_condition=MatchConditions.IfMissing, polling=False)
    with pytest.raises(HttpResponseError) as caught:
        await machines.begin_create_or_update("rg", "vm", vm.body(), etag="*", match_condition=MatchConditions.IfMissing, polling=False)
    assert caught.value.status_code == 412


async def test_the_states_of_power(cloud: Cloud) -> None:
    machines = cloud.compute.virtual_machines
    await vm.made(cloud)
    assert await vm.statuses(cloud) == ["ProvisioningState/succeeded", "PowerState/running"]
    assert await vm.agent(cloud) == "Ready"
    steps: list[tuple[Any, str, float, str, str | None, int]] = [
        (machines.begin_power_off, "stopping", 9, "stopped", "Ready", 1),
        (machines.begin_start, "starting", 5, "running", "Ready", 1),
        (machines.begin_restart, "running", 37, "running", "Ready", 1),
        (machines.begin_redeploy, "running", 133, "running", "Ready", 0),
        (machines.begin_deallocate, "deallocating", 21, "deallocated", None, 3),
        (machines.begin_start, "starting", 5, "running", "Not Ready", 1),
    ]
    for begin, meanwhile, seconds, then, agent, moved in steps:
        before = vm.machine(cloud).revision
        await begin("rg", "vm", polling=False)
        assert await vm.statuses(cloud) == ["ProvisioningState/updating", f"PowerState/{meanwhile}"]
        cloud.clock.advance(seconds)
        assert await vm.statuses(cloud) == ["ProvisioningState/succeeded", f"PowerState/{then}"]
        assert await vm.agent(cloud) == agent
        assert vm.machine(cloud).revision - before == moved


async def test_a_deallocated_machine_does_not_show_the_size_of_its_disks(cloud: Cloud) -> None:
    await vm.made(cloud)
    await vm.stopped(cloud)
    disk = (await cloud.compute.virtual_machines.get("rg", "vm")).properties.storage_profile.os_disk
    assert (disk.disk_size_gb, disk.managed_disk.storage_account_type) == (None, None)
    (found,) = cloud.world.sources.disks
    assert found.disk_state == "Reserved"


async def test_a_later_operation_overtakes_an_earlier_one(cloud: Cloud) -> None:
    created = vm.sent(cloud, "PUT", vm.MACHINE, vm.body())
    vm.sent(cloud, "POST", f"{vm.MACHINE}/deallocate")
    cloud.clock.advance(60)
    polled = cloud.ask("GET", created.headers["Azure-AsyncOperation"].removeprefix(cloud.world.base_url)).json()
    assert (polled["status"], polled["error"]["code"]) == ("Failed", "OperationPreempted")
    assert await vm.statuses(cloud) == ["ProvisioningState/succeeded", "PowerState/deallocated"]


async def test_a_second_delete_waits_for_the_first_and_nothing_else_is_allowed(cloud: Cloud) -> None:
    await vm.made(cloud)
    first, second = (vm.sent(cloud, "DELETE", vm.MACHINE) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    status, code, sentence = await vm.refused(cloud.compute.virtual_machines.begin_start("rg", "vm", polling=False))
    assert (status, code) == (409, "OperationNotAllowed")
    assert "marked for deletion" in sentence


async def test_put_and_patch_leave_what_they_do_not_name(cloud: Cloud) -> None:
    machines = cloud.compute.virtual_machines
    await vm.made(cloud, data_disks=[EMPTY])
    await machines.begin_update("rg", "vm", {"tags": {"a": "b"}}, polling=False)
    assert (await machines.get("rg", "vm")).properties.provisioning_state == "Updating"
    cloud.clock.advance(1)
    await machines.begin_create_or_update("rg", "vm", {"location": "westus", "properties": {"licenseType": "None"}}, polling=False)
    cloud.clock.advance(1)
    shown = await machines.get("rg", "vm")
    assert shown.tags == {"a": "b"}
    assert shown.properties.license_type == "None"
    assert [disk.lun for disk in shown.properties.storage_profile.data_disks] == [0]


async def test_data_disks_leave_when_the_update_ends_and_others_join_at_once(cloud: Cloud) -> None:
    machines = cloud.compute.virtual_machines
    await vm.made(cloud, data_disks=[EMPTY])
    tag = vm.machine(cloud).revision
    change = {"properties": {"storageProfile": {"dataDisks": [{"lun": 1, "createOption": "Empty", "diskSizeGB": 4}]}}}
    await machines.begin_update("rg", "vm", change, polling=False)
    during = (await machines.get("rg", "vm")).properties.storage_profile.data_disks
    assert [(disk.lun, disk.to_be_detached) for disk in during] == [(0, True), (1, False)]
    cloud.clock.advance(17)
    after = (await machines.get("rg", "vm")).properties.storage_profile.data_disks
    assert [(disk.lun, disk.disk_size_gb) for disk in after] == [(1, 4)]
    assert vm.machine(cloud).revision == tag + 2
    assert sorted(disk.disk_state for disk in cloud.world.sources.disks) == ["Attached", "Attached", "Unattached"]


async def test_a_data_disk_keeps_its_place_and_changes_its_caching(cloud: Cloud) -> None:
    machines = cloud.compute.virtual_machines
    await vm.made(cloud, data_disks=[EMPTY])
    change = {"properties": {"storageProfile": {"dataDisks": [{"lun": 0, "createOption": "Empty", "caching": "ReadOnly"}]}}}
    await machines.begin_update("rg", "vm", change, polling=False)
    (disk,) = (await machines.get("rg", "vm")).properties.storage_profile.data_disks
    assert (disk.caching, disk.disk_size_gb, disk.to_be_detached) == ("ReadOnly", 8, False)


async def test_what_changes_nothing_is_an_operation_all_the_same(cloud: Cloud) -> None:
    machines = cloud.compute.virtual_machines
    await vm.made(cloud)
    tag = vm.machine(cloud).etag
    for begin in (machines.begin_reapply, machines.begin_start):
        await begin("rg", "vm", polling=False)
        cloud.clock.advance(2)
        assert await vm.statuses(cloud) == ["ProvisioningState/succeeded", "PowerState/running"]
    assert vm.machine(cloud).etag == tag
    await vm.stopped(cloud, deallocated=False)
    await machines.begin_power_off("rg", "vm", polling=False)
    await vm.stopped(cloud)
    tag = vm.machine(cloud).etag
    await vm.stopped(cloud)
    assert vm.machine(cloud).etag == tag


async def test_another_size_restarts_a_running_machine(cloud: Cloud) -> None:
    made = await vm.made(cloud)
    guest = made.guest
    await cloud.compute.virtual_machines.begin_update(
        "rg", "vm", {"properties": {"hardwareProfile": {"vmSize": "Standard_D4s_v3"}}}, polling=False
    )
    cloud.clock.advance(60)
    assert (await cloud.compute.virtual_machines.get("rg", "vm")).properties.hardware_profile.vm_size == "Standard_D4s_v3"
    assert made.guest is not guest
    assert "Standard_D4s_v3" in [size.name async for size in cloud.compute.virtual_machines.list_available_sizes("rg", "vm")]


async def test_a_machine_from_a_gallery_version_has_all_its_disks(cloud: Cloud) -> None:
    version = cloud.image()
    found = cloud.world.publishing.get(vm.parsed(version))
    found.data_contents = {3: Contents(size_gib=16)}
    await vm.made(cloud, image={"id": version.rpartition("/versions")[0]})
    shown = await cloud.compute.virtual_machines.get("rg", "vm")
    assert shown.properties.storage_profile.image_reference.exact_version == "1.0.0"
    assert [(d.lun, d.disk_size_gb, d.create_option) for d in shown.properties.storage_profile.data_disks] == [(3, 16, "FromImage")]


async def test_a_copied_disk_brings_its_contents_into_the_machine_that_attaches_it(cloud: Cloud) -> None:
    await vm.made(cloud, "first")
    source = str(vm.machine(cloud, "first").os_disk.id)
    creation = {"createOption": "Copy", "sourceResourceId": source}
    await cloud.compute.disks.begin_create_or_update(
        "rg", "os", {"location": "westus", "properties": {"creationData": creation}}, polling=False
    )
    cloud.clock.advance(5)
    attach = {"createOption": "Attach", "osType": "Linux", "managedDisk": {"id": vm.DISK}}
    await vm.made(cloud, image=None, osProfile=None, os_disk=attach)
    assert vm.contents(cloud).image == vm.contents(cloud, "first").image
    assert (await cloud.compute.virtual_machines.get("rg", "vm")).properties.os_profile is None
    assert await vm.agent(cloud) == "Ready"


async def test_one_disk_has_one_machine(cloud: Cloud) -> None:
    await vm.made(cloud, "first", os_disk={"name": "os"})
    attach = {"createOption": "Attach", "osType": "Linux", "managedDisk": {"id": vm.DISK}}
    call = cloud.compute.virtual_machines.begin_create_or_update(
        "rg", "vm", vm.body(image=None, osProfile=None, os_disk=attach), polling=False
    )
    assert (await vm.refused(call))[0] == 409
    nic = {"networkInterfaces": [{"id": vm.NIC}]}
    await vm.made(cloud, "second", networkProfile=nic)
    call = cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", vm.body(networkProfile=nic), polling=False)
    assert (await vm.refused(call))[:2] == (400, "NicInUse")


async def test_nics_change_only_while_deallocated(cloud: Cloud) -> None:
    await vm.made(cloud, networkProfile={"networkInterfaces": [{"id": vm.NIC}]})
    other = {"properties": {"networkProfile": {"networkInterfaces": [{"id": f"{vm.NIC}2"}]}}}
    machines = cloud.compute.virtual_machines
    assert (await vm.refused(machines.begin_update("rg", "vm", other, polling=False)))[:2] == (409, "OperationNotAllowed")
    nameless: dict[str, Any] = {"properties": {"networkProfile": {"networkInterfaces": [{}]}}}
    assert (await vm.refused(machines.begin_update("rg", "vm", nameless, polling=False)))[:2] == (400, "InvalidParameter")
    await vm.stopped(cloud)
    await machines.begin_update("rg", "vm", other, polling=False)
    assert vm.sent(cloud, "DELETE", vm.NIC).status == 202
    cloud.clock.advance(2)
    assert vm.sent(cloud, "GET", vm.NIC).status == 404
    assert vm.sent(cloud, "DELETE", f"{vm.NIC}2").json()["error"]["code"] == "NicInUse"


async def test_an_ephemeral_disk_is_no_resource_and_cannot_be_deallocated(cloud: Cloud) -> None:
    made = await vm.made(cloud, os_disk={"diffDiskSettings": {"option": "Local"}, "caching": "ReadOnly"})
    assert made.os_disk.ephemeral
    assert list(cloud.world.sources.disks) == []
    status, code, _ = await vm.refused(cloud.compute.virtual_machines.begin_deallocate("rg", "vm", polling=False))
    assert (status, code) == (409, "OperationNotAllowed")


def test_nothing_is_listed_where_nothing_is(cloud: Cloud) -> None:
    assert vm.sent(cloud, "GET", f"{GROUP}/providers/Microsoft.Compute/virtualMachines").json() == {"value": []}
    here = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations"
    assert vm.sent(cloud, "GET", f"{here}/atlantis/virtualMachines").json()["error"]["code"] == "NoRegisteredProviderFound"


def test_a_machine_is_adopted_with_all_it_shows(cloud: Cloud) -> None:
    extension = {
        "name": "ext",
        "location": "westus",
        "properties": {"publisher": "p", "type": "t", "typeHandlerVersion": "1.0", "provisioningState": "Succeeded"},
    }
    disk = {"osType": "Windows", "name": "os", "createOption": "FromImage", "caching": "None", "deleteOption": "Detach"}
    data = {"lun": 2, "name": "d", "createOption": "Empty", "vhd": {"uri": "x"}}
    shown = {
        "location": "westus",
        "tags": {"a": "b"},
        "zones": ["1"],
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v3"},
            "provisioningState": "Succeeded",
            "vmId": "7",
            "storageProfile": {
                "osDisk": {**disk, "managedDisk": {"id": vm.DISK}},
                "dataDisks": [data],
            },
            "securityProfile": {"securityType": "TrustedLaunch"},
            "networkProfile": {"networkInterfaces": [{"id": vm.NIC}]},
            "timeCreated": "2024-08-26T05:55:58.2670139+00:00",
        },
        "resources": [extension],
        "etag": '"5"',
    }
    found = cloud.world.virtual.adoption.adopt(vm.parsed(vm.MACHINE), shown)
    # Its disk does not show its size, so it is deallocated, as recorded.
    assert found.power == "deallocated"
    back = vm.sent(cloud, "GET", vm.MACHINE).json()
    for name in ("tags", "zones", "identity", "etag"):
        assert back[name] == shown[name]
    assert back["properties"]["timeCreated"] == "2024-08-26T05:55:58.2670139+00:00"
    assert back["properties"]["vmId"] == "7"
    assert back["properties"]["securityProfile"] == {"securityType": "TrustedLaunch"}
    assert [e["name"] for e in back["resources"]] == ["ext"]
    (kept,) = cloud.world.sources.disks
    assert (kept.contents.os_type, kept.contents.generation, kept.disk_state) == ("Windows", "V2", "Reserved")
    without_agent = {"computerName": "vm", "windowsConfiguration": {"provisionVMAgent": False}}
    shown["properties"] |= {"osProfile": without_agent, "instanceView": {"statuses": [{"code": "PowerState/running"}]}}  # type: ignore[operator]  # JSON
    again = cloud.world.virtual.adoption.adopt(vm.parsed(vm.MACHINE), {**shown, "etag": "W/x"})
    assert again.etag == '"1"'
    assert again.guest is not None
    assert again.guest.ready is None
    assert kept.disk_state == "Attached"


async def test_what_the_recorded_view_says_is_taken_over(cloud: Cloud) -> None:
    waiting = {"code": "ProvisioningState/Unavailable", "level": "Warning"}
    found = vm.unmanaged(cloud)
    assert found.guest.ready is not None
    view = {"statuses": [{"code": "PowerState/running"}], "osName": "centos", "osVersion": "7.5", "vmAgent": {"statuses": [waiting]}}
    body = vm.sent(cloud, "GET", vm.MACHINE).json()
    body["properties"]["instanceView"] = view
    cloud.world.virtual.adoption.adopt(vm.parsed(vm.MACHINE), body)
    assert await vm.agent(cloud) == "Not Ready"
    cloud.clock.advance(9)
    seen = await cloud.compute.virtual_machines.instance_view("rg", "vm")
    assert (seen.os_name, seen.os_version, seen.vm_agent.statuses[0].display_status) == ("centos", "7.5", "Ready")
    view["statuses"] = [{"code": "PowerState/stopped"}, {"code": "OSState/generalized"}]
    cloud.world.virtual.adoption.adopt(vm.parsed(vm.MACHINE), body)
    assert await vm.statuses(cloud) == ["ProvisioningState/succeeded", "OSState/generalized", "PowerState/stopped"]
    assert await vm.agent(cloud) == "Ready"


@pytest.mark.parametrize(
    ("before", "action", "power"),
    [
        pytest.param(None, "powerOff", "running", id="stop"),
        pytest.param(None, "deallocate", "running", id="deallocate"),
        pytest.param("powerOff", "deallocate", "stopped", id="deallocate a stopped one"),
        pytest.param("deallocate", "start", "deallocated", id="start"),
    ],
)
async def test_a_change_of_power_that_fails_leaves_what_was_and_can_be_tried_again(
    cloud: Cloud, before: str | None, action: str, power: str
) -> None:
    await vm.made(cloud)
    if before is not None:
        vm.sent(cloud, "POST", f"{vm.MACHINE}/{before}")
        cloud.clock.advance(60)
    cloud.app.faults.add(FaultRule(action=FailOperation(code="InternalExecutionError"), method="POST"))
    vm.sent(cloud, "POST", f"{vm.MACHINE}/{action}")
    cloud.clock.advance(60)
    assert await vm.statuses(cloud) == ["ProvisioningState/failed/InternalExecutionError", f"PowerState/{power}"]
    vm.sent(cloud, "POST", f"{vm.MACHINE}/{action}")
    cloud.clock.advance(60)
    assert (await vm.statuses(cloud))[0] == "ProvisioningState/succeeded"


async def test_a_group_takes_its_machines_along_and_lets_go_of_what_lies_elsewhere(cloud: Cloud) -> None:
    elsewhere = GROUP.replace("/rg", "/other")
    cloud.world.add_resource_group(SUBSCRIPTION, "other", "westus")
    disk = f"{elsewhere}/providers/Microsoft.Compute/disks/data"
    body = {"location": "westus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}
    assert cloud.ask("PUT", f"{disk}?{API}", json.dumps(body).encode()).status == 202
    cloud.clock.advance(2)
    nic = f"{elsewhere}/providers/Microsoft.Network/networkInterfaces/nic"
    attached = {"lun": 0, "createOption": "Attach", "managedDisk": {"id": disk}}
    await vm.made(cloud, networkProfile={"networkInterfaces": [{"id": nic}]}, data_disks=[attached])
    vm.sent(cloud, "DELETE", GROUP)
    cloud.clock.advance(59)
    assert vm.sent(cloud, "DELETE", vm.MACHINE).status == 202
    cloud.clock.advance(60)
    assert cloud.ask("GET", f"{disk}?{API}").json()["properties"]["diskState"] == "Unattached"
    assert "virtualMachine" not in vm.sent(cloud, "GET", nic).json()["properties"]
    assert [disk.id.name for disk in cloud.world.sources.disks] == ["data"]
