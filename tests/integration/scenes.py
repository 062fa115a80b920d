"""What the tests of this folder have in common: production's rhythm, converged pairs, and what is counted."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from harness.kubestate import Key
from harness.world import CLUSTER, GALLERY, HOME, SECOND, Scene, condition
from poolwright.settings import Settings

PRODUCTION = Settings(resource_manager="https://azuresim.test", cluster_id=CLUSTER)
"""The default intervals."""
IMAGE, POOL = ("customimages", "ubuntu"), ("batchpools", "frames")
UBUNTU = "batch.node.ubuntu 22.04"
DEFINITION = f"{GALLERY}/images/made"
VERSION = f"{DEFINITION}/versions/1.0.0"
# A pool that needs no CustomImage: its image and node agent are named.
BY_ID: dict[str, Any] = {"image": {"galleryImage": {"id": VERSION}}, "nodeAgentSku": UBUNTU}
Object = tuple[str, str]


def production() -> Scene:
    """A world with production's rhythm, in which days may pass."""
    return Scene(settings=PRODUCTION, most_calls=100_000)


@asynccontextmanager
async def converged(scene: Scene, *, pool: dict[str, Any] | None = None, **image: Any) -> AsyncIterator[Scene]:
    """A scene in which the image and the pool are Ready and at rest."""
    async with operating(scene):
        scene.image(**image)
        scene.pool(**(pool or {}))
        await both_ready(scene)
        await asyncio.sleep(1200)
        yield scene


@asynccontextmanager
async def operating(scene: Scene) -> AsyncIterator[Scene]:
    """A scene with an operator, which is stopped at the end, also of a failing test."""
    await scene.start_operator()
    try:
        yield scene
    finally:
        if scene.operator is not None:
            await scene.operator.stop()


async def both_ready(scene: Scene, *, within: float = 6 * 3600.0) -> None:
    """Let time pass until both objects say so of their present generation."""
    await scene.until(lambda: all(is_ready(scene, item) for item in (IMAGE, POOL)), within=within)


async def until_told(scene: Scene, item: Object, reason: str, *, within: float = 7200.0) -> None:
    """Let time pass until Ready has this reason."""
    await scene.until(lambda: scene.ready(*item)[1] == reason, within=within, every=5)


async def until_ready(scene: Scene, item: Object, *, within: float = 6 * 3600.0) -> None:
    """Let time pass until Ready is True."""
    await scene.until(lambda: is_ready(scene, item), within=within, every=5)


async def until_gone(scene: Scene, *items: Object, within: float = 7200.0) -> None:
    """Let time pass until Kubernetes has none of the objects any more."""
    await scene.until(lambda: all(scene.kube.get(plural, "render", name) is None for plural, name in items), within=within, every=5)


def is_ready(scene: Scene, item: Object) -> bool:
    # In place: it is asked often, and a copy of a status is most of the cost.
    stored = scene.kube.state.objects.get(Key(item[0], "render", item[1]))
    return condition(stored, "Ready")[0] == "True"


def shown(scene: Scene, item: Object, type_: str) -> dict[str, Any]:
    """A condition as it is stored; empty when there is none."""
    body = scene.kube.get(item[0], "render", item[1])
    stored = body.get("status", {}).get("conditions", []) if body else []
    return next((dict(c) for c in stored if c["type"] == type_), {})


def status_of(scene: Scene, item: Object) -> dict[str, Any]:
    """The stored status."""
    body = scene.kube.get(item[0], "render", item[1])
    assert body is not None, f"{item} is gone"
    status: dict[str, Any] = body.get("status", {})
    return status


def operations(scene: Scene, since: int = 0) -> list[str]:
    """Writes to Azure, in order, as operations of its API."""
    return [entry.operation for entry in scene.azure.journal.writes(since)]


def status_writes(scene: Scene, since: int) -> Counter[str]:
    """Status writes since an index of ``scene.kube.log``, by the object's name."""
    return Counter(request.name for request in scene.kube.log[since:] if request.verb == "update" and request.subresource == "status")


def kubernetes_writes(scene: Scene, since: int) -> list[str]:
    """Every write but to leases since an index of ``scene.kube.log``."""
    return [f"{r} {r.name}" for r in scene.kube.log[since:] if r.verb not in {"get", "list"} and r.resource != "leases"]


def farm(scene: Scene) -> BatchAccount:
    """The Batch account, brought up to the clock: for tests that act as somebody else."""
    scene.world.settle()
    account = scene.world.batch.named("farm")
    assert account is not None
    return account


def nodes(scene: Scene, pool: str = "frames") -> tuple[int, int]:
    """Dedicated and low-priority nodes the pool has in Azure."""
    kinds = Counter(node.dedicated for node in farm(scene).pools[pool].nodes.values())
    return kinds[True], kinds[False]


def made_version(scene: Scene, *regions: str, version: str = VERSION) -> str:
    """A finished version that somebody else made; its id."""
    definition = version.split("/versions/", 1)[0]
    scene.world.add_definition(definition, location=HOME)
    scene.world.add_version(version, regions=regions or (HOME, SECOND))
    return version


def stranger(scene: Scene, *, metadata: dict[str, str] | None = None, nodes: int = 0, pool_id: str = "frames") -> None:
    """A pool that somebody else makes, on the version of ``made_version``."""
    body = {
        "id": pool_id,
        "vmSize": "Standard_D2s_v3",
        "virtualMachineConfiguration": {"imageReference": {"virtualMachineImageId": VERSION}, "nodeAgentSKUId": UBUNTU},
        "targetDedicatedNodes": nodes,
        "targetLowPriorityNodes": 0,
        "metadata": [{"name": name, "value": value} for name, value in (metadata or {}).items()],
    }
    scene.world.pools.create(farm(scene), body)


def pauses(times: list[float]) -> list[float]:
    """The seconds between one and the next."""
    return [later - earlier for earlier, later in itertools.pairwise(times)]
