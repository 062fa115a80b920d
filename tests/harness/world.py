"""A whole world in virtual time: a simulated Azure, an in-memory Kubernetes, and operators that can be killed at any call.

Nothing of the operator is replaced: the real SDK clients over the simulator's transport, the real Kubernetes client over the in-memory API,
and the function that kopf's handlers call.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

from azure.core.credentials import AccessToken

from azuresim import Application, CallableClock, Durations, FaultPlan, Journal, Request, Response, World
from azuresim.transport import Phase, SimulatorTransport
from harness.kubeapi import KubeApi
from harness.kuberequest import Request as KubeRequest
from harness.kubewatch import Watch
from harness.virtualtime import EPOCH, chance
from poolwright.core import OperatorCore
from poolwright.domain.objects import Body
from poolwright.engine.clock import LoopClock
from poolwright.kube.client import KubeClient
from poolwright.settings import Settings
from poolwright.telemetry.metrics import PrometheusMetrics

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/render"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/vhds"
ACCOUNT = f"{GROUP}/providers/Microsoft.Batch/batchAccounts/farm"
GALLERY = f"{GROUP}/providers/Microsoft.Compute/galleries/gallery"
HOME, SECOND = "westeurope", "northeurope"
BLOBS = "https://azuresim.test/blob/vhds/images"
CLUSTER = "test-cluster"
# The production rhythm is a setting; here it is slow, so that virtual days cost little.
SLOW = Settings(
    resource_manager="https://azuresim.test",
    cluster_id=CLUSTER,
    pool_poll_seconds=600,
    node_count_seconds=3600,
    image_poll_seconds=3600,
    image_motion_seconds=60,
    pool_workers=4,
    image_workers=2,
)


# A quiet day at this rhythm takes about 700, the longest chapter 130.
RUNAWAY_CALLS = 1500
OK = 200


class Credential:
    """A token that means nothing."""

    async def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("token", 4_102_444_800)

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None: ...


@dataclass(slots=True)
class Recorded:
    """Events, as they would have been written."""

    events: list[tuple[str, str, str, str]] = field(default_factory=list)

    def record(self, body: Body, type_: str, reason: str, note: str) -> None:
        self.events.append((body["metadata"]["name"], type_, reason, note))


Call = tuple[str, str]
"""(azure or kubernetes, what is called)."""
Gate = Callable[[Phase, Call], Awaitable[None]]


class Operator:
    """One process of the operator, as far as Kubernetes and Azure can tell."""

    def __init__(self, scene: Scene, gate: Gate | None) -> None:
        self._scene = scene
        self.gate = gate
        self._tasks: set[asyncio.Task[Any]] = set()
        self.calls = 0
        self.recorder = Recorded()
        self.metrics = PrometheusMetrics()
        self.core: OperatorCore | None = None
        self.watch: Watch | None = None

    async def start(self, *, blind: bool = False) -> None:
        """List, start the workers, watch; ``blind`` gets no events at all, only what it lists."""
        others = asyncio.all_tasks()
        scene = self._scene
        scene.kube.gate = self._kubernetes
        client = KubeClient(scene.kube.client(), self.metrics)
        transport = SimulatorTransport(scene.azure, gate=self._azure)
        self.core = OperatorCore(
            scene.settings,
            objects=client,
            recorder=self.recorder,
            credential=Credential(),
            transport=transport,
            cluster=CLUSTER,
            clock=scene.clock,
            random=chance(scene.seed),
            metrics=self.metrics,
        )
        await self.core.start()
        self._tasks = asyncio.all_tasks() - others
        if not blind:
            self.watch = scene.kube.watch(self.core.intake)
            self.watch.delay = scene.events_late

    async def stop(self) -> None:
        """The orderly way."""
        if self.watch is not None:
            self.watch.close()
        if self.core is not None:
            await self.core.stop()

    async def kill(self, *spared: asyncio.Task[Any] | None) -> None:
        """SIGKILL: nothing of it runs on, and nothing is said goodbye to."""
        if self.watch is not None:
            self.watch.close()
        if self.core is not None:
            for queue in self.core._queues.values():
                queue.close()
        tasks = [task for task in asyncio.all_tasks() if task not in spared]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def runaway(self) -> bool:
        """Whether it made more calls than any honest day has; from then on it gets no answer."""
        return self.calls > self._scene.most_calls

    async def _count(self, phase: Phase) -> None:
        self.calls += phase == "before"
        if self.runaway:
            await asyncio.Event().wait()

    async def _azure(self, phase: Phase, request: Request, response: Response | None) -> None:
        del response
        await self._count(phase)
        if self.gate is not None:
            await self.gate(phase, ("azure", f"{request.method} {request.path}"))

    async def _kubernetes(self, phase: Phase, request: KubeRequest) -> None:
        await self._count(phase)
        if self.gate is not None:
            await self.gate(phase, ("kubernetes", str(request)))


class Scene:
    """Azure, Kubernetes, and the operator of the moment. Needs a running loop."""

    def __init__(self, *, seed: int = 0, settings: Settings = SLOW, most_calls: int = RUNAWAY_CALLS, events_late: float = 0.0) -> None:
        loop = asyncio.get_running_loop()
        self.seed = seed
        self.events_late = events_late
        self.most_calls = most_calls
        self.settings = settings
        self.clock = LoopClock(EPOCH)
        self.world = World(CallableClock(lambda: EPOCH.timestamp() + loop.time()), durations=Durations(), base_url="https://azuresim.test")
        self.world.add_storage_account(STORAGE, location=HOME)
        self.world.add_batch_account(ACCOUNT, location=HOME)
        for version in ("v1", "v2", "v3"):
            self.world.add_vhd(f"{BLOBS}/{version}.vhd", size_mib=64)
        self.azure = Application(self.world, faults=FaultPlan(), journal=Journal(), strict=True)
        self.kube = KubeApi(self.clock.now)
        self.operator: Operator | None = None

    async def start_operator(self, gate: Gate | None = None, *, blind: bool = False) -> Operator:
        self.operator = Operator(self, gate)
        await self.operator.start(blind=blind)
        return self.operator

    def image(self, **spec: Any) -> dict[str, Any]:
        """Apply the CustomImage; ``spec`` adds to it or replaces."""
        return self.kube.apply(image(**spec))

    def pool(self, **spec: Any) -> dict[str, Any]:
        """Apply the BatchPool; ``spec`` adds to it or replaces."""
        return self.kube.apply(pool(**spec))

    def ready(self, plural: str, name: str) -> tuple[str, str]:
        """Status and reason of Ready."""
        return condition(self.kube.get(plural, "render", name), "Ready")

    async def until(self, done: Callable[[], bool], *, within: float = 6 * 3600.0, every: float = 15.0) -> None:
        """Let time pass until something holds; AssertionError after ``within`` seconds."""
        waited = 0.0
        while not done():
            assert waited < within, f"not reached in {within:.0f} s: {self.told()}"
            await asyncio.sleep(every)
            waited += every

    def ask(self, path: str) -> Any:
        """Ask the simulator itself, past the operator's clients and past any fault; None for what is not there."""
        request = Request(method="GET", url=f"https://azuresim.test{path}", headers={"authorization": "Bearer test"})
        response = Application(self.world).handle(request)
        return json.loads(response.body) if response.status == OK else None

    def told(self) -> dict[str, Any]:
        """What both objects say, for a failing test's message."""
        bodies = [*self.kube.all("customimages"), *self.kube.all("batchpools")]
        return {body["metadata"]["name"]: body.get("status") for body in bodies}


def image(*, name: str = "ubuntu", vhd: str = "v1", **spec: Any) -> dict[str, Any]:
    """A CustomImage in two regions, deleted with what it made."""
    return {
        "apiVersion": "poolwright.io/v1alpha1",
        "kind": "CustomImage",
        "metadata": {"name": name, "namespace": "render"},
        "spec": {
            "gallery": {"id": GALLERY, "location": HOME},
            "os": {"type": "Linux", "hyperVGeneration": "V2", "architecture": "x64", "securityType": "Standard"},
            "baseImage": {"publisher": "canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts"},
            "source": {"vhd": {"blobUri": f"{BLOBS}/{vhd}.vhd", "storageAccountId": STORAGE, "osState": "Generalized"}},
            "replication": {"regions": [{"name": HOME}, {"name": SECOND}]},
            "deletionPolicy": "Delete",
            **spec,
        },
    }


def pool(*, name: str = "frames", **spec: Any) -> dict[str, Any]:
    """A BatchPool of two dedicated nodes and one low-priority node that follows the image."""
    return {
        "apiVersion": "poolwright.io/v1alpha1",
        "kind": "BatchPool",
        "metadata": {"name": name, "namespace": "render"},
        "spec": {
            "batchAccountId": ACCOUNT,
            "image": {"customImageRef": {"name": "ubuntu"}},
            "vmSize": "Standard_D2s_v3",
            "targetDedicatedNodes": 2,
            "targetLowPriorityNodes": 1,
            **spec,
        },
    }


def condition(body: dict[str, Any] | None, type_: str) -> tuple[str, str]:
    """Status and reason of a condition that speaks of the present generation; empty when there is none."""
    if body is None:
        return ("", "")
    for item in body.get("status", {}).get("conditions", []):
        if item["type"] == type_ and item["observedGeneration"] == body["metadata"]["generation"]:
            return (item["status"], item["reason"])
    return ("", "")
