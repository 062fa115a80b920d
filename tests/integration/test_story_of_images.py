"""An image's life: regions come and go, copies fail, sources change back, and nothing goes while a pool needs it."""

from __future__ import annotations

import asyncio
from typing import Any

from azuresim import FailReplication, FaultRule
from azuresim.core.resource_id import ResourceId
from harness.world import GALLERY, HOME, SECOND, Scene
from integration.scenes import (
    IMAGE,
    POOL,
    VERSION,
    both_ready,
    converged,
    farm,
    made_version,
    nodes,
    operating,
    operations,
    production,
    shown,
    status_of,
    until_gone,
    until_ready,
    until_told,
)

THIRD = "uksouth"
PUT = "GalleryImageVersions_CreateOrUpdate"
UBUNTU = f"{GALLERY}/images/ubuntu"
IN_PLACE = {"source": {"galleryImageVersion": {"id": VERSION, "osState": "Generalized"}}}


def regions(*names: str) -> dict[str, Any]:
    return {"regions": [{"name": name} for name in names]}


def in_azure(scene: Scene) -> dict[str, dict[str, str]]:
    """Each version's regions and the state of its copy there."""
    scene.world.settle()
    parsed = ResourceId.parse(UBUNTU)
    assert parsed is not None
    versions = scene.world.galleries.definition(parsed).versions
    return {version.id.name: {name: replica.state for name, replica in version.replicas.items()} for version in versions.values()}


def boots(scene: Scene) -> str:
    """The version that the pool boots, in Azure."""
    image = farm(scene).pools["frames"].settings["virtualMachineConfiguration"]["imageReference"]["virtualMachineImageId"]
    return str(image).rsplit("/", 1)[1]


async def test_regions_are_added_and_taken_away() -> None:
    scene = production()
    async with converged(scene):
        scene.image(replication=regions(HOME, SECOND, THIRD))
        await until_ready(scene, IMAGE)
        assert in_azure(scene) == {"1.0.0": {HOME: "Completed", SECOND: "Completed", THIRD: "Completed"}}
        scene.image(replication=regions(HOME, THIRD))
        await until_ready(scene, IMAGE)
        await asyncio.sleep(1200)
        assert in_azure(scene) == {"1.0.0": {HOME: "Completed", THIRD: "Completed"}}
        assert [region["name"] for region in status_of(scene, IMAGE)["current"]["regions"]] == [THIRD, HOME]
        assert operations(scene).count(PUT) == 1 + 2


async def test_a_region_is_usable_before_the_others_are() -> None:
    scene = production()
    async with operating(scene):
        scene.image()
        scene.pool()
        await until_ready(scene, POOL)
        assert scene.ready(*IMAGE)[0] == "False"
        assert in_azure(scene)["1.0.0"][SECOND] == "Replicating"


async def test_a_region_that_fails_is_asked_again_three_times_and_then_told() -> None:
    scene = production()
    scene.azure.faults.add(FaultRule(action=FailReplication(region=SECOND), count=None))
    async with operating(scene):
        scene.image()
        scene.pool()
        await until_told(scene, IMAGE, "ReplicationFailed")
        message = shown(scene, IMAGE, "Stalled")["message"]
        assert f"Region {SECOND} failed 3 times" in message
        assert "An internal error occurred while copying the image." in message
        assert shown(scene, IMAGE, "Replicated")["status"] == "False"
        # The pool lives in the region that is complete.
        await until_ready(scene, POOL)
        await asyncio.sleep(6 * 3600)
        assert operations(scene).count(PUT) == 1 + 3

        scene.azure.faults.clear()
        scene.image(replication=regions(HOME))
        await until_ready(scene, IMAGE)
        assert in_azure(scene) == {"1.0.0": {HOME: "Completed"}}


async def test_a_region_that_fails_once_is_no_matter() -> None:
    scene = production()
    scene.azure.faults.add(FaultRule(action=FailReplication(region=SECOND)))
    async with operating(scene):
        scene.image()
        await until_ready(scene, IMAGE)
        assert in_azure(scene) == {"1.0.0": {HOME: "Completed", SECOND: "Completed"}}
        assert operations(scene).count(PUT) == 2


async def test_going_back_to_an_old_source_makes_no_version() -> None:
    scene = production()
    async with converged(scene, pool={"targetDedicatedNodes": 0, "targetLowPriorityNodes": 0}):
        scene.image(vhd="v2")
        await both_ready(scene)
        await scene.until(lambda: boots(scene) == "1.0.1")
        mark = scene.azure.journal.written
        scene.image(vhd="v1")
        await both_ready(scene)
        await scene.until(lambda: boots(scene) == "1.0.0")
        assert status_of(scene, IMAGE)["current"]["version"] == "1.0.0"
        assert operations(scene, mark) == ["Pools_Update"]


async def test_another_revision_of_the_same_source_is_a_new_version() -> None:
    scene = production()
    async with converged(scene):
        body = scene.kube.get("customimages", "render", "ubuntu")
        assert body is not None
        body["spec"]["source"]["revision"] = "2"
        scene.kube.apply(body)
        await until_ready(scene, IMAGE)
        assert status_of(scene, IMAGE)["current"]["version"] == "1.0.1"
        assert sorted(in_azure(scene)) == ["1.0.0", "1.0.1"]


async def test_a_new_image_waits_for_the_pool_to_be_empty() -> None:
    scene = production()
    async with converged(scene):
        mark = scene.azure.journal.written
        scene.image(vhd="v2")
        await until_ready(scene, IMAGE)
        await until_told(scene, POOL, "UpdatePending")
        assert shown(scene, POOL, "Ready")["status"] == "True"
        assert (shown(scene, POOL, "ImageUpToDate")["status"], shown(scene, POOL, "ImageUpToDate")["reason"]) == ("False", "UpdatePending")
        scene.pool(targetDedicatedNodes=8)
        await both_ready(scene)
        assert (boots(scene), nodes(scene)) == ("1.0.0", (8, 1))
        scene.pool(targetDedicatedNodes=0, targetLowPriorityNodes=0)
        await until_told(scene, POOL, "Settled")
        assert boots(scene) == "1.0.1"
        assert shown(scene, POOL, "ImageUpToDate")["status"] == "True"
        scene.pool(targetDedicatedNodes=3, targetLowPriorityNodes=0)
        await until_ready(scene, POOL)
        assert operations(scene, mark) == [PUT, "Pools_Resize", "Pools_Resize", "Pools_Update", "Pools_Resize"]


async def test_an_image_is_not_deleted_under_its_pools() -> None:
    scene = production()
    async with converged(scene):
        mark = scene.azure.journal.written
        scene.kube.delete("customimages", "render", "ubuntu")
        await until_told(scene, IMAGE, "InUse")
        assert "render/frames" in shown(scene, IMAGE, "Ready")["message"]
        await asyncio.sleep(3 * 3600)
        assert operations(scene, mark) == []
        scene.kube.delete("batchpools", "render", "frames")
        await until_gone(scene, IMAGE, POOL)
        expected = ["Pools_Delete", "GalleryImageVersions_Delete", "GalleryImages_Delete"]
        assert operations(scene, mark) == expected


async def test_an_image_that_is_retained_leaves_everything() -> None:
    for policy in ({"deletionPolicy": "Retain"}, {"deletionPolicy": None}, {"suspend": True}):
        await asyncio.create_task(_retained(policy))


async def _retained(policy: dict[str, Any]) -> None:
    scene = production()
    async with operating(scene):
        scene.image()
        await until_ready(scene, IMAGE)
        spec = {"deletionPolicy": "Delete", **policy}
        scene.image(**{name: value for name, value in spec.items() if value is not None})
        body = scene.kube.get("customimages", "render", "ubuntu")
        assert body is not None
        if policy.get("deletionPolicy", "") is None:
            del body["spec"]["deletionPolicy"]
            scene.kube.apply(body)
        mark = scene.azure.journal.written
        scene.kube.delete("customimages", "render", "ubuntu")
        await until_gone(scene, IMAGE)
        assert operations(scene, mark) == []
        assert sorted(in_azure(scene)) == ["1.0.0"]


async def test_a_finished_version_is_used_in_place_and_never_written_to() -> None:
    scene = production()
    made_version(scene)
    async with operating(scene):
        scene.image(**IN_PLACE)
        scene.pool()
        await both_ready(scene)
        assert status_of(scene, IMAGE)["current"]["id"].lower() == VERSION.lower()
        scene.kube.delete("batchpools", "render", "frames")
        scene.kube.delete("customimages", "render", "ubuntu")
        await until_gone(scene, IMAGE, POOL)
        assert operations(scene) == ["Pools_Create", "Pools_Delete"]


async def test_a_suspended_image_is_observed_only() -> None:
    scene = production()
    async with operating(scene):
        scene.image(suspend=True)
        await until_told(scene, IMAGE, "Suspended")
        await asyncio.sleep(3 * 3600)
        assert operations(scene) == []
        assert scene.ready(*IMAGE) == ("False", "Suspended")
        scene.image(suspend=False)
        await until_ready(scene, IMAGE)
