"""Azure or Kubernetes refusing or silent for ten minutes: no crash, few words, and everything goes on by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from azuresim import Drop, FaultRule, Status
from harness.kuberequest import Request
from harness.kubestate import Refused
from harness.world import Scene
from integration.scenes import (
    BY_ID,
    IMAGE,
    POOL,
    PRODUCTION,
    Object,
    both_ready,
    converged,
    is_ready,
    made_version,
    nodes,
    operating,
    operations,
    pauses,
    production,
    shown,
    status_writes,
    until_ready,
    until_told,
)

OUTAGE = 600.0
TOLERATED = 300.0
AZURE: dict[str, tuple[Any, str]] = {
    "401": (Status(status=401, code="ExpiredAuthenticationToken"), "AccessDenied"),
    "403": (Status(status=403, code="AuthorizationFailed"), "AccessDenied"),
    "429 with Retry-After": (Status(status=429, code="TooManyRequests", retry_after=20), "AzureUnavailable"),
    "429": (Status(status=429, code="TooManyRequests"), "AzureUnavailable"),
    "500": (Status(status=500, code="InternalServerError"), "AzureUnavailable"),
    "503": (Status(status=503, code="ServerBusy"), "AzureUnavailable"),
    "connections dropped": (Drop(when="before"), "AzureUnavailable"),
}
Gate = Callable[[str, Request], Awaitable[None]]


def refusing(status: int, reason: str) -> Gate:
    async def gate(_phase: str, _request: Request) -> None:
        raise Refused(status, reason, "not now")

    return gate


async def hanging(_phase: str, _request: Request) -> None:
    await asyncio.Event().wait()


async def cutting(_phase: str, _request: Request) -> None:
    raise ConnectionResetError("connection reset by peer")


async def carried_out_but_cut(phase: str, _request: Request) -> None:
    if phase == "after":
        raise ConnectionResetError("connection reset by peer")


KUBERNETES: dict[str, Gate] = {
    "401": refusing(401, "Unauthorized"),
    "403": refusing(403, "Forbidden"),
    "429": refusing(429, "TooManyRequests"),
    "500": refusing(500, "InternalError"),
    "503": refusing(503, "ServiceUnavailable"),
    "hanging": hanging,
    "connections cut": cutting,
}


async def first_calls(scene: Scene) -> None:
    """Both objects were applied a moment ago."""
    await asyncio.sleep(0)
    assert scene.azure.journal.written == 0


async def version_being_made(scene: Scene) -> None:
    """Azure captures the VHD, and the pool waits for it."""
    await until_told(scene, IMAGE, "Publishing")
    await asyncio.sleep(100)
    assert scene.ready(*POOL)[1] == "WaitingForImage"


async def pool_growing(scene: Scene) -> None:
    """The pool was created and has no nodes yet."""
    await until_told(scene, POOL, "Resizing")
    assert nodes(scene) == (0, 0)


MOMENTS = {moment.__name__: moment for moment in (first_calls, version_being_made, pool_growing)}


@asynccontextmanager
async def azure_out(scene: Scene, action: Any, **where: Any) -> AsyncIterator[None]:
    scene.azure.faults.add(FaultRule(action=action, count=None, **where))
    try:
        yield
    finally:
        scene.azure.faults.clear()


async def unknown_since(scene: Scene, seconds: float) -> dict[Object, float]:
    """Let an outage last, and say how long each object took to tell of it."""
    told: dict[Object, float] = {}
    for passed in range(0, int(seconds), 5):
        for item in (IMAGE, POOL):
            if shown(scene, item, "Ready").get("status") == "Unknown":
                told.setdefault(item, float(passed))
        await asyncio.sleep(5)
    return told


async def just_relisted(scene: Scene) -> None:
    """Let time pass until the objects are at rest and were listed a moment ago: nothing of Kubernetes wakes them for ten minutes."""
    await asyncio.sleep(600)
    mark = len(scene.kube.log)
    await scene.until(lambda: {r.resource for r in scene.kube.log[mark:] if r.verb == "list"} == {"customimages", "batchpools"}, every=1)
    await asyncio.sleep(60)


async def before_the_next_look(scene: Scene) -> None:
    """Let time pass until the image is about to be looked at, so that both objects meet the outage at once."""

    def since_the_last() -> float:
        return scene.world.clock.now() - max(e.time for e in scene.azure.journal if e.service == "compute")

    await scene.until(lambda: since_the_last() < 5, every=1)
    await scene.until(lambda: since_the_last() > PRODUCTION.image_poll_seconds - 10, every=1)


@pytest.mark.parametrize("name", AZURE)
async def test_azure_is_out_for_a_converged_pair(name: str, caplog: pytest.LogCaptureFixture) -> None:
    action, reason = AZURE[name]
    scene = production()
    async with converged(scene):
        await before_the_next_look(scene)
        mark, writes = len(scene.kube.log), scene.azure.journal.written
        async with azure_out(scene, action):
            told = await unknown_since(scene, OUTAGE)
            assert {item: shown(scene, item, "Ready")["reason"] for item in told} == {IMAGE: reason, POOL: reason}
        for item in (IMAGE, POOL):
            # Quiet for five minutes from the first failure, which itself is half a minute late at most.
            assert TOLERATED <= told[item] <= TOLERATED + 35, item
        await both_ready(scene, within=600)
        await asyncio.sleep(900)
        assert status_writes(scene, mark) == {"ubuntu": 2, "frames": 2}
        assert operations(scene, writes) == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", AZURE)
async def test_azure_is_out_in_the_middle_of_creation(name: str, moment: str, caplog: pytest.LogCaptureFixture) -> None:
    action, reason = AZURE[name]
    scene = production()
    async with operating(scene):
        scene.image()
        scene.pool()
        await MOMENTS[moment](scene)
        mark = len(scene.kube.log)
        async with azure_out(scene, action):
            await asyncio.sleep(OUTAGE)
            assert shown(scene, POOL, "Ready")["reason"] == reason
            if not is_ready(scene, IMAGE):
                assert shown(scene, IMAGE, "Ready")["reason"] == reason
        assert max(status_writes(scene, mark).values()) <= 2
        await both_ready(scene)
        assert nodes(scene) == (2, 1)
        assert operations(scene).count("Pools_Create") - _failed(scene, "Pools_Create") == 1
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def _failed(scene: Scene, operation: str) -> int:
    return sum(e.operation == operation and e.fault is not None for e in scene.azure.journal)


async def test_an_outage_of_four_minutes_is_not_told_at_all() -> None:
    scene = production()
    async with converged(scene):
        await before_the_next_look(scene)
        mark = len(scene.kube.log)
        async with azure_out(scene, Status(status=503)):
            await asyncio.sleep(240)
        await asyncio.sleep(900)
        assert status_writes(scene, mark) == {}
        assert is_ready(scene, IMAGE)
        assert is_ready(scene, POOL)


async def test_a_pool_that_names_its_version_itself_is_told_of_after_five_minutes_too() -> None:
    scene = production()
    made_version(scene)
    async with operating(scene):
        scene.pool(**BY_ID)
        await until_ready(scene, POOL)
        await just_relisted(scene)
        mark = len(scene.kube.log)
        async with azure_out(scene, Status(status=503)):
            told = await unknown_since(scene, OUTAGE)
            assert TOLERATED <= told[POOL] <= TOLERATED + 35
        await until_ready(scene, POOL, within=400)
        assert status_writes(scene, mark) == {"frames": 2}


async def test_errors_that_change_their_words_are_told_once() -> None:
    scene = production()
    async with converged(scene):
        mark = len(scene.kube.log)
        for number in range(20):
            scene.azure.faults.clear()
            scene.azure.faults.add(FaultRule(action=Status(status=500 + number % 4, code=f"Error{number}"), count=None))
            await asyncio.sleep(60)
        assert max(status_writes(scene, mark).values()) <= 1
        scene.azure.faults.clear()
        await both_ready(scene)


async def test_a_failing_account_is_asked_by_one_poller_with_growing_pauses_however_many_pools_it_has() -> None:
    scene = production()
    async with converged(scene):
        others = [scene.pool(name=f"more-{n}", targetDedicatedNodes=0, targetLowPriorityNodes=0)["metadata"]["name"] for n in range(9)]
        await scene.until(lambda: all(is_ready(scene, ("batchpools", name)) for name in others))
        mark, log = scene.azure.journal.written, len(scene.kube.log)
        async with azure_out(scene, Status(status=503), service="batch"):
            await asyncio.sleep(3600)
        asked = [entry for entry in scene.azure.journal.since(mark) if entry.service == "batch"]
        assert {entry.operation for entry in asked} == {"Pools_List"}
        between = pauses([entry.time for entry in asked])
        assert [round(pause / 10) for pause in between[:3]] == pytest.approx([4, 8, 16], abs=2)
        assert all(270 <= pause <= 300 for pause in between[3:])
        assert len(asked) <= 18
        await asyncio.sleep(400)
        assert status_writes(scene, log) == dict.fromkeys(["frames", *others], 2)


async def test_retry_after_is_kept_to_by_the_poller_and_by_images() -> None:
    scene = production()
    async with converged(scene):
        await before_the_next_look(scene)
        mark = scene.azure.journal.written
        async with azure_out(scene, Status(status=429, code="TooManyRequests", retry_after=130)):
            await asyncio.sleep(OUTAGE)
            entries = scene.azure.journal.since(mark)
            for service in ("batch", "compute"):
                times = [entry.time for entry in entries if entry.service == service and entry.fault]
                assert len(times) >= 3
                # A relist of Kubernetes may look once in between.
                assert min(sorted(pauses(times))[1:]) >= 130, service


@pytest.mark.parametrize("name", KUBERNETES)
async def test_kubernetes_is_out_for_a_converged_pair(name: str) -> None:
    scene = production()
    async with converged(scene):
        mark, writes = len(scene.kube.log), scene.azure.journal.written
        before, scene.kube.gate = scene.kube.gate, KUBERNETES[name]
        await asyncio.sleep(OUTAGE)
        scene.kube.gate = before
        scene.pool(targetDedicatedNodes=3)
        await both_ready(scene)
        assert nodes(scene) == (3, 1)
        assert operations(scene, writes) == ["Pools_Resize"]
        assert status_writes(scene, mark)["ubuntu"] == 0


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", [*KUBERNETES, "answers lost"])
async def test_kubernetes_is_out_in_the_middle_of_creation(name: str, moment: str) -> None:
    scene = production()
    async with operating(scene):
        scene.image()
        scene.pool()
        await MOMENTS[moment](scene)
        mark = len(scene.kube.log)
        before, scene.kube.gate = scene.kube.gate, KUBERNETES.get(name, carried_out_but_cut)
        await asyncio.sleep(OUTAGE)
        scene.kube.gate = before
        # A key backs off to five minutes: some tens of tries in ten minutes, all objects together.
        assert len(scene.kube.log) - mark < 60
        await both_ready(scene)
        assert nodes(scene) == (2, 1)
        assert [operations(scene).count(name) for name in ("GalleryImageVersions_CreateOrUpdate", "Pools_Create")] == [1, 1]
