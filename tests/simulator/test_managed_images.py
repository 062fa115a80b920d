from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from azuresim.core.contents import Contents
from azuresim.core.machine import Machine, MachineDisk
from azuresim.core.vhd import FOOTER_BYTES, MIB
from simulator.cloud import VHD, Cloud
from simulator.test_disks import COMPUTE, DISK, MACHINE, SNAPSHOT, disk_body, make, refused, rid

IMAGE = f"{COMPUTE}/images/img"
LINUX: dict[str, Any] = {"osType": "Linux", "osState": "Generalized"}


def of_machine(**properties: Any) -> dict[str, Any]:
    return {"location": "westus", "properties": {"sourceVirtualMachine": {"id": MACHINE}, **properties}}


def of_disk(data: list[dict[str, Any]] | None = None, generation: str | None = None, **disk: Any) -> dict[str, Any]:
    profile: dict[str, Any] = {"osDisk": {**LINUX, **disk}, **({} if data is None else {"dataDisks": data})}
    return {"location": "westus", "properties": {"storageProfile": profile, **({"hyperVGeneration": generation} if generation else {})}}


EPHEMERAL = MachineDisk(
    settings={"osType": "Linux", "name": "os", "diffDiskSettings": {"option": "Local"}},
    own=Contents(size_gib=30, os_type="Linux", generation="V2"),
)
UNMANAGED = MachineDisk(
    settings={"osType": "Linux", "name": "os", "caching": "ReadWrite", "vhd": {"uri": VHD}},
    own=Contents(size_gib=30, os_type="Linux", generalized=True),
)


def machine(cloud: Cloud, *, security_type: str = "Standard", **facts: Any) -> None:
    """A generalised machine with an OS disk of 30 GiB and a data disk of 10."""
    system = Contents(size_gib=30, os_type="Linux", generation="V2", generalized=True)
    disks = cloud.world.machine_disks
    disks.create_for_machine(rid(DISK), location="westus", contents=system, machine=rid(MACHINE), sku="Premium_LRS", running=False)
    disks.create_for_machine(rid(f"{DISK}0"), location="westus", contents=Contents(size_gib=10), machine=rid(MACHINE), running=False)
    made = Machine(
        **{
            "id": rid(MACHINE),
            "location": "westus",
            "tags": None,
            "envelope": {},
            "properties": {"securityProfile": {"securityType": security_type}},
            "secrets": {},
            "image": None,
            "os_disk": MachineDisk(settings={"osType": "Linux", "name": "os", "caching": "ReadWrite"}, id=rid(DISK)),
            "data_disks": [MachineDisk(settings={"lun": 4, "caching": "None"}, id=rid(f"{DISK}0"))],
            "vm_id": "1",
            "created": 0.0,
            "size": "Standard_D2s_v3",
            "os": ("ubuntu", "24.04"),
            "power": "deallocated",
            "generalized": True,
            **facts,
        }
    )
    cloud.world.sources.machines.put(made)


async def image(cloud: Cloud, body: dict[str, Any], name: str = "img") -> Any:
    poller = await cloud.compute.images.begin_create_or_update("rg", name, body)
    cloud.clock.advance(10)
    return await poller.result()


async def put(cloud: Cloud, body: dict[str, Any]) -> Any:
    return await cloud.compute.images.begin_create_or_update("rg", "img", body, polling=False)


async def test_an_image_is_made_of_a_generalised_machine_with_all_its_disks(cloud: Cloud) -> None:
    machine(cloud)
    await put(cloud, of_machine())
    creating = (await cloud.compute.images.get("rg", "img")).properties
    assert (creating.provisioning_state, creating.storage_profile.os_disk.disk_size_gb) == ("Creating", None)
    cloud.clock.advance(10)
    made = (await cloud.compute.images.get("rg", "img")).properties
    assert (made.provisioning_state, made.hyper_v_generation, made.source_virtual_machine.id) == ("Succeeded", "V2", MACHINE)
    system = made.storage_profile.os_disk
    assert (system.os_type, system.os_state, system.disk_size_gb, system.managed_disk.id) == ("Linux", "Generalized", 30, DISK)
    assert (system.caching, system.storage_account_type) == ("ReadWrite", "Premium_LRS")
    (data,) = made.storage_profile.data_disks
    assert (data.lun, data.disk_size_gb, data.managed_disk.id) == (4, 10, f"{DISK}0")
    kept = cloud.world.images.find(rid(IMAGE))
    assert kept is not None
    assert (kept.contents.generalized, kept.data_contents[4].size_gib) == (True, 10)


def test_the_operation_is_one_of_computes_family(cloud: Cloud) -> None:
    machine(cloud)
    body = b'{"location":"westus","properties":{"sourceVirtualMachine":{"id":"%s"}}}' % MACHINE.encode()
    answers = [cloud.ask("PUT", f"{IMAGE}?api-version=2024-07-01", body)]
    cloud.clock.advance(10)
    answers += [cloud.ask("PUT", f"{IMAGE}?api-version=2024-07-01", body)]
    cloud.clock.advance(10)
    answers += [cloud.ask("DELETE", f"{IMAGE}?api-version=2024-07-01")]
    assert [answer.status for answer in answers] == [201, 200, 202]
    assert all("/operations/" in answer.headers["Azure-AsyncOperation"] for answer in answers)
    assert all(answer.headers["Azure-AsyncNotification"] == "Enabled" for answer in answers)
    assert ["Location" in answer.headers for answer in answers] == [False, False, True]
    cloud.clock.advance(10)
    assert cloud.ask("DELETE", f"{IMAGE}?api-version=2024-07-01").status == 204


async def test_an_image_has_a_name_in_order(cloud: Cloud) -> None:
    machine(cloud)
    call = cloud.compute.images.begin_create_or_update("rg", "_img", of_machine(), polling=False)
    assert (await refused(call))[:2] == (400, "InvalidParameter")


async def test_an_unmanaged_machine_gives_an_image_of_its_blob(cloud: Cloud) -> None:
    machine(cloud, os_disk=UNMANAGED, data_disks=[])
    await put(cloud, of_machine(hyperVGeneration="V1"))
    creating = (await cloud.compute.images.get("rg", "img")).properties.storage_profile
    assert (creating.os_disk.blob_uri, creating.os_disk.disk_size_gb, creating.data_disks) == (VHD, 30, [])
    assert creating.os_disk.storage_account_type == "Standard_LRS"


@pytest.mark.parametrize(
    ("facts", "body", "expected"),
    [
        pytest.param({"generalized": False}, of_machine(), (409, "OperationNotAllowed", "to be Generalized"), id="not generalised"),
        pytest.param(
            {"security_type": "TrustedLaunch"},
            of_machine(),
            (409, "OperationNotAllowed", "TrustedLaunch security type"),
            id="Trusted Launch",
        ),
        pytest.param({"location": "eastus"}, of_machine(), (400, "InvalidParameter", "same region"), id="another region"),
        pytest.param({}, of_machine(hyperVGeneration="V1"), (400, "InvalidParameter", "Hypervisor generation"), id="another generation"),
        pytest.param(
            {"os_disk": EPHEMERAL},
            of_machine(),
            (409, "OperationNotAllowed", "ephemeral"),
            id="ephemeral disk",
        ),
    ],
)
async def test_machines_that_give_no_image(
    cloud: Cloud, facts: dict[str, Any], body: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    machine(cloud, **facts)
    status, code, words = await refused(put(cloud, body))
    assert (status, code) == expected[:2]
    assert expected[2] in words


async def test_an_image_is_made_of_whole_data_only(cloud: Cloud) -> None:
    upload = disk_body({"createOption": "Upload", "uploadSizeBytes": 20 * MIB + FOOTER_BYTES})
    await make(cloud, body=upload)
    assert (await refused(put(cloud, of_disk(generation="V2", managedDisk={"id": DISK}))))[:2] == (409, "OperationNotAllowed")
    cloud.world.add_vhd(VHD, size_mib=16 * 1024)
    copy = cloud.blobs.get_blob_client("images", "copy.vhd")
    assert (await copy.start_copy_from_url(VHD))["copy_status"] == "pending"
    status, code, words = await refused(put(cloud, of_disk(generation="V2", blobUri=copy.url)))
    assert (status, code) == (409, "OperationNotAllowed")
    assert "copy into it is pending" in words
    importing = disk_body({"createOption": "Import", "sourceUri": copy.url})
    poller = await cloud.compute.disks.begin_create_or_update("rg", "imported", importing)
    cloud.clock.advance(2)
    with pytest.raises(HttpResponseError, match="copy into it is pending"):
        await poller.result()
    cloud.clock.advance(600)
    assert (await image(cloud, of_disk(generation="V2", blobUri=copy.url))).properties.provisioning_state == "Succeeded"


async def test_an_image_is_made_of_snapshots_and_disks(cloud: Cloud) -> None:
    await make(cloud)
    await make(cloud, "s", disk_body({"createOption": "Copy", "sourceResourceId": DISK}), kind="snapshots")
    data = [{"lun": 0, "managedDisk": {"id": DISK}}, {"lun": 1, "snapshot": {"id": SNAPSHOT}, "caching": "ReadOnly"}]
    made = (await image(cloud, of_disk(data, "V1", snapshot={"id": SNAPSHOT}, storageAccountType="Premium_LRS"))).properties
    system, disks = made.storage_profile.os_disk, made.storage_profile.data_disks
    assert (system.snapshot.id, system.disk_size_gb, system.caching, system.storage_account_type) == (SNAPSHOT, 10, "None", "Premium_LRS")
    assert [(d.lun, d.disk_size_gb, d.caching) for d in disks] == [(0, 10, "None"), (1, 10, "ReadOnly")]


async def test_an_image_of_a_disk_that_was_not_generalised_is_not_either(cloud: Cloud) -> None:
    running = Contents(size_gib=30, os_type="Linux", generation="V2")
    cloud.world.machine_disks.create_for_machine(rid(DISK), location="westus", contents=running, machine=rid(MACHINE))
    made = await image(cloud, of_disk(managedDisk={"id": DISK}))
    assert made.properties.hyper_v_generation == "V2"
    kept = cloud.world.images.find(rid(IMAGE))
    assert kept is not None
    assert kept.contents.generalized is False


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"location": "westus", "properties": {}}, (400, "InvalidParameter"), id="no source"),
        pytest.param(of_disk(), (400, "InvalidParameter"), id="a disk of nothing"),
        pytest.param(of_disk(managedDisk={"id": DISK}, snapshot={"id": SNAPSHOT}), (400, "InvalidParameter"), id="two sources"),
        pytest.param(of_disk(managedDisk={"id": f"{DISK}9"}), (404, "ResourceNotFound"), id="missing disk"),
        pytest.param(of_disk(managedDisk={"id": "d"}), (400, "InvalidParameter"), id="disk is no id"),
        pytest.param(of_disk(blobUri=VHD), (400, "InvalidParameter"), id="blob without a generation"),
        pytest.param(of_disk(blobUri=f"{VHD}2", generation="V2"), (400, "InvalidParameter"), id="missing blob"),
        pytest.param(of_disk(blobUri="https://elsewhere.test/a/b", generation="V2"), (400, "InvalidParameter"), id="far blob"),
        pytest.param({**of_disk(managedDisk={"id": DISK}), "location": "eastus"}, (400, "InvalidParameter"), id="another region"),
        pytest.param(
            of_disk([{"lun": 0, "managedDisk": {"id": DISK}}, {"lun": 0, "managedDisk": {"id": DISK}}], managedDisk={"id": DISK}),
            (400, "InvalidParameter"),
            id="lun twice",
        ),
        pytest.param(of_machine(), (404, "ResourceNotFound"), id="missing machine"),
        pytest.param(
            {**of_machine(storageProfile=of_disk(managedDisk={"id": DISK})["properties"]["storageProfile"])},
            (400, "InvalidParameter"),
            id="machine and disk",
        ),
    ],
)
async def test_images_refused_at_once(cloud: Cloud, body: dict[str, Any], expected: tuple[int, str]) -> None:
    await make(cloud)
    assert (await refused(put(cloud, body)))[:2] == expected
    assert cloud.world.images.find(rid(IMAGE)) is None


async def test_a_blob_gives_an_image_and_a_bad_one_none(cloud: Cloud) -> None:
    made = await image(cloud, of_disk(blobUri=VHD, generation="V2"))
    assert (made.properties.storage_profile.os_disk.disk_size_gb, made.properties.storage_profile.data_disks) == (1, None)
    cloud.world.add_vhd(VHD, footer=bytes(FOOTER_BYTES))
    assert (await refused(cloud.compute.images.begin_create_or_update("rg", "x", of_disk(blobUri=VHD, generation="V2"))))[1] == "InvalidVhd"


async def test_of_an_image_only_the_tags_change(cloud: Cloud) -> None:
    machine(cloud)
    await image(cloud, of_machine())
    images = cloud.compute.images
    await images.begin_update("rg", "img", {"tags": {"a": "b"}}, polling=False)
    changed = await images.get("rg", "img")
    assert (changed.tags, changed.properties.provisioning_state) == ({"a": "b"}, "Updating")
    assert (await refused(images.begin_update("rg", "img", {"tags": {}}, polling=False)))[:2] == (409, "Conflict")
    cloud.clock.advance(10)
    other = {"properties": {"sourceVirtualMachine": {"id": f"{MACHINE}2"}}}
    assert (await refused(images.begin_update("rg", "img", other, polling=False)))[:2] == (409, "PropertyChangeNotAllowed")
    generation = {"properties": {"hyperVGeneration": "V1"}}
    assert (await refused(images.begin_update("rg", "img", generation, polling=False)))[:2] == (409, "PropertyChangeNotAllowed")
    assert [i.name async for i in images.list()] == ["img"]
    assert [i.name async for i in images.list_by_resource_group("rg")] == ["img"]
    await images.begin_delete("rg", "img", polling=False)
    assert (await images.get("rg", "img")).properties.provisioning_state == "Deleting"
    cloud.clock.advance(10)
    assert (await refused(images.get("rg", "img")))[:2] == (404, "ResourceNotFound")


def test_an_image_is_adopted_as_it_is_shown(cloud: Cloud) -> None:
    body = {
        "name": "img",
        "id": IMAGE,
        "type": "Microsoft.Compute/images",
        "location": "westus",
        "tags": {},
        "properties": {
            "sourceVirtualMachine": {"id": MACHINE},
            "storageProfile": {
                "osDisk": {
                    **LINUX,
                    "diskSizeGB": 30,
                    "managedDisk": {"id": DISK},
                    "caching": "ReadWrite",
                    "storageAccountType": "Premium_LRS",
                },
                "dataDisks": [{"lun": 0, "diskSizeGB": 10, "managedDisk": {"id": f"{DISK}0"}, "caching": "None"}],
            },
            "provisioningState": "Succeeded",
            "hyperVGeneration": "V1",
        },
    }
    adopted = cloud.world.images.adopt(rid(IMAGE), body)
    assert cloud.ask("GET", f"{IMAGE}?api-version=2024-07-01").json() == body
    assert (adopted.contents.size_gib, adopted.data_contents[0].size_gib) == (30, 10)
