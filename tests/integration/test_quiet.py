"""What the operator may cost, counted: writes to Kubernetes and Azure, and reads of Azure. The budgets are those of ARCHITECTURE.md."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from math import ceil

import pytest

from harness.world import ACCOUNT, GALLERY, GROUP, HOME, Scene
from integration.scenes import (
    IMAGE,
    POOL,
    PRODUCTION,
    both_ready,
    converged,
    farm,
    is_ready,
    kubernetes_writes,
    nodes,
    operating,
    operations,
    pauses,
    production,
    status_of,
    status_writes,
    until_gone,
    until_ready,
)

SHARED_READS = {"Pools_List", "Pools_ListNodeCounts", "GalleryImageVersions_ListByGalleryImage"}
MINUTES = 60.0
# Pauses are up to a tenth shorter than their setting.
JITTER = 0.9


def reads(scene: Scene, since: int) -> Counter[str]:
    return Counter(entry.operation for entry in scene.azure.journal.since(since) if not entry.is_write)


async def many(scene: Scene, *, images: int, accounts: int, pools: int) -> None:
    """Apply so many, the pools spread over images and accounts, and let all of them come to rest."""
    ids = [ACCOUNT] + [f"{GROUP}/providers/Microsoft.Batch/batchAccounts/farm{n}" for n in range(1, accounts)]
    for account in ids[1:]:
        scene.world.add_batch_account(account, location=HOME)
    for n in range(images):
        scene.image(name=f"image-{n}")
    account_of, image_of = cycle(ids), cycle(range(images))
    for n in range(pools):
        named = {"image": {"customImageRef": {"name": f"image-{next(image_of)}"}}, "batchAccountId": next(account_of)}
        scene.pool(name=f"pool-{n}", **named, targetDedicatedNodes=n % 3, targetLowPriorityNodes=n % 2)
    await scene.until(lambda: all(is_ready(scene, item) for item in every(scene)))
    await asyncio.sleep(20 * MINUTES)


def every(scene: Scene) -> Iterator[tuple[str, str]]:
    for key in list(scene.kube.state.objects):
        if key.plural in {"customimages", "batchpools"}:
            yield key.plural, key.name


@pytest.mark.parametrize(("images", "accounts", "pools"), [(1, 1, 1), (1, 1, 40), (3, 2, 40)])
async def test_converged_for_ten_minutes(images: int, accounts: int, pools: int) -> None:
    scene, seconds = production(), 10 * MINUTES
    async with operating(scene):
        await many(scene, images=images, accounts=accounts, pools=pools)
        mark, log = scene.azure.journal.written, len(scene.kube.log)
        await asyncio.sleep(seconds)
        assert kubernetes_writes(scene, log) == []
        assert operations(scene, mark) == []
        counted = reads(scene, mark)
        hourly = counted.pop("BatchAccount_Get", 0)
        assert hourly <= accounts
        assert set(counted) == SHARED_READS
        # One page a listing here. At least the settings' pace, at most a tenth faster.
        polls = accounts * seconds / PRODUCTION.pool_poll_seconds
        assert polls - accounts <= counted["Pools_List"] <= polls / JITTER + accounts
        assert counted["Pools_ListNodeCounts"] <= accounts * ceil(seconds / PRODUCTION.node_count_seconds)
        # Every image poll, and the look that goes with the relist of Kubernetes.
        assert counted["GalleryImageVersions_ListByGalleryImage"] <= images * (seconds / PRODUCTION.image_poll_seconds + 1)


async def test_converged_for_ten_hours_reads_each_account_itself_once_an_hour() -> None:
    scene = production()
    async with converged(scene):
        mark, log = scene.azure.journal.written, len(scene.kube.log)
        for _ in range(10):
            await asyncio.sleep(60 * MINUTES)
        assert kubernetes_writes(scene, log) == []
        counted = reads(scene, mark)
        assert set(counted) == {*SHARED_READS, "BatchAccount_Get"}
        assert 9 <= counted["BatchAccount_Get"] <= 10


async def test_pages_of_a_listing_are_all_that_grows_with_pools() -> None:
    """Two pages: a poll is two requests, and nothing else is asked."""
    scene = production()
    async with converged(scene):
        account = farm(scene)
        account.pool_quota = 5000
        template = scene.azure.journal.since(0)
        body = next(entry.request_body for entry in template if entry.operation == "Pools_Create")
        for n in range(1200):
            scene.world.pools.create(account, {**body, "id": f"other-{n}", "targetDedicatedNodes": 0, "targetLowPriorityNodes": 0})
        await asyncio.sleep(60)
        mark = scene.azure.journal.written
        await asyncio.sleep(10 * MINUTES)
        counted = reads(scene, mark)
        polls = 10 * MINUTES / PRODUCTION.pool_poll_seconds
        assert 2 * (polls - 1) <= counted["Pools_List"] <= 2 * (polls / JITTER + 1)
        assert "Pools_Get" not in counted


async def test_busy_pools_whose_node_states_alone_change_write_a_status_every_five_minutes_at_most() -> None:
    scene, minutes = production(), 60
    async with converged(scene, pool={"targetDedicatedNodes": 100, "targetLowPriorityNodes": 60}):
        mark, log, times = scene.azure.journal.written, len(scene.kube.log), []

        async def noted(phase: str, request: object) -> None:
            if phase == "before" and str(request) == "update batchpools/status":
                times.append(asyncio.get_running_loop().time())

        scene.kube.gate = noted
        for minute in range(minutes):
            scene.world.pools.break_nodes(farm(scene), "frames", 1, state="running" if minute % 2 else "unusable")
            scene.world.pools.preempt_nodes(farm(scene), "frames", 1)
            await asyncio.sleep(60)
        assert operations(scene, mark) == []
        assert status_writes(scene, log) == {"frames": len(times)}
        # Not silent either: the counts follow.
        assert minutes / 6 - 1 <= len(times) <= minutes / 5
        assert min(pauses(times)) >= 5 * MINUTES - 1e-6
        assert status_of(scene, POOL)["nodes"]["unusable"] >= 25


@pytest.mark.parametrize("size", [(2, 1), (0, 0), (250, 0)])
async def test_creating_one_pool(size: tuple[int, int]) -> None:
    scene = production()
    async with operating(scene):
        scene.image()
        await until_ready(scene, IMAGE)
        mark, log = scene.azure.journal.written, len(scene.kube.log)
        scene.pool(targetDedicatedNodes=size[0], targetLowPriorityNodes=size[1])
        await both_ready(scene)
        await asyncio.sleep(60 * MINUTES)
        assert nodes(scene) == size
        assert operations(scene, mark) == ["Pools_Create"]
        assert status_writes(scene, log)["frames"] <= 5
        assert status_writes(scene, log)["ubuntu"] == 0


async def test_scaling_one_pool_is_one_write_to_azure() -> None:
    scene = production()
    async with converged(scene):
        for replicas in (20, 3, 0, 5):
            mark, log = scene.azure.journal.written, len(scene.kube.log)
            scene.kube.scale("render", "frames", replicas)
            await until_ready(scene, POOL)
            await asyncio.sleep(20 * MINUTES)
            assert nodes(scene) == (replicas, 1)
            assert operations(scene, mark) == ["Pools_Resize"]
            assert status_writes(scene, log)["frames"] <= 4


async def test_a_restart_of_what_is_converged_writes_nothing_and_reads_little() -> None:
    scene, images, accounts = production(), 3, 2
    async with operating(scene):
        await many(scene, images=images, accounts=accounts, pools=40)
        assert scene.operator is not None
        await scene.operator.stop()
        mark, log = scene.azure.journal.written, len(scene.kube.log)
        await scene.start_operator()
        await asyncio.sleep(15)
        # A page of pools, a page of node counts and the account itself; and each definition once.
        assert reads(scene, mark) == {
            "BatchAccount_Get": accounts,
            "Pools_List": accounts,
            "Pools_ListNodeCounts": accounts,
            "GalleryImageVersions_ListByGalleryImage": images,
        }
        await asyncio.sleep(20 * MINUTES)
        assert kubernetes_writes(scene, log) == []
        assert operations(scene, mark) == []
        assert "Pools_Get" not in reads(scene, mark)


async def test_an_image_is_ready_one_poll_interval_after_azure_is() -> None:
    scene = production()
    took = scene.world.kernel.durations
    azures_own = 2 * took.gallery_write + took.version_capture + took.version_replicate
    async with operating(scene):
        began = scene.world.clock.now()
        scene.image()
        await scene.until(lambda: is_ready(scene, IMAGE), every=1)
        assert scene.world.clock.now() - began <= azures_own + PRODUCTION.image_motion_seconds + 5
        assert operations(scene) == ["Galleries_CreateOrUpdate", "GalleryImages_CreateOrUpdate", "GalleryImageVersions_CreateOrUpdate"]
        assert status_writes(scene, 0)["ubuntu"] <= 3 + ceil(azures_own / 60)

        began = scene.world.clock.now()
        scene.kube.delete("customimages", "render", "ubuntu")
        await until_gone(scene, IMAGE)
        azures_own = took.version_delete + took.gallery_delete
        assert scene.world.clock.now() - began <= azures_own + 2 * PRODUCTION.image_motion_seconds
        assert GALLERY in {str(gallery.id) for gallery in scene.world.galleries.in_group(GALLERY.split("/")[2], None)}
