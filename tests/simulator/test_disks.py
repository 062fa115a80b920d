from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from azuresim.core.contents import Contents
from azuresim.core.managed_disks import ManagedDisk
from azuresim.core.resource_id import ResourceId
from azuresim.core.vhd import FOOTER_BYTES, MIB, fixed_footer
from simulator.cloud import API, DEFINITION, GROUP, STORAGE, SUBSCRIPTION, VHD, Cloud

COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
DISK, SNAPSHOT, MACHINE = f"{COMPUTE}/disks/d", f"{COMPUTE}/snapshots/s", f"{COMPUTE}/virtualMachines/vm"
EMPTY = {"createOption": "Empty"}
UBUNTU = (
    f"/Subscriptions/{SUBSCRIPTION}/Providers/Microsoft.Compute/Locations/westus/Publishers/Canonical/ArtifactTypes/VMImage"
    "/Offers/ubuntu-24_04-lts/Skus/server/Versions/latest"
)


def rid(text: str) -> ResourceId:
    parsed = ResourceId.parse(text)
    assert parsed is not None
    return parsed


def disk_body(
    creation: dict[str, Any] | None = None, *, sku: str = "Premium_LRS", location: str = "westus", **properties: Any
) -> dict[str, Any]:
    made = {"creationData": creation or EMPTY, **({"diskSizeGB": 10} if creation is None else {}), **properties}
    return {"location": location, "sku": {"name": sku}, "properties": made}


def kept(cloud: Cloud, text: str = DISK) -> ManagedDisk:
    found = cloud.world.disks.find(rid(text))
    assert found is not None
    return found


async def make(cloud: Cloud, name: str = "d", body: dict[str, Any] | None = None, *, kind: str = "disks") -> Any:
    client = getattr(cloud.compute, kind)
    poller = await client.begin_create_or_update("rg", name, body or disk_body())
    cloud.clock.advance(2)
    return await poller.result()


async def refused(call: Any) -> tuple[int | None, str | None, str]:
    with pytest.raises(HttpResponseError) as caught:
        await call
    error = caught.value.error
    return caught.value.status_code, error.code if error else None, str(error.message if error else "")


def machine_disk(cloud: Cloud, *, generalized: bool = False, running: bool = True, security_type: str = "Standard") -> ManagedDisk:
    contents = Contents(size_gib=30, os_type="Linux", generation="V2", generalized=generalized, security_type=security_type)
    return cloud.world.machine_disks.create_for_machine(
        rid(DISK), location="westus", contents=contents, machine=rid(MACHINE), sku="Premium_LRS", running=running
    )


def test_an_empty_disk_is_accepted_as_recorded_and_then_shown_in_full(cloud: Cloud) -> None:
    accepted = cloud.ask("PUT", f"{DISK}?api-version=2023-04-02", json.dumps(disk_body()).encode())
    assert accepted.status == 202
    assert "/DiskOperations/" in accepted.headers["Azure-AsyncOperation"]
    assert "monitor=true" in accepted.headers["Location"]
    assert accepted.json()["properties"] == {"creationData": EMPTY, "diskSizeGB": 10, "provisioningState": "Updating"}
    assert accepted.headers["Retry-After"] == "2"
    assert accepted.json()["sku"] == {"name": "Premium_LRS"}
    cloud.clock.advance(1)
    status = cloud.ask("GET", accepted.headers["Azure-AsyncOperation"].removeprefix("https://azuresim.test")).json()
    shown = cloud.ask("GET", f"{DISK}?api-version=2023-04-02").json()
    assert status["properties"]["output"] == shown
    assert shown["sku"] == {"name": "Premium_LRS", "tier": "Premium"}
    properties = shown["properties"]
    assert set(properties) == {
        "creationData", "diskSizeGB", "diskIOPSReadWrite", "diskMBpsReadWrite", "encryption", "networkAccessPolicy", "publicNetworkAccess",
        "timeCreated", "provisioningState", "diskState", "diskSizeBytes", "uniqueId", "tier",
    }  # fmt: skip
    assert (properties["tier"], properties["diskIOPSReadWrite"], properties["diskMBpsReadWrite"]) == ("P3", 120, 25)
    assert (properties["diskState"], properties["diskSizeBytes"]) == ("Unattached", 10 << 30)


@pytest.mark.parametrize(
    ("sku", "gib", "expected"),
    [
        ("Premium_LRS", 1, ("P1", 120, 25)),
        ("Premium_LRS", 30, ("P4", 120, 25)),
        ("Premium_LRS", 1024, ("P30", 5000, 200)),
        ("StandardSSD_LRS", 30, (None, 500, 100)),
        ("Standard_LRS", 30, (None, 500, 60)),
        ("PremiumV2_LRS", 100, (None, 3000, 125)),
    ],
)
async def test_what_a_disk_does_follows_from_its_kind_and_size(
    cloud: Cloud, sku: str, gib: int, expected: tuple[str | None, int, int]
) -> None:
    made = (await make(cloud, body=disk_body(sku=sku, diskSizeGB=gib))).properties
    assert (made.tier, made.disk_iops_read_write, made.disk_m_bps_read_write) == expected


async def test_a_disk_of_an_encryption_set_has_the_customers_key(cloud: Cloud) -> None:
    chosen = f"{GROUP}/providers/Microsoft.Compute/diskEncryptionSets/keys"
    made = await make(cloud, body=disk_body(encryption={"diskEncryptionSetId": chosen}))
    assert (made.encryption.type, made.encryption.disk_encryption_set_id) == ("EncryptionAtRestWithCustomerKey", chosen)


async def test_a_disk_is_changed_and_only_grows(cloud: Cloud) -> None:
    made = await make(cloud)
    changed = await make(cloud, body=disk_body(sku="Standard_LRS", diskSizeGB=20, tier="P3"))
    assert changed.sku.tier == "Standard"
    assert (changed.properties.disk_size_gb, changed.properties.disk_iops_read_write, changed.properties.tier) == (20, 500, None)
    assert changed.properties.unique_id == made.properties.unique_id
    assert changed.properties.time_created == made.properties.time_created
    disks = cloud.compute.disks
    status, _, words = await refused(disks.begin_update("rg", "d", {"properties": {"diskSizeGB": 10}}, polling=False))
    assert (status, "cannot be resized down" in words) == (400, True)
    await disks.begin_update("rg", "d", {"tags": {"a": "b"}, "properties": {"diskSizeGB": 40}}, polling=False)
    assert (await refused(disks.begin_update("rg", "d", {"tags": {}}, polling=False)))[:2] == (409, "Conflict")
    cloud.clock.advance(1)
    patched = await disks.get("rg", "d")
    assert (patched.tags, patched.properties.disk_size_gb, patched.properties.provisioning_state) == ({"a": "b"}, 40, "Succeeded")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(disk_body({"createOption": "Empty"}), (400, "InvalidParameter"), id="no size"),
        pytest.param(disk_body(diskSizeGB=40_000), (400, "InvalidParameter"), id="too large"),
        pytest.param(disk_body(sku="Fast_LRS"), (400, "InvalidParameter"), id="no such kind"),
        pytest.param(disk_body({"createOption": "Conjure"}), (400, "InvalidParameter"), id="no such option"),
        pytest.param(disk_body({"createOption": "Copy"}), (400, "InvalidParameter"), id="no source"),
        pytest.param(disk_body({"createOption": "Copy", "sourceResourceId": f"{DISK}9"}), (404, "ResourceNotFound"), id="missing source"),
        pytest.param(disk_body({"createOption": "Copy", "sourceResourceId": "d"}), (400, "InvalidParameter"), id="source is no id"),
        pytest.param(
            disk_body({"createOption": "Import", "sourceUri": "https://elsewhere.test/a/b"}), (400, "InvalidParameter"), id="far blob"
        ),
        pytest.param(disk_body({"createOption": "Upload"}), (400, "InvalidParameter"), id="upload without a size"),
        pytest.param(
            disk_body({"createOption": "Upload", "uploadSizeBytes": 100 * MIB}), (400, "InvalidParameter"), id="no room for a footer"
        ),
        pytest.param(disk_body({"createOption": "FromImage"}), (400, "InvalidParameter"), id="no image"),
        pytest.param(
            disk_body({"createOption": "FromImage", "imageReference": {"id": UBUNTU.replace("server", "none")}}),
            (404, "PlatformImageNotFound"),
            id="no such image",
        ),
        pytest.param(
            disk_body({"createOption": "FromImage", "galleryImageReference": {"id": f"{DEFINITION}/versions/1.0.0"}}),
            (404, "NotFound"),
            id="no such version",
        ),
        pytest.param(disk_body(location="atlantis"), (400, "LocationNotAvailableForResourceType"), id="no such region"),
        pytest.param({"location": "westus"}, (400, "InvalidParameter"), id="nothing said"),
        pytest.param(
            disk_body({"createOption": "Copy", "sourceResourceId": DISK}, securityProfile={"securityType": "TrustedLaunch"}),
            (400, "BadRequest"),
            id="Trusted Launch by a copy",
        ),
    ],
)
async def test_disks_refused_at_once(cloud: Cloud, body: dict[str, Any], expected: tuple[int, str]) -> None:
    assert (await refused(cloud.compute.disks.begin_create_or_update("rg", "x", body, polling=False)))[:2] == expected
    assert cloud.world.disks.find(rid(f"{COMPUTE}/disks/x")) is None


@pytest.mark.parametrize("name", ["_a", "a.", "a-", "a b", "a%00", "é", "a" * 81])
def test_names_no_disk_has(cloud: Cloud, name: str) -> None:
    for kind in ("disks", "snapshots"):
        answer = cloud.ask("PUT", f"{COMPUTE}/{kind}/{name}?{API}", json.dumps(disk_body()).encode())
        assert (answer.status, answer.json()["error"]["target"]) == (400, f"{kind[:-1]}.name")


async def test_a_name_belongs_to_one_region_and_a_disk_to_its_source(cloud: Cloud) -> None:
    await make(cloud)
    disks = cloud.compute.disks
    far = disks.begin_create_or_update("rg", "d", disk_body(location="eastus"), polling=False)
    assert (await refused(far))[:2] == (409, "InvalidResourceLocation")
    other = disks.begin_create_or_update("rg", "d", disk_body({"createOption": "Copy", "sourceResourceId": DISK}), polling=False)
    assert (await refused(other))[:2] == (409, "PropertyChangeNotAllowed")


async def test_what_is_on_a_disk_travels_through_snapshots_and_copies(cloud: Cloud) -> None:
    source = machine_disk(cloud)
    await make(cloud, "s", disk_body({"createOption": "Copy", "sourceResourceId": DISK}, incremental=True), kind="snapshots")
    copy = await make(cloud, "copy", disk_body({"createOption": "Copy", "sourceResourceId": SNAPSHOT}, diskSizeGB=64))
    assert copy.properties.creation_data.source_unique_id == kept(cloud, SNAPSHOT).computed["uniqueId"]
    assert (copy.properties.os_type, copy.properties.hyper_v_generation) == ("Linux", "V2")
    there = cloud.world.machine_disks.contents(rid(f"{COMPUTE}/disks/copy"))
    assert (there.size_gib, there.generalized, there.os_type) == (64, False, "Linux")
    source.contents = Contents(size_gib=30, os_type="Linux", generation="V2", generalized=True)
    assert kept(cloud, SNAPSHOT).contents.generalized is False
    smaller = await cloud.compute.disks.begin_create_or_update(
        "rg", "small", disk_body({"createOption": "Copy", "sourceResourceId": SNAPSHOT}, diskSizeGB=8)
    )
    cloud.clock.advance(2)
    with pytest.raises(HttpResponseError, match="smaller than the size of the source"):
        await smaller.result()
    assert cloud.world.disks.find(rid(f"{COMPUTE}/disks/small")) is None


async def test_a_trusted_launch_disk_gives_trusted_launch_copies(cloud: Cloud) -> None:
    machine_disk(cloud, security_type="TrustedLaunch")
    copy = await make(cloud, "copy", disk_body({"createOption": "Copy", "sourceResourceId": DISK}))
    assert copy.properties.security_profile.security_type == "TrustedLaunch"
    assert kept(cloud, f"{COMPUTE}/disks/copy").contents.security_type == "TrustedLaunch"


async def test_a_vhd_is_imported_and_a_bad_one_leaves_no_disk(cloud: Cloud) -> None:
    body = disk_body({"createOption": "Import", "sourceUri": VHD, "storageAccountId": STORAGE}, osType="Linux")
    made = await make(cloud, body=body)
    assert (made.properties.disk_size_gb, made.properties.os_type) == (1, "Linux")
    assert kept(cloud).contents.generalized is True
    cloud.world.add_vhd(VHD, footer=bytes(FOOTER_BYTES))
    poller = await cloud.compute.disks.begin_create_or_update("rg", "bad", body)
    cloud.clock.advance(2)
    with pytest.raises(HttpResponseError, match="conectix"):
        await poller.result()
    assert cloud.world.disks.find(rid(f"{COMPUTE}/disks/bad")) is None


async def test_a_vhd_says_by_its_metadata_what_is_on_it(cloud: Cloud) -> None:
    cloud.world.add_vhd(VHD, contents=Contents(size_gib=1, os_type="Linux", generation="V2", generalized=False))
    await make(cloud, body=disk_body({"createOption": "Import", "sourceUri": VHD}, osType="Linux"))
    assert (kept(cloud).contents.generalized, kept(cloud).contents.generation) == (False, "V2")


async def test_disks_are_made_from_images(cloud: Cloud) -> None:
    version = cloud.image()
    made = await make(cloud, body=disk_body({"createOption": "FromImage", "galleryImageReference": {"id": version}}))
    assert (made.properties.disk_size_gb, made.properties.os_type, made.properties.hyper_v_generation) == (30, "Linux", "V2")
    platform = await make(cloud, "p", disk_body({"createOption": "FromImage", "imageReference": {"id": UBUNTU}}))
    assert platform.properties.disk_size_gb == 30
    wrong_lun = {"createOption": "FromImage", "galleryImageReference": {"id": version, "lun": 3}}
    assert (await refused(cloud.compute.disks.begin_create_or_update("rg", "x", disk_body(wrong_lun), polling=False)))[0] == 400


async def test_access_opens_a_readable_blob_and_ends(cloud: Cloud) -> None:
    account = cloud.world.storage.named("vhds")
    assert account is not None
    account.containers["images"].blobs["os.vhd"].content.write(0, b"boot")
    await make(cloud, body=disk_body({"createOption": "Import", "sourceUri": VHD}))
    poller = await cloud.compute.disks.begin_grant_access("rg", "d", {"access": "Read", "durationInSeconds": 3600})
    cloud.clock.advance(1)
    url = (await poller.result()).access_sas.removeprefix("https://azuresim.test")
    assert (await cloud.compute.disks.get("rg", "d")).properties.disk_state == "ActiveSAS"
    read = cloud.ask("GET", url, authorization="", x_ms_range="bytes=0-511")
    assert (read.status, read.body[:4]) == (206, b"boot")
    end = cloud.ask("GET", url, authorization="", x_ms_range=f"bytes={1 << 30}-{(1 << 30) + 511}")
    assert end.body == fixed_footer(1 << 30)
    assert (await refused(cloud.compute.disks.begin_delete("rg", "d", polling=False)))[:2] == (409, "OperationNotAllowed")
    poller = await cloud.compute.disks.begin_revoke_access("rg", "d")
    cloud.clock.advance(1)
    await poller.result()
    assert (await cloud.compute.disks.get("rg", "d")).properties.disk_state == "Unattached"
    assert cloud.ask("GET", url, authorization="").status == 404


async def test_access_runs_out_and_the_state_follows_later(cloud: Cloud) -> None:
    await make(cloud)
    again: list[str] = []
    for _ in range(2):
        poller = await cloud.compute.disks.begin_grant_access("rg", "d", {"access": "Read", "durationInSeconds": 10})
        cloud.clock.advance(1)
        again.append((await poller.result()).access_sas.removeprefix("https://azuresim.test"))
    assert again[0].partition("?")[0] == again[1].partition("?")[0]
    cloud.clock.advance(20)
    assert cloud.ask("HEAD", again[1], authorization="").status == 403
    assert (await cloud.compute.disks.get("rg", "d")).properties.disk_state == "ActiveSAS"
    cloud.clock.advance(600)
    assert (await cloud.compute.disks.get("rg", "d")).properties.disk_state == "Unattached"


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        ({"access": "Write", "durationInSeconds": 60}, (409, "OperationNotAllowed")),
        ({"access": "Borrow", "durationInSeconds": 60}, (400, "InvalidParameter")),
        ({"access": "Read", "durationInSeconds": 0}, (400, "InvalidParameter")),
        ({"access": "Read", "durationInSeconds": 6_000_000}, (400, "InvalidParameter")),
    ],
)
async def test_access_that_is_refused(cloud: Cloud, access: dict[str, Any], expected: tuple[int, str]) -> None:
    await make(cloud)
    assert (await refused(cloud.compute.disks.begin_grant_access("rg", "d", access, polling=False)))[:2] == expected


async def test_a_disk_is_filled_by_an_upload(cloud: Cloud) -> None:
    size = 20 * MIB
    made = await make(cloud, body=disk_body({"createOption": "Upload", "uploadSizeBytes": size + FOOTER_BYTES}, osType="Linux"))
    assert made.properties.disk_state == "ReadyToUpload"
    copy = cloud.compute.disks.begin_create_or_update(
        "rg", "c", disk_body({"createOption": "Copy", "sourceResourceId": DISK}), polling=False
    )
    assert (await refused(copy))[:2] == (409, "OperationNotAllowed")
    poller = await cloud.compute.disks.begin_grant_access("rg", "d", {"access": "Write", "durationInSeconds": 3600})
    cloud.clock.advance(1)
    url = (await poller.result()).access_sas.removeprefix("https://azuresim.test")
    assert (await cloud.compute.disks.get("rg", "d")).properties.disk_state == "ActiveUpload"
    revoke = await cloud.compute.disks.begin_revoke_access("rg", "d")
    cloud.clock.advance(1)
    with pytest.raises(HttpResponseError, match="conectix"):
        await revoke.result()
    footer = fixed_footer(size)
    headers = {"x_ms_page_write": "update", "x_ms_range": f"bytes={size}-{size + FOOTER_BYTES - 1}", "content_length": str(FOOTER_BYTES)}
    assert cloud.ask("PUT", f"{url}&comp=page", footer, authorization="", **headers).status == 201
    revoke = await cloud.compute.disks.begin_revoke_access("rg", "d")
    cloud.clock.advance(1)
    await revoke.result()
    uploaded = await cloud.compute.disks.get("rg", "d")
    assert (uploaded.properties.disk_state, uploaded.properties.disk_size_gb) == ("Unattached", 1)
    await make(cloud, "c", disk_body({"createOption": "Copy", "sourceResourceId": DISK}))


async def test_a_disk_belongs_to_its_machine(cloud: Cloud) -> None:
    machine_disk(cloud)
    disks, machine, other = cloud.compute.disks, rid(MACHINE), rid(f"{MACHINE}2")
    shown = await disks.get("rg", "d")
    assert (shown.managed_by, shown.properties.disk_state) == (MACHINE, "Attached")
    assert (await refused(disks.begin_delete("rg", "d", polling=False)))[:2] == (409, "OperationNotAllowed")
    read = {"access": "Read", "durationInSeconds": 60}
    assert "attached to running VM" in (await refused(disks.begin_grant_access("rg", "d", read, polling=False)))[2]
    grow = {"properties": {"diskSizeGB": 64}}
    assert "attached to running VM" in (await refused(disks.begin_update("rg", "d", grow, polling=False)))[2]
    with pytest.raises(Exception, match="already owned by VM"):
        cloud.world.machine_disks.attach(rid(DISK), other, location="westus")
    cloud.world.machine_disks.set_running(machine, running=False)
    assert (await disks.get("rg", "d")).properties.disk_state == "Reserved"
    await disks.begin_grant_access("rg", "d", read, polling=False)
    cloud.clock.advance(1)
    cloud.world.settle()
    with pytest.raises(Exception, match="active shared access signature"):
        cloud.world.machine_disks.set_running(machine, running=True)
    await disks.begin_revoke_access("rg", "d", polling=False)
    cloud.clock.advance(1)
    cloud.world.settle()
    cloud.world.machine_disks.detach(rid(DISK), machine)
    assert (await disks.get("rg", "d")).managed_by is None
    cloud.world.machine_disks.attach(rid(DISK), other, location="West US")
    assert (await disks.get("rg", "d")).managed_by == f"{MACHINE}2"
    with pytest.raises(Exception, match="only to a machine of its own region"):
        cloud.world.machine_disks.attach(rid(DISK), other, location="eastus")
    cloud.world.machine_disks.remove(rid(DISK))
    assert (await refused(disks.get("rg", "d")))[:2] == (404, "ResourceNotFound")


async def test_snapshots_go_to_another_region_and_can_be_used_when_they_are_there(cloud: Cloud) -> None:
    await make(cloud)
    await make(cloud, "s", disk_body({"createOption": "Copy", "sourceResourceId": DISK}, incremental=True), kind="snapshots")
    far = disk_body({"createOption": "Copy", "sourceResourceId": SNAPSHOT}, location="eastus", incremental=True)
    snapshots = cloud.compute.snapshots
    assert (await refused(snapshots.begin_create_or_update("rg", "far", far, polling=False)))[:2] == (400, "BadRequest")
    far["properties"]["creationData"]["createOption"] = "CopyStart"
    await make(cloud, "far", far, kind="snapshots")
    shown = (await snapshots.get("rg", "far")).properties
    assert (shown.completion_percent, shown.incremental, shown.snapshot_access_state) == (0.2, True, "Pending")
    restore = disk_body({"createOption": "Copy", "sourceResourceId": f"{COMPUTE}/snapshots/far"}, location="eastus")
    assert (await refused(cloud.compute.disks.begin_create_or_update("rg", "r", restore, polling=False)))[:2] == (
        409,
        "OperationNotAllowed",
    )
    read = {"access": "Read", "durationInSeconds": 60}
    assert (await refused(snapshots.begin_grant_access("rg", "far", read, polling=False)))[:2] == (409, "OperationNotAllowed")
    cloud.clock.advance(600)
    shown = (await snapshots.get("rg", "far")).properties
    assert (shown.completion_percent, shown.snapshot_access_state) == (100.0, "Available")
    await make(cloud, "r", restore)


async def test_disks_and_snapshots_are_listed_and_deleted_apart(cloud: Cloud) -> None:
    cloud.world.add_resource_group(SUBSCRIPTION, "other")
    await make(cloud)
    await make(cloud, "s", kind="snapshots")
    await cloud.compute.disks.begin_create_or_update("other", "o", disk_body(), polling=False)
    assert [d.name async for d in cloud.compute.disks.list_by_resource_group("rg")] == ["d"]
    assert [d.name async for d in cloud.compute.disks.list()] == ["d", "o"]
    assert [s.name async for s in cloud.compute.snapshots.list()] == ["s"]
    assert [s.name async for s in cloud.compute.snapshots.list_by_resource_group("other")] == []
    for kind in ("disks", "snapshots"):
        name = kind[0]
        await getattr(cloud.compute, kind).begin_delete("rg", name, polling=False)
        assert (await getattr(cloud.compute, kind).get("rg", name)).properties.provisioning_state == "Deleting"
        cloud.clock.advance(1)
        assert (await refused(getattr(cloud.compute, kind).get("rg", name)))[:2] == (404, "ResourceNotFound")
        assert cloud.ask("DELETE", f"{COMPUTE}/{kind}/{name}?api-version=1").status == 204


def test_a_disk_is_adopted_as_it_is_shown(cloud: Cloud) -> None:
    body = {
        "name": "d",
        "id": DISK,
        "type": "Microsoft.Compute/disks",
        "location": "westus",
        "tags": {"a": "b"},
        "managedBy": MACHINE,
        "zones": ["1"],
        "sku": {"name": "Premium_LRS", "tier": "Premium"},
        "properties": {
            "osType": "Linux",
            "hyperVGeneration": "V2",
            "creationData": {"createOption": "FromImage", "imageReference": {"id": UBUNTU}},
            "diskSizeGB": 30,
            "diskIOPSReadWrite": 120,
            "diskMBpsReadWrite": 25,
            "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
            "networkAccessPolicy": "AllowAll",
            "publicNetworkAccess": "Enabled",
            "timeCreated": "2024-08-26T08:02:17.8761831+00:00",
            "provisioningState": "Succeeded",
            "diskState": "Attached",
            "diskSizeBytes": 32213303296,
            "uniqueId": "11111111-2222-4333-8444-555555555555",
            "tier": "P4",
            "LastOwnershipUpdateTime": "2024-08-26T08:02:17.8761831+00:00",
        },
    }
    cloud.world.disks.adopt(rid(DISK), body)
    shown = cloud.ask("GET", f"{DISK}?api-version=2023-04-02").json()
    assert shown == body
    assert kept(cloud).contents.generalized is False
