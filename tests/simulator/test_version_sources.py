"""What image versions are made from, and what the service refuses to make them from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from azuresim.core.contents import Contents
from azuresim.core.marketplace import MarketplaceImage
from azuresim.core.pool_images import BootImage, PoolImages
from azuresim.core.versions import ImageVersion
from simulator.cloud import DEFINITION, GALLERY, STORAGE, SUBSCRIPTION, VHD, Cloud, version_body
from simulator.test_disks import COMPUTE, DISK, MACHINE, SNAPSHOT, disk_body, make, refused, rid
from simulator.test_managed_images import EPHEMERAL, IMAGE, UNMANAGED, image, machine, of_disk, of_machine

VERSION = f"{DEFINITION}/versions/1.0.0"
BLOB = {"storageAccountId": STORAGE, "uri": VHD}
SYSTEM = Contents(size_gib=30, os_type="Linux", generation="V2")


async def put(cloud: Cloud, profile: dict[str, Any], name: str = "1.0.0", **properties: Any) -> Any:
    body = version_body(storageProfile=profile, **properties)
    return await cloud.compute.gallery_image_versions.begin_create_or_update("rg", "gal", "img", name, body, polling=False)


async def get(cloud: Cloud) -> Any:
    return await cloud.compute.gallery_image_versions.get("rg", "gal", "img", "1.0.0", expand="ReplicationStatus")


def kept(cloud: Cloud) -> ImageVersion:
    found = cloud.world.publishing.find(rid(VERSION))
    assert found is not None
    return found


def boots(cloud: Cloud) -> BootImage:
    cloud.world.settle()
    found = PoolImages(cloud.world.catalogue, cloud.world.galleries).resolve({"virtualMachineImageId": VERSION}, cloud.account)
    assert isinstance(found, BootImage)
    return found


async def test_a_managed_image_becomes_a_version_with_its_data_disks(cloud: Cloud) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    machine(cloud)
    await image(cloud, of_machine())
    await put(cloud, {"source": {"id": IMAGE}})
    assert (await get(cloud)).properties.storage_profile.os_disk_image is None
    cloud.clock.advance(460)
    made = (await get(cloud)).properties.storage_profile
    assert (made.source.id, made.os_disk_image.size_in_gb, made.os_disk_image.host_caching) == (IMAGE, 30, "ReadWrite")
    assert [(d.lun, d.size_in_gb, d.host_caching, d.source) for d in made.data_disk_images] == [(4, 10, "None", None)]
    assert kept(cloud).data_contents[4].size_gib == 10
    assert boots(cloud).generalized is True


@pytest.mark.parametrize("member", ["virtualMachineId", "id"])
async def test_a_generalised_machine_becomes_a_version(cloud: Cloud, member: str) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    machine(cloud)
    await put(cloud, {"source": {member: MACHINE}})
    cloud.clock.advance(460)
    made = (await get(cloud)).properties
    assert (made.provisioning_state, made.storage_profile.os_disk_image.size_in_gb) == ("Succeeded", 30)
    assert [d.lun for d in made.storage_profile.data_disk_images] == [4]
    assert boots(cloud).generalized is True


async def test_a_machine_marked_but_not_deprovisioned_gives_a_version_nodes_never_turn_idle_from(cloud: Cloud) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    machine(cloud)
    cloud.world.machine_disks.set_contents(rid(DISK), SYSTEM)
    await put(cloud, {"source": {"virtualMachineId": MACHINE}})
    cloud.clock.advance(460)
    assert (await get(cloud)).properties.provisioning_state == "Succeeded"
    assert boots(cloud).generalized is False


async def test_a_specialised_definition_takes_a_machine_as_it_is(cloud: Cloud) -> None:
    cloud.world.add_definition(DEFINITION, location="westus", os_state="Specialized")
    machine(cloud, generalized=False)
    await put(cloud, {"source": {"virtualMachineId": MACHINE}})
    cloud.clock.advance(460)
    assert (await get(cloud)).properties.provisioning_state == "Succeeded"


async def test_disks_snapshots_and_blobs_are_mixed(cloud: Cloud) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    cloud.world.machine_disks.create_for_machine(rid(DISK), location="westus", contents=SYSTEM, machine=rid(MACHINE))
    await make(cloud, "s", disk_body({"createOption": "Copy", "sourceResourceId": DISK}), kind="snapshots")
    await make(cloud, "data")
    data = [{"lun": 0, "source": {"id": f"{COMPUTE}/disks/data"}}, {"lun": 5, "hostCaching": "None", "source": BLOB}]
    await put(cloud, {"osDiskImage": {"source": {"id": SNAPSHOT}}, "dataDiskImages": data})
    creating = (await get(cloud)).properties.storage_profile
    assert [(d.lun, d.host_caching, d.size_in_gb) for d in creating.data_disk_images] == [(0, "ReadOnly", None), (5, "None", None)]
    cloud.clock.advance(460)
    made = (await get(cloud)).properties.storage_profile
    assert (made.os_disk_image.size_in_gb, made.os_disk_image.source.id) == (30, SNAPSHOT)
    assert [(d.lun, d.size_in_gb, d.source.id or d.source.uri) for d in made.data_disk_images] == [
        (0, 10, f"{COMPUTE}/disks/data"),
        (5, 1, VHD),
    ]
    assert boots(cloud).generalized is False


async def test_a_version_of_a_version_has_its_contents(cloud: Cloud) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    cloud.world.add_definition(f"{GALLERY}/images/old", location="westus")
    cloud.world.add_version(f"{GALLERY}/images/old/versions/1.0.0", regions=("westus",), generalized=False)
    await put(cloud, {"source": {"id": f"{GALLERY}/images/old/versions/1.0.0"}})
    cloud.clock.advance(460)
    assert boots(cloud).generalized is False


@pytest.mark.parametrize(
    ("contents", "generalized"),
    [
        pytest.param(None, True, id="taken at its user's word"),
        pytest.param(Contents(size_gib=1, os_type="Linux", generation="V2", generalized=False), False, id="marked as not deprovisioned"),
    ],
)
async def test_what_a_vhd_says_of_itself_decides(cloud: Cloud, contents: Contents | None, generalized: bool) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    cloud.world.add_vhd(VHD, contents=contents)
    await put(cloud, {"osDiskImage": {"source": BLOB}})
    cloud.clock.advance(460)
    assert boots(cloud).generalized is generalized


@pytest.mark.parametrize(
    ("definition", "facts", "words"),
    [
        pytest.param({}, {"generalized": False}, "(Generalized) is not Specialized", id="a machine that was not generalised"),
        pytest.param({"os_state": "Specialized"}, {}, "(Specialized) is not Generalized", id="a consumed machine as it is"),
        pytest.param({"generation": "V1"}, {}, "different Hypervisor generation ['V2']", id="generation"),
        pytest.param({"os_type": "Windows"}, {}, "different OS type ['Linux']", id="operating system"),
        pytest.param({"architecture": "Arm64"}, {}, "different architecture ['x64']", id="architecture"),
        pytest.param(
            {"security_type": "TrustedLaunchSupported"}, {}, "Currently only Vhd Blob, User Image and", id="supported, of a machine"
        ),
        pytest.param({"security_type": "TrustedLaunch"}, {}, "different Security type ['Standard']", id="Trusted Launch of none"),
        pytest.param({}, {"security_type": "TrustedLaunch"}, "different Security type ['TrustedLaunch']", id="Standard of Trusted Launch"),
        pytest.param({}, {"location": "eastus"}, "in the same region", id="region"),
        pytest.param({}, {"os_disk": EPHEMERAL}, "ephemeral OS disk", id="ephemeral"),
        pytest.param({}, {"os_disk": replace(UNMANAGED, own=SYSTEM)}, "must be created from Managed Disks", id="unmanaged"),
    ],
)
async def test_machines_that_give_no_version(cloud: Cloud, definition: dict[str, Any], facts: dict[str, Any], words: str) -> None:
    cloud.world.add_definition(DEFINITION, location="westus", **definition)
    machine(cloud, **facts)
    status, code, said = await refused(put(cloud, {"source": {"virtualMachineId": MACHINE}}))
    assert (status, code) == (400, "InvalidParameter")
    assert words in said


async def test_a_machine_with_an_ultra_disk_gives_no_version(cloud: Cloud) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    machine(cloud)
    disk = cloud.world.disks.find(rid(f"{DISK}0"))
    assert disk is not None
    disk.sku = "UltraSSD_LRS"
    assert "stored in an UltraSSD account type" in (await refused(put(cloud, {"source": {"virtualMachineId": MACHINE}})))[2]


@pytest.mark.parametrize(
    ("security_type", "source_security", "accepted"),
    [
        ("TrustedLaunch", "TrustedLaunch", True),
        ("Standard", "TrustedLaunch", False),
        ("TrustedLaunch", "Standard", False),
        ("TrustedLaunchSupported", "Standard", False),
        ("Standard", "Standard", True),
    ],
)
async def test_the_security_type_of_a_disk_is_the_definitions(
    cloud: Cloud,
    security_type: str,
    source_security: str,
    accepted: bool,
) -> None:
    cloud.world.add_definition(DEFINITION, location="westus", security_type=security_type)
    contents = Contents(size_gib=30, os_type="Linux", generation="V2", security_type=source_security)
    cloud.world.machine_disks.create_for_machine(rid(DISK), location="westus", contents=contents, machine=rid(MACHINE))
    profile = {"osDiskImage": {"source": {"id": DISK}}}
    if accepted:
        await put(cloud, profile)
    else:
        assert "ecurity type" in (await refused(put(cloud, profile)))[2]


async def test_a_disk_without_a_system_fits_any_generation(cloud: Cloud) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    await make(cloud, "d", disk_body(hyperVGeneration="V1"))
    await put(cloud, {"osDiskImage": {"source": {"id": DISK}}})
    cloud.clock.advance(460)
    assert (await get(cloud)).properties.provisioning_state == "Succeeded"


@pytest.mark.parametrize(
    ("declared", "shown", "security_type"),
    [
        (None, None, "Standard"),
        ("TrustedLaunch", "TrustedLaunch", "TrustedLaunch"),
        (
            "ConfidentialVM_VMGuestStateOnlyEncryptedWithPlatformKey",
            "ConfidentialVM_VMGuestStateOnlyEncryptedWithPlatformKey",
            "ConfidentialVM",
        ),
    ],
)
async def test_a_disk_of_an_image_that_supports_more_has_what_it_says(
    cloud: Cloud, declared: str | None, shown: str | None, security_type: str
) -> None:
    supported = "TrustedLaunchAndConfidentialVmSupported"
    offered = MarketplaceImage(
        publisher="p", offer="o", sku="s", versions=("1.0.0",), generation="V2", features=(("SecurityType", supported),)
    )
    cloud.world.sources.marketplace.add(offered)
    cloud.world.add_definition(DEFINITION, location="westus", security_type=security_type)
    name = "/Publishers/p/ArtifactTypes/VMImage/Offers/o/Skus/s/Versions/1.0.0"
    reference = {"id": f"/Subscriptions/{SUBSCRIPTION}/Providers/Microsoft.Compute/Locations/westus{name}"}
    secured: dict[str, Any] = {} if declared is None else {"securityProfile": {"securityType": declared}}
    disk = await make(cloud, "d", disk_body({"createOption": "FromImage", "imageReference": reference}, **secured))
    profile = disk.properties.security_profile
    assert (profile and profile.security_type) == shown
    await put(cloud, {"osDiskImage": {"source": {"id": DISK}}})
    cloud.clock.advance(460)
    assert (await get(cloud)).properties.provisioning_state == "Succeeded"


@pytest.mark.parametrize(
    ("security_type", "profile", "accepted"),
    [
        ("TrustedLaunchSupported", {"osDiskImage": {"source": BLOB}}, True),
        ("TrustedLaunch", {"osDiskImage": {"source": BLOB}}, False),
        ("TrustedLaunchSupported", {"source": {"id": IMAGE}}, True),
        ("TrustedLaunch", {"source": {"id": IMAGE}}, False),
        ("TrustedLaunchSupported", {"source": {"id": f"{GALLERY}/images/old/versions/1.0.0"}}, True),
        ("TrustedLaunch", {"source": {"id": f"{GALLERY}/images/old/versions/1.0.0"}}, False),
    ],
)
async def test_supported_is_for_blobs_images_and_versions(
    cloud: Cloud,
    security_type: str,
    profile: dict[str, Any],
    accepted: bool,
) -> None:
    cloud.world.add_definition(DEFINITION, location="westus", security_type=security_type)
    cloud.world.add_definition(f"{GALLERY}/images/old", location="westus")
    cloud.world.add_version(f"{GALLERY}/images/old/versions/1.0.0", regions=("westus",))
    await image(cloud, of_disk(blobUri=VHD, generation="V2"))
    if accepted:
        await put(cloud, profile)
    else:
        assert "different Security type" in (await refused(put(cloud, profile)))[2]


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        pytest.param({"source": {"communityGalleryImageId": "/communityGalleries/g/images/i"}}, "community gallery", id="community"),
        pytest.param({"source": {"id": MACHINE, "virtualMachineId": MACHINE}}, "One and only one source", id="two names"),
        pytest.param({"source": {"id": "img"}}, "Expect fully qualified resource Id", id="no id"),
        pytest.param({"source": {"id": STORAGE}}, "must either be a managed image, virtual machine", id="no source of that type"),
        pytest.param({"source": {"virtualMachineId": IMAGE}}, "must be a virtual machine", id="no machine"),
        pytest.param({"source": {"id": IMAGE}}, "is not found", id="missing image"),
        pytest.param({"source": {"id": MACHINE}}, "is not found", id="missing machine"),
        pytest.param({"osDiskImage": {"source": {"id": IMAGE}}}, "must be a managed disk or snapshot", id="an image as a disk"),
        pytest.param({"osDiskImage": {"source": {"id": f"{DISK}9"}}}, "is not found", id="missing disk"),
        pytest.param({"osDiskImage": {"source": {"id": "d"}}}, "osDiskImage.source.id' is invalid", id="disk is no id"),
        pytest.param(
            {"osDiskImage": {"source": {"id": DISK}}, "dataDiskImages": [{"lun": 0, "source": {"id": DISK}}]},
            "Duplicated source ids",
            id="a disk twice",
        ),
        pytest.param({"osDiskImage": {"source": {"id": f"{COMPUTE}/disks/far"}}}, "is not found", id="disk in another region"),
        pytest.param({"osDiskImage": {"source": {"id": f"{COMPUTE}/disks/v2"}}}, "PremiumV2", id="PremiumV2 disk"),
    ],
)
async def test_sources_refused_at_once(cloud: Cloud, profile: dict[str, Any], words: str) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    await make(cloud)
    await make(cloud, "far", disk_body(location="eastus"))
    await make(cloud, "v2", disk_body(sku="PremiumV2_LRS"))
    status, code, said = await refused(put(cloud, profile))
    assert (status, code) == (400, "InvalidParameter")
    assert words in said
    assert cloud.world.publishing.find(rid(VERSION)) is None


@pytest.mark.parametrize(
    "profile",
    [
        pytest.param({"source": {"id": IMAGE}}, id="image"),
        pytest.param({"source": {"virtualMachineId": MACHINE}}, id="machine"),
        pytest.param({"osDiskImage": {"source": {"id": SNAPSHOT}}}, id="snapshot"),
    ],
)
async def test_a_source_must_live_until_it_is_captured(cloud: Cloud, profile: dict[str, Any]) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    machine(cloud)
    await image(cloud, of_machine())
    await make(cloud, "s", disk_body({"createOption": "Copy", "sourceResourceId": DISK}), kind="snapshots")
    await put(cloud, profile)
    cloud.world.sources.images.remove(rid(IMAGE))
    cloud.world.sources.snapshots.remove(rid(SNAPSHOT))
    cloud.world.sources.machines.remove(rid(MACHINE))
    cloud.clock.advance(460)
    made = (await get(cloud)).properties
    assert made.provisioning_state == "Failed"
    assert "Please make sure the source exists" in made.replication_status.summary[0].details


async def test_what_is_captured_outlives_its_source(cloud: Cloud) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    machine(cloud)
    await put(cloud, {"source": {"virtualMachineId": MACHINE}})
    cloud.clock.advance(460)
    cloud.world.settle()
    cloud.world.sources.machines.remove(rid(MACHINE))
    more = {"targetRegions": [{"name": "westus"}, {"name": "eastus"}]}
    await put(cloud, {"osDiskImage": {"hostCaching": "ReadWrite"}}, publishingProfile=more)
    cloud.clock.advance(300)
    assert (await get(cloud)).properties.provisioning_state == "Succeeded"


async def test_shallow_versions_are_quick_and_may_be_larger(cloud: Cloud) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    await make(cloud, body=disk_body(diskSizeGB=4096))
    profile = {"osDiskImage": {"source": {"id": DISK}}}
    await put(cloud, profile, publishingProfile={"replicationMode": "Shallow"})
    cloud.clock.advance(60)
    assert (await get(cloud)).properties.provisioning_state == "Succeeded"
    await put(cloud, profile, "1.0.1")
    cloud.clock.advance(460)
    full = await cloud.compute.gallery_image_versions.get("rg", "gal", "img", "1.0.1", expand="ReplicationStatus")
    assert full.properties.provisioning_state == "Failed"
    assert "exceeds the max size 2048" in full.properties.replication_status.summary[0].details


async def test_data_disks_of_a_version_never_change(cloud: Cloud) -> None:
    cloud.image()
    profile = {"dataDiskImages": [{"lun": 7, "hostCaching": "None"}]}
    status, code, words = await refused(put(cloud, profile))
    assert (status, code) == (409, "PropertyChangeNotAllowed")
    assert "changing the LUN" in words


def test_a_version_is_adopted_as_it_is_shown(cloud: Cloud) -> None:
    body = {
        "name": "1.0.0",
        "id": VERSION,
        "type": "Microsoft.Compute/galleries/images/versions",
        "location": "westus",
        "tags": {},
        "properties": {
            "publishingProfile": {
                "targetRegions": [{"name": "West US", "regionalReplicaCount": 1, "storageAccountType": "Standard_LRS"}],
                "replicaCount": 1,
                "excludeFromLatest": False,
                "publishedDate": "2023-12-19T09:12:25.258921+00:00",
                "storageAccountType": "Standard_LRS",
            },
            "storageProfile": {
                "source": {"id": IMAGE},
                "osDiskImage": {"sizeInGB": 30, "hostCaching": "ReadWrite", "source": {}},
                "dataDiskImages": [{"lun": 0, "sizeInGB": 10, "hostCaching": "None"}],
            },
            "safetyProfile": {"reportedForPolicyViolation": False, "allowDeletionOfReplicatedLocations": False},
            "provisioningState": "Succeeded",
        },
    }
    gallery = {"location": "westus", "properties": {"identifier": {"uniqueName": f"{SUBSCRIPTION}-GAL"}, "description": "x"}}
    cloud.world.galleries.adopt(rid(GALLERY), gallery)
    cloud.world.publishing.adopt(rid(VERSION), body)
    assert cloud.ask("GET", f"{VERSION}?api-version=2023-07-03").json() == body
    assert cloud.ask("GET", f"{GALLERY}?api-version=1").json()["properties"]["description"] == "x"
    assert cloud.ask("GET", f"{DEFINITION}?api-version=1").json()["properties"]["osState"] == "Generalized"
    assert kept(cloud).usable_in("westus")


async def test_a_failed_version_keeps_its_name_and_shows_why(cloud: Cloud) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    poller = await cloud.compute.gallery_image_versions.begin_create_or_update(
        "rg", "gal", "img", "1.0.0", version_body(storageProfile={"osDiskImage": {"source": {**BLOB, "uri": f"{VHD}2"}}})
    )
    cloud.clock.advance(460)
    with pytest.raises(HttpResponseError, match="Please make sure the source exists"):
        await poller.result()
    assert kept(cloud).state == "Failed"


def test_a_seed_says_what_was_not_deprovisioned(cloud: Cloud) -> None:
    cloud.world.load(
        {
            "vhds": [{"account": "vhds", "container": "images", "blob": "raw.vhd", "generalized": False}],
            "definitions": [{"id": DEFINITION, "location": "westus"}],
            "versions": [{"id": VERSION, "regions": ["westus"], "generalized": False}],
        }
    )
    assert boots(cloud).generalized is False
    found = cloud.world.sources.vhd(VHD.replace("os.vhd", "raw.vhd"))
    assert found is not None
    assert found.contents(SYSTEM) == Contents(size_gib=1, os_type="Linux", generation="V2", generalized=False)
