"""What protects image versions: soft delete, the safety profile, and the places they are kept in."""

from __future__ import annotations

from typing import Any

import pytest

from azuresim.core.pool_images import BootImage, PoolImages
from simulator.cloud import DEFINITION, GALLERY, VHD, Cloud, version_body
from simulator.test_disks import refused, rid

VERSION = f"{DEFINITION}/versions/1.0.0"
BIN = f"{GALLERY}/softDeletedArtifactTypes/Images/artifacts/img/versions?api-version=2026-03-03"
DAY = 86_400


def policy(**more: Any) -> dict[str, Any]:
    return {"location": "westus", "properties": {"softDeletePolicy": {"isSoftDeleteEnabled": True, **more}}}


@pytest.fixture
def cloud() -> Cloud:
    """A gallery that keeps what is deleted for seven days, with one version."""
    made = Cloud()
    made.image()
    made.world.galleries.put(rid(GALLERY), policy())
    made.clock.advance(1)
    return made


async def delete(cloud: Cloud, **options: Any) -> None:
    await cloud.compute.gallery_image_versions.begin_delete("rg", "gal", "img", "1.0.0", polling=False, **options)
    cloud.clock.advance(123)


def listed(cloud: Cloud) -> list[str]:
    return [found["name"] for found in cloud.ask("GET", BIN).json()["value"]]


def boots(cloud: Cloud, image: str) -> bool:
    cloud.world.settle()
    found = PoolImages(cloud.world.catalogue, cloud.world.galleries).resolve({"virtualMachineImageId": image}, cloud.account)
    return isinstance(found, BootImage)


async def test_a_deleted_version_is_in_the_bin_and_usable_by_its_full_name_only(cloud: Cloud) -> None:
    await delete(cloud)
    versions = cloud.compute.gallery_image_versions
    assert (await refused(versions.get("rg", "gal", "img", "1.0.0")))[:2] == (404, "ResourceNotFound")
    assert [v async for v in versions.list_by_gallery_image("rg", "gal", "img")] == []
    (found,) = [f async for f in cloud.compute.soft_deleted_resource.list_by_artifact_name("rg", "gal", "Images", "img")]
    assert (found.name, found.properties.resource_arm_id, found.properties.soft_deleted_artifact_type) == ("1.0.0", VERSION, "Images")
    assert (found.properties.consumption_end_time - found.properties.hard_deletion_target_time).days == 0
    assert boots(cloud, VERSION)
    assert not boots(cloud, DEFINITION)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"location": "westus", "properties": {"storageProfile": {}, "restore": True}}, id="asked for"),
        pytest.param({"location": "westus", "tags": {}}, id="without a source, as recorded"),
    ],
)
async def test_a_deleted_version_is_restored(cloud: Cloud, body: dict[str, Any]) -> None:
    await delete(cloud)
    poller = await cloud.compute.gallery_image_versions.begin_create_or_update("rg", "gal", "img", "1.0.0", body)
    assert (await cloud.compute.gallery_image_versions.get("rg", "gal", "img", "1.0.0")).properties.provisioning_state == "Updating"
    cloud.clock.advance(150)
    assert (await poller.result()).properties.provisioning_state == "Succeeded"
    assert listed(cloud) == []
    assert boots(cloud, DEFINITION)
    cloud.clock.advance(30 * DAY)
    assert boots(cloud, VERSION)


async def test_the_name_of_a_deleted_version_is_taken(cloud: Cloud) -> None:
    await delete(cloud)
    new = cloud.compute.gallery_image_versions.begin_create_or_update("rg", "gal", "img", "1.0.0", version_body(), polling=False)
    assert (await refused(new))[:2] == (409, "Conflict")
    far = {"location": "eastus", "properties": {"storageProfile": {}, "restore": True}}
    elsewhere = cloud.compute.gallery_image_versions.begin_create_or_update("rg", "gal", "img", "1.0.0", far, polling=False)
    assert (await refused(elsewhere))[:2] == (409, "InvalidResourceLocation")


async def test_soft_delete_is_bypassed_at_once_or_afterwards(cloud: Cloud) -> None:
    await delete(cloud, bypass_soft_delete=True)
    assert listed(cloud) == []
    cloud.image()
    await delete(cloud)
    assert cloud.ask("DELETE", f"{VERSION}?api-version=2026-03-03").status == 204
    assert listed(cloud) == ["1.0.0"]
    await delete(cloud, bypass_soft_delete=True)
    assert listed(cloud) == []


async def test_retention_and_grace_end(cloud: Cloud) -> None:
    cloud.world.galleries.put(rid(GALLERY), policy(retentionPeriodInDays=10, gracePeriodInDays=5))
    await delete(cloud)
    cloud.clock.advance(10 * DAY)
    assert not boots(cloud, VERSION)
    assert listed(cloud) == ["1.0.0"]
    cloud.clock.advance(5 * DAY)
    assert listed(cloud) == []


async def test_a_definition_with_deleted_versions_stays_until_the_policy_goes(cloud: Cloud) -> None:
    await delete(cloud)
    images = cloud.compute.gallery_images
    assert (await refused(images.begin_delete("rg", "gal", "img", polling=False)))[:2] == (409, "CannotDeleteResource")
    # Recorded: an update that does not name the policy leaves it.
    cloud.world.galleries.put(rid(GALLERY), {"location": "westus", "properties": {"description": "x"}})
    assert listed(cloud) == ["1.0.0"]
    cloud.world.galleries.put(rid(GALLERY), policy(isSoftDeleteEnabled=False))
    assert listed(cloud) == []
    await images.begin_delete("rg", "gal", "img", polling=False)


async def test_what_was_never_captured_is_gone_at_once(cloud: Cloud) -> None:
    cloud.world.add_vhd(VHD, footer=bytes(512))
    await cloud.compute.gallery_image_versions.begin_create_or_update("rg", "gal", "img", "2.0.0", version_body(), polling=False)
    cloud.clock.advance(460)
    await cloud.compute.gallery_image_versions.begin_delete("rg", "gal", "img", "2.0.0", polling=False)
    cloud.clock.advance(123)
    assert listed(cloud) == []


def test_the_bin_of_something_else(cloud: Cloud) -> None:
    assert cloud.ask("GET", BIN.replace("/Images/", "/Applications/")).json()["error"]["code"] == "InvalidParameter"
    assert cloud.ask("GET", BIN.replace("/artifacts/img/", "/artifacts/none/")).json() == {"value": []}
    assert cloud.ask("GET", BIN.replace("/gal/", "/none/")).status == 404


EDGE = {"name": "westus", "extendedLocation": {"name": "losangeles", "type": "EdgeZone"}, "storageAccountType": "premium_lrs"}


async def put_profile(cloud: Cloud, profile: dict[str, Any], **safety: bool) -> Any:
    body = version_body(storageProfile={}, publishingProfile={"targetRegions": [{"name": "westus"}], **profile}, safetyProfile=safety)
    versions = cloud.compute.gallery_image_versions
    await versions.begin_create_or_update("rg", "gal", "img", "1.0.0", body, polling=False)
    cloud.clock.advance(300)
    return (await versions.get("rg", "gal", "img", "1.0.0")).properties.publishing_profile


async def test_extended_locations_are_shown_in_the_services_spelling_and_leave_only_with_permission(cloud: Cloud) -> None:
    plain = {"name": "West US", "extendedLocation": {"name": "dallas"}}
    profile = await put_profile(cloud, {"targetExtendedLocations": [EDGE, plain]})
    assert [
        (p.name, p.extended_location.name, p.extended_location.type, p.extended_location_replica_count, p.storage_account_type)
        for p in profile.target_extended_locations
    ] == [("West US", "losangeles", "EdgeZone", 1, "Premium_LRS"), ("West US", "dallas", "EdgeZone", 1, "StandardSSD_LRS")]
    assert (await refused(put_profile(cloud, {})))[:2] == (409, "OperationNotAllowed")
    patch = {"properties": {"publishingProfile": {"excludeFromLatest": True}, "storageProfile": {}}}
    await cloud.compute.gallery_image_versions.begin_update("rg", "gal", "img", "1.0.0", patch, polling=False)
    cloud.clock.advance(150)
    profile = await put_profile(cloud, {"targetExtendedLocations": [EDGE]}, allowDeletionOfReplicatedLocations=True)
    assert [p.extended_location.name for p in profile.target_extended_locations] == ["losangeles"]
    assert (await put_profile(cloud, {}, allowDeletionOfReplicatedLocations=True)).target_extended_locations is None


async def test_a_region_can_be_left_out_of_latest(cloud: Cloud) -> None:
    await put_profile(cloud, {"targetRegions": [{"name": "westus", "excludeFromLatest": True}, {"name": "eastus"}]})
    definition = cloud.world.galleries.definition(rid(DEFINITION))
    assert (definition.latest("westus"), getattr(definition.latest("eastus"), "id", None)) == (None, rid(VERSION))


async def test_encryption_of_a_region_is_shown_as_recorded(cloud: Cloud) -> None:
    encryption = {"osDiskImage": {"diskEncryptionSetId": f"{GALLERY}/des"}}
    profile = await put_profile(cloud, {"targetRegions": [{"name": "westus", "encryption": encryption}]})
    shown = profile.target_regions[0].encryption.os_disk_image
    assert shown.disk_encryption_set_id == f"{GALLERY}/des"
    assert shown.security_profile is not None
    profile = await put_profile(cloud, {"targetExtendedLocations": [{**EDGE, "encryption": encryption}]})
    assert profile.target_extended_locations[0].encryption.os_disk_image.security_profile is not None
