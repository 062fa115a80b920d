"""Whose a pool is: adoption, suspension, and what a deletion takes along."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.world import CLUSTER, Scene
from integration.scenes import (
    BY_ID,
    POOL,
    farm,
    made_version,
    nodes,
    operating,
    operations,
    production,
    shown,
    stranger,
    until_gone,
    until_ready,
    until_told,
)

OURS = {"poolwright-cluster": CLUSTER, "poolwright-namespace": "render", "poolwright-name": "frames"}
ANOTHERS = {"poolwright-cluster": CLUSTER, "poolwright-namespace": "studio", "poolwright-name": "other"}
HOME_NODES = {"targetDedicatedNodes": 2, "targetLowPriorityNodes": 0}


def declared(**spec: Any) -> dict[str, Any]:
    return {**BY_ID, **HOME_NODES, **spec}


def metadata(scene: Scene) -> dict[str, str]:
    return {item["name"]: item["value"] for item in farm(scene).pools["frames"].settings["metadata"]}


@pytest.mark.parametrize(
    ("policy", "marked", "adopted"),
    [
        pytest.param(None, {}, False, id="absent means Never"),
        pytest.param("Never", {}, False, id="Never"),
        pytest.param("IfUnowned", {}, True, id="IfUnowned, nobody's"),
        pytest.param("IfUnowned", ANOTHERS, False, id="IfUnowned, somebody's"),
        pytest.param("Force", {}, True, id="Force, nobody's"),
        pytest.param("Force", ANOTHERS, True, id="Force, somebody's"),
    ],
)
async def test_adoption(policy: str | None, marked: dict[str, str], *, adopted: bool) -> None:
    scene = production()
    made_version(scene)
    stranger(scene, metadata={"team": "studio", **marked}, nodes=5)
    async with operating(scene):
        await asyncio.sleep(300)
        scene.pool(**declared(**({"adoptionPolicy": policy} if policy else {})))
        if not adopted:
            await until_told(scene, POOL, "NotOwned")
            await asyncio.sleep(3600)
            assert operations(scene) == []
            assert nodes(scene) == (5, 0)
            return
        await until_ready(scene, POOL)
        assert {"team": "studio", **OURS, "poolwright-adopted": "true"}.items() <= metadata(scene).items()
        assert nodes(scene) == (2, 0)
        assert operations(scene) == ["Pools_Update", "Pools_Resize"]


async def test_a_pool_with_our_mark_is_found_again_after_its_object_was_lost() -> None:
    """As after a restore of the cluster: the same name, another uid."""
    scene = production()
    made_version(scene)
    stranger(scene, metadata={**OURS, "poolwright-uid": "of-another-life"}, nodes=2)
    async with operating(scene):
        await asyncio.sleep(300)
        scene.pool(**declared())
        await until_ready(scene, POOL)
        assert operations(scene) == []


@pytest.mark.parametrize(
    ("policy", "adopted", "stays"),
    [
        pytest.param(None, False, False, id="made and absent"),
        pytest.param("Delete", False, False, id="made and Delete"),
        pytest.param("Retain", False, True, id="made and Retain"),
        pytest.param(None, True, True, id="adopted and absent"),
        pytest.param("Delete", True, False, id="adopted and Delete"),
        pytest.param("Retain", True, True, id="adopted and Retain"),
    ],
)
async def test_deletion(policy: str | None, *, adopted: bool, stays: bool) -> None:
    scene = production()
    made_version(scene)
    if adopted:
        stranger(scene, nodes=2)
    async with operating(scene):
        scene.pool(**declared(adoptionPolicy="IfUnowned", **({"deletionPolicy": policy} if policy else {})))
        await until_ready(scene, POOL)
        mark = scene.azure.journal.written
        scene.kube.delete("batchpools", "render", "frames")
        await until_gone(scene, POOL)
        assert operations(scene, mark) == ([] if stays else ["Pools_Delete"])
        assert ("frames" in farm(scene).pools) is stays


async def test_a_pool_that_somebody_else_took_meanwhile_stays() -> None:
    scene = production()
    made_version(scene)
    async with operating(scene):
        scene.pool(**declared())
        await until_ready(scene, POOL)
        entries = [{"name": name, "value": value} for name, value in ANOTHERS.items()]
        scene.world.pools.patch(farm(scene), "frames", {"metadata": entries})
        mark = scene.azure.journal.written
        scene.kube.delete("batchpools", "render", "frames")
        await until_gone(scene, POOL)
        # Decided on a view of seconds ago, a deletion carries that view's ETag and is refused.
        assert {entry.status for entry in scene.azure.journal.writes(mark)} <= {412}
        assert nodes(scene) == (2, 0)


async def test_a_suspended_pool_is_observed_only_and_its_deletion_acts_as_retain() -> None:
    scene = production()
    made_version(scene)
    async with operating(scene):
        scene.pool(**declared())
        await until_ready(scene, POOL)
        mark = scene.azure.journal.written
        scene.pool(**declared(targetDedicatedNodes=9, suspend=True))
        await until_told(scene, POOL, "Suspended")
        assert "Resizing from" in shown(scene, POOL, "Ready")["message"]
        await asyncio.sleep(3600)
        assert nodes(scene) == (2, 0)
        scene.kube.delete("batchpools", "render", "frames")
        await until_gone(scene, POOL)
        assert operations(scene, mark) == []
        assert nodes(scene) == (2, 0)


async def test_a_pool_that_is_suspended_before_it_exists_is_made_when_it_goes_on() -> None:
    scene = production()
    made_version(scene)
    async with operating(scene):
        scene.pool(**declared(suspend=True))
        await until_told(scene, POOL, "Suspended")
        await asyncio.sleep(3600)
        assert operations(scene) == []
        scene.pool(**declared(suspend=False))
        await until_ready(scene, POOL)
        assert operations(scene) == ["Pools_Create"]
