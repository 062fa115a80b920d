from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from azuresim import FailReplication, FaultRule
from azuresim.core.resource_id import ResourceId
from azuresim.core.vhd import fixed_footer
from simulator.cloud import DEFINITION, GALLERY, STORAGE, VHD, Cloud, version_body

OS_DISK = {"source": {"storageAccountId": STORAGE, "uri": VHD}}
REGIONS = {"publishingProfile": {"targetRegions": [{"name": "westus"}, {"name": "North Europe", "regionalReplicaCount": 2}]}}


@pytest.fixture
def cloud() -> Cloud:
    made = Cloud()
    made.world.add_definition(DEFINITION, location="westus")
    return made


async def put(cloud: Cloud, body: dict[str, Any] | None = None, name: str = "1.0.0") -> Any:
    return await cloud.compute.gallery_image_versions.begin_create_or_update(
        "rg", "gal", "img", name, body or version_body(), polling=False
    )


async def refused(cloud: Cloud, body: dict[str, Any], name: str = "1.0.0") -> tuple[int | None, str | None, str | None]:
    with pytest.raises(HttpResponseError) as caught:
        await put(cloud, body, name)
    error = caught.value.error
    return caught.value.status_code, error.code if error else None, error.message if error else ""


async def get(cloud: Cloud, name: str = "1.0.0", *, expand: bool = True) -> Any:
    return await cloud.compute.gallery_image_versions.get("rg", "gal", "img", name, expand="ReplicationStatus" if expand else None)


def states(version: Any) -> dict[str, tuple[str, int]]:
    return {r.region: (r.state, r.progress) for r in version.properties.replication_status.summary}


async def test_the_home_region_is_captured_first_and_the_others_follow(cloud: Cloud) -> None:
    await put(cloud, version_body(**REGIONS))
    cloud.clock.advance(230)
    version = await get(cloud)
    assert version.properties.provisioning_state == "Creating"
    assert version.properties.storage_profile.os_disk_image.size_in_gb is None
    assert states(version) == {"West US": ("Replicating", 50), "North Europe": ("Replicating", 0)}
    cloud.clock.advance(230 + 75)
    version = await get(cloud)
    assert states(version) == {"West US": ("Completed", 100), "North Europe": ("Replicating", 25)}
    assert version.properties.replication_status.aggregated_state == "InProgress"
    cloud.clock.advance(225)
    version = await get(cloud)
    assert version.properties.provisioning_state == "Succeeded"
    assert version.properties.replication_status.aggregated_state == "Completed"
    assert version.properties.storage_profile.os_disk_image.size_in_gb == 1


async def test_what_is_left_out_is_filled_in_and_regions_are_shown_in_full(cloud: Cloud) -> None:
    await put(cloud, version_body(**REGIONS))
    version = await get(cloud, expand=False)
    profile = version.properties.publishing_profile
    assert version.properties.replication_status is None
    assert [(r.name, r.regional_replica_count, r.storage_account_type) for r in profile.target_regions] == [
        ("West US", 1, "Standard_LRS"),
        ("North Europe", 2, "Standard_LRS"),
    ]
    assert profile.exclude_from_latest is False
    assert profile.published_date is not None
    assert version.properties.safety_profile.allow_deletion_of_replicated_locations is False
    assert version.properties.storage_profile.os_disk_image.host_caching == "ReadWrite"


@pytest.mark.parametrize(("security_type", "validated"), [("Standard", False), ("TrustedLaunchSupported", True)])
async def test_a_captured_version_shows_its_validation_and_only_to_those_who_know_it(
    cloud: Cloud, security_type: str, *, validated: bool
) -> None:
    cloud.world.add_definition(DEFINITION, location="westus", security_type=security_type)

    def shown(api_version: str) -> Any:
        path = f"{DEFINITION}/versions/1.0.0?api-version={api_version}"
        return cloud.ask("GET", path).json()["properties"].get("validationsProfile")

    await put(cloud)
    assert shown("2024-03-03") is None
    cloud.clock.advance(460)
    assert shown("2024-03-03") == {"validationOperationStatus": "NotExecuted"}
    assert shown("2023-07-03") is None
    cloud.clock.advance(3600)
    executed = (await get(cloud)).properties.validations_profile.executed_validations
    assert [(v.type, v.status) for v in executed or ()] == ([("TrustedLaunch", "Succeeded")] if validated else [])


async def test_without_regions_the_home_region_is_meant(cloud: Cloud) -> None:
    await put(cloud, version_body(publishingProfile={}))
    version = await get(cloud)
    assert [r.name for r in version.properties.publishing_profile.target_regions] == ["West US"]


async def test_the_operation_ends_with_the_version(cloud: Cloud) -> None:
    body = version_body()
    poller = await cloud.compute.gallery_image_versions.begin_create_or_update("rg", "gal", "img", "1.0.0", body)
    assert poller.status() == "InProgress"
    cloud.clock.advance(460)
    assert (await poller.result()).properties.provisioning_state == "Succeeded"


@pytest.mark.parametrize(
    ("body", "name", "expected"),
    [
        pytest.param(version_body(), "1.0", (400, "InvalidParameter", "Major(int).Minor(int).Patch(int)"), id="two numbers"),
        pytest.param(version_body(), "1.0.2147483648", (400, "InvalidParameter", "Major(int)"), id="more than 32 bits"),
        pytest.param(
            version_body(publishingProfile={"targetRegions": [{"name": "eastus"}]}),
            "1.0.0",
            (400, "InvalidParameter", "must contain the location of image version westus"),
            id="home region missing",
        ),
        pytest.param(
            version_body(publishingProfile={"targetRegions": [{"name": "westus"}, {"name": "West US"}]}),
            "1.0.0",
            (400, "InvalidParameter", "Duplicate regions"),
            id="region twice",
        ),
        pytest.param(
            version_body(publishingProfile={"targetRegions": [{"name": "westus"}, {"name": "atlantis"}]}),
            "1.0.0",
            (400, "InvalidParameter", "atlantis"),
            id="no such region",
        ),
        pytest.param(
            version_body(publishingProfile={"targetRegions": [{"name": "westus", "regionalReplicaCount": 101}]}),
            "1.0.0",
            (400, "InvalidParameter", "between 1 and 100"),
            id="replicas",
        ),
        pytest.param(
            version_body(publishingProfile={"targetRegions": [{"name": "westus", "regionalReplicaCount": 0}]}),
            "1.0.0",
            (400, "InvalidParameter", "between 1 and 100"),
            id="no replicas",
        ),
        pytest.param(
            version_body(storageProfile={"osDiskImage": OS_DISK, "dataDiskImages": [{"lun": 64, **OS_DISK}]}),
            "1.0.0",
            (400, "InvalidParameter", "dataDiskImages.lun is out of range"),
            id="a lun no machine has",
        ),
        pytest.param(
            version_body(publishingProfile={"endOfLifeDate": "soon"}),
            "1.0.0",
            (400, "InvalidRequestContent", "Could not convert string to DateTimeOffset"),
            id="an end that is no date",
        ),
        pytest.param(version_body(storageProfile={}), "1.0.0", (400, "InvalidParameter", "One and only one source"), id="no source"),
        pytest.param(
            version_body(
                storageProfile={"source": {"id": DEFINITION}, "osDiskImage": {"source": {"uri": VHD, "storageAccountId": STORAGE}}}
            ),
            "1.0.0",
            (400, "InvalidParameter", "One and only one source"),
            id="two sources",
        ),
        pytest.param(
            version_body(storageProfile={"osDiskImage": {"source": {"uri": VHD, "storageAccountId": f"{STORAGE}2"}}}),
            "1.0.0",
            (400, "InvalidParameter", "is not found"),
            id="no such account",
        ),
        pytest.param(
            version_body(storageProfile={"osDiskImage": {"source": {"uri": VHD, "storageAccountId": "vhds"}}}),
            "1.0.0",
            (400, "InvalidParameter", "Expect fully qualified resource Id"),
            id="account is no id",
        ),
        pytest.param(
            version_body(
                storageProfile={"osDiskImage": {"source": {"uri": "https://elsewhere.test/x/y.vhd", "storageAccountId": STORAGE}}}
            ),
            "1.0.0",
            (400, "InvalidParameter", "does not belong to the storage account"),
            id="blob of another account",
        ),
        pytest.param(
            version_body(storageProfile={"source": {"id": f"{DEFINITION}/versions/9.9.9"}}),
            "1.0.0",
            (400, "InvalidParameter", "is not found"),
            id="no such version",
        ),
        pytest.param(
            {**version_body(), "location": "eastus"}, "1.0.0", (400, "InvalidParameter", "is not found"), id="source in another region"
        ),
    ],
)
async def test_versions_refused_at_once(cloud: Cloud, body: dict[str, Any], name: str, expected: tuple[int, str, str]) -> None:
    if body["location"] == "eastus":
        body["properties"]["publishingProfile"] = {}
    status, code, message = await refused(cloud, body, name)
    assert (status, code) == expected[:2]
    assert expected[2] in str(message)
    assert cloud.world.galleries.definition(_id(DEFINITION)).versions == {}


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        pytest.param(lambda c: _blobs(c).pop("os.vhd"), "InvalidParameter", "was not found", id="blob missing"),
        pytest.param(lambda c: c.world.add_vhd(VHD, footer=bytes(512)), "InvalidVhd", "conectix", id="no footer"),
        pytest.param(lambda c: c.world.add_vhd(VHD, footer=fixed_footer(1 << 30, disk_type=3)), "InvalidVhd", "fixed", id="dynamic"),
        pytest.param(lambda c: c.world.add_vhd(VHD, size_mib=3 << 20), "InvalidParameter", "exceeds the max size 2048", id="3 TiB"),
        pytest.param(lambda c: setattr(_blobs(c)["os.vhd"], "kind", "BlockBlob"), "InvalidParameter", "BlockBlob", id="block blob"),
        pytest.param(lambda c: _blobs(c)["os.vhd"].content.resize(512), "InvalidVhd", "too small", id="no room for a disk"),
    ],
)
async def test_a_bad_vhd_shows_only_when_it_is_copied(cloud: Cloud, spoil: Callable[[Cloud], Any], code: str, words: str) -> None:
    spoil(cloud)
    poller = await cloud.compute.gallery_image_versions.begin_create_or_update("rg", "gal", "img", "1.0.0", version_body())
    cloud.clock.advance(460)
    version = await get(cloud)
    assert version.properties.provisioning_state == "Failed"
    assert states(version) == {"West US": ("Failed", 0)}
    assert words in version.properties.replication_status.summary[0].details
    with pytest.raises(HttpResponseError) as caught:
        await poller.result()
    assert caught.value.error is not None
    assert caught.value.error.code == code


async def test_the_same_put_tries_a_failed_capture_again(cloud: Cloud) -> None:
    cloud.world.add_vhd(VHD, footer=bytes(512))
    await put(cloud)
    cloud.clock.advance(460)
    assert (await get(cloud)).properties.provisioning_state == "Failed"
    cloud.world.add_vhd(VHD)
    await put(cloud)
    assert (await get(cloud)).properties.provisioning_state == "Updating"
    cloud.clock.advance(460)
    assert (await get(cloud)).properties.provisioning_state == "Succeeded"


async def test_a_failed_region_is_tried_again_by_the_same_put_and_only_that_one(cloud: Cloud) -> None:
    cloud.app.faults.add(FaultRule(action=FailReplication(region="northeurope", reason="no disk left"), path="versions/1.0.0"))
    await put(cloud, version_body(**REGIONS))
    cloud.clock.advance(760)
    version = await get(cloud)
    assert version.properties.provisioning_state == "Failed"
    assert version.properties.replication_status.aggregated_state == "Failed"
    assert states(version) == {"West US": ("Completed", 100), "North Europe": ("Failed", 0)}
    assert version.properties.replication_status.summary[1].details == "no disk left"
    await put(cloud, version_body(**REGIONS))
    assert states(await get(cloud)) == {"West US": ("Completed", 100), "North Europe": ("Replicating", 0)}
    cloud.clock.advance(300)
    assert (await get(cloud)).properties.provisioning_state == "Succeeded"


async def test_a_region_is_added_while_the_others_stay(cloud: Cloud) -> None:
    cloud.world.add_version(f"{DEFINITION}/versions/1.0.0", regions=("westus",))
    await put(cloud, version_body(**REGIONS, storageProfile={"osDiskImage": {"hostCaching": "ReadWrite"}}))
    version = await get(cloud)
    assert version.properties.provisioning_state == "Updating"
    assert states(version) == {"West US": ("Completed", 100), "North Europe": ("Replicating", 0)}
    assert (await refused(cloud, version_body()))[:2] == (409, "Conflict")
    cloud.clock.advance(300)
    assert (await get(cloud)).properties.provisioning_state == "Succeeded"


async def test_removing_a_region_takes_a_stored_permission(cloud: Cloud) -> None:
    cloud.world.add_version(f"{DEFINITION}/versions/1.0.0", regions=("westus", "northeurope"))
    fewer = version_body(storageProfile={})
    allowed = {"allowDeletionOfReplicatedLocations": True}
    assert (await refused(cloud, version_body(storageProfile={}, safetyProfile=allowed)))[:2] == (409, "OperationNotAllowed")
    await put(cloud, version_body(storageProfile={}, safetyProfile=allowed, **REGIONS))
    cloud.clock.advance(150)
    await put(cloud, fewer)
    cloud.clock.advance(150)
    assert states(await get(cloud)) == {"West US": ("Completed", 100)}


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({"publishingProfile": {"replicationMode": "Shallow"}}, id="replication mode"),
        pytest.param({"publishingProfile": {"storageAccountType": "Premium_LRS"}}, id="account type"),
        pytest.param({"storageProfile": {"source": {"id": f"{DEFINITION}/versions/0.0.1"}}}, id="source"),
        pytest.param({"storageProfile": {"osDiskImage": {"source": {"uri": f"{VHD}2", "storageAccountId": STORAGE}}}}, id="blob"),
    ],
)
async def test_what_is_settled_when_a_version_is_created(cloud: Cloud, properties: dict[str, Any]) -> None:
    await put(cloud)
    cloud.clock.advance(460)
    assert (await refused(cloud, version_body(**properties)))[:2] == (409, "PropertyChangeNotAllowed")


async def test_a_patch_merges_and_answers_200(cloud: Cloud) -> None:
    cloud.world.add_version(f"{DEFINITION}/versions/1.0.0", regions=("westus",), tags={"a": "b"})
    versions = cloud.compute.gallery_image_versions
    patch = {"properties": {"publishingProfile": {"excludeFromLatest": True}, "storageProfile": {}}}
    await versions.begin_update("rg", "gal", "img", "1.0.0", patch, polling=False)
    version = await get(cloud)
    assert version.properties.publishing_profile.exclude_from_latest is True
    assert version.tags == {"a": "b"}
    cloud.clock.advance(150)
    assert (await get(cloud)).properties.provisioning_state == "Succeeded"


async def test_deletion_takes_its_time_and_is_the_same_operation_when_asked_twice(cloud: Cloud) -> None:
    cloud.image()
    first, second = (cloud.ask("DELETE", f"{DEFINITION}/versions/1.0.0?api-version=1") for _ in range(2))
    assert (first.status, second.status) == (202, 202)
    assert first.headers["Azure-AsyncOperation"] == second.headers["Azure-AsyncOperation"]
    location = first.headers["Location"].removeprefix("https://azuresim.test")
    assert cloud.ask("GET", location).status == 202
    assert (await get(cloud)).properties.provisioning_state == "Deleting"
    assert (await refused(cloud, version_body()))[:2] == (409, "OperationNotAllowed")
    cloud.clock.advance(123)
    assert cloud.ask("GET", location).status == 200
    assert cloud.ask("GET", f"{DEFINITION}/versions/1.0.0?api-version=1").status == 404
    assert cloud.ask("DELETE", f"{DEFINITION}/versions/1.0.0?api-version=1").status == 204


async def test_deleting_a_version_in_the_making_ends_its_creation(cloud: Cloud) -> None:
    poller = await cloud.compute.gallery_image_versions.begin_create_or_update("rg", "gal", "img", "1.0.0", version_body())
    await cloud.compute.gallery_image_versions.begin_delete("rg", "gal", "img", "1.0.0", polling=False)
    with pytest.raises(HttpResponseError):
        await poller.result()
    cloud.clock.advance(1000)
    assert [v async for v in cloud.compute.gallery_image_versions.list_by_gallery_image("rg", "gal", "img")] == []


async def test_deletion_may_be_blocked_until_the_end_of_life(cloud: Cloud) -> None:
    blocked = {"blockDeletionBeforeEndOfLife": True}
    profile = {"targetRegions": [{"name": "westus"}], "endOfLifeDate": "2027-01-16T00:00:00Z"}
    await put(cloud, version_body(publishingProfile=profile, safetyProfile=blocked))
    answer = cloud.ask("DELETE", f"{DEFINITION}/versions/1.0.0?api-version=1")
    assert answer.json()["error"]["code"] == "DeleteGalleryImageVersionBlockedBeforeEndOfLife"
    cloud.clock.advance(86_400)
    assert cloud.ask("DELETE", f"{DEFINITION}/versions/1.0.0?api-version=1").status == 202


async def test_a_version_is_made_from_another_one(cloud: Cloud) -> None:
    cloud.world.add_definition(f"{GALLERY}/images/old", location="westus")
    cloud.world.add_version(f"{GALLERY}/images/old/versions/3.2.1", regions=("westus",), size_gib=64)
    await put(cloud, version_body(storageProfile={"source": {"id": f"{GALLERY}/images/old/versions/3.2.1"}}))
    cloud.clock.advance(460)
    version = await get(cloud)
    assert version.properties.provisioning_state == "Succeeded"
    assert version.properties.storage_profile.os_disk_image.size_in_gb == 64


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"generation": "V1"}, "different Hypervisor generation"),
        ({"os_type": "Windows"}, "different OS type"),
        ({"architecture": "Arm64"}, "different architecture"),
        ({"os_state": "Specialized"}, "since the OS State"),
    ],
)
async def test_the_other_version_must_be_of_the_same_sort(cloud: Cloud, other: dict[str, Any], words: str) -> None:
    cloud.world.add_definition(f"{GALLERY}/images/old", location="westus", **other)
    cloud.world.add_version(f"{GALLERY}/images/old/versions/1.0.0", regions=("westus",))
    status, code, message = await refused(cloud, version_body(storageProfile={"source": {"id": f"{GALLERY}/images/old/versions/1.0.0"}}))
    assert (status, code) == (400, "InvalidParameter")
    assert words in str(message)


async def test_data_disks_are_captured_with_the_system(cloud: Cloud) -> None:
    data = "https://azuresim.test/blob/vhds/images/data.vhd"
    cloud.world.add_vhd(data, size_mib=2048)
    disks = {
        "osDiskImage": {"source": {"storageAccountId": STORAGE, "uri": VHD}},
        "dataDiskImages": [{"lun": 3, "source": {"storageAccountId": STORAGE, "uri": data}}],
    }
    await put(cloud, version_body(storageProfile=disks))
    cloud.clock.advance(460)
    version = await get(cloud)
    (disk,) = version.properties.storage_profile.data_disk_images
    assert (disk.lun, disk.size_in_gb, disk.host_caching) == (3, 2, "ReadOnly")
    twice = {**disks, "dataDiskImages": [{"lun": n, "source": {"storageAccountId": STORAGE, "uri": VHD}} for n in (0, 1)]}
    assert "same blob" in str((await refused(cloud, version_body(storageProfile=twice), "1.0.1"))[2])
    same_lun = {**disks, "dataDiskImages": [{"lun": 0, "source": {"storageAccountId": STORAGE, "uri": u}} for u in (VHD, data)]}
    assert "Duplicated lun" in str((await refused(cloud, version_body(storageProfile=same_lun), "1.0.1"))[2])


async def test_a_version_needs_its_definition(cloud: Cloud) -> None:
    with pytest.raises(HttpResponseError) as caught:
        await cloud.compute.gallery_image_versions.begin_create_or_update("rg", "gal", "none", "1.0.0", version_body(), polling=False)
    assert caught.value.status_code == 404


def _id(text: str) -> ResourceId:
    parsed = ResourceId.parse(text)
    assert parsed is not None
    return parsed


def _blobs(cloud: Cloud) -> dict[str, Any]:
    account = cloud.world.storage.named("vhds")
    assert account is not None
    return account.containers["images"].blobs
