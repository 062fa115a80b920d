"""The Azure adapters over a simulated cloud in virtual time; nothing of Kubernetes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from azuresim import Application, CallableClock, FaultPlan, Journal, World
from azuresim.transport import SimulatorTransport
from harness.virtualtime import EPOCH, chance
from harness.world import ACCOUNT, BLOBS, GROUP, HOME, STORAGE, Credential
from poolwright.cloud.account_poller import Rhythm
from poolwright.cloud.accounts import AzureAccounts
from poolwright.cloud.clients import AzureClients, AzureCloud
from poolwright.domain.ownership import Mark
from poolwright.domain.resource_id import ResourceId, parse
from poolwright.engine.clock import LoopClock
from poolwright.telemetry.metrics import PrometheusMetrics

ACCOUNT_ID = parse(ACCOUNT)
MARK = Mark(cluster="c", namespace="render", name="frames", uid="u")
IMAGE_ID = f"{GROUP}/providers/Microsoft.Compute/galleries/g/images/i/versions/1.0.0"
UBUNTU = "batch.node.ubuntu 22.04"


class Azure:
    """A world with a storage account, a VHD, a Batch account and an image version. Needs a running loop."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.world = World(CallableClock(lambda: EPOCH.timestamp() + loop.time()), base_url="https://azuresim.test")
        self.world.add_storage_account(STORAGE, location=HOME)
        self.world.add_vhd(f"{BLOBS}/v1.vhd", size_mib=64)
        self.account = self.world.add_batch_account(ACCOUNT, location=HOME)
        self.world.add_definition(IMAGE_ID.split("/versions/", maxsplit=1)[0], location=HOME)
        self.world.add_version(IMAGE_ID, regions=(HOME,))
        self.app = Application(self.world, faults=FaultPlan(), journal=Journal(), strict=True)
        self.metrics = PrometheusMetrics()
        cloud = AzureCloud(resource_manager="https://azuresim.test")
        self.clients = AzureClients(cloud, Credential(), SimulatorTransport(self.app), self.metrics, "0")
        self.moved: list[str | None] = []

    def accounts(self, *, pools: float = 20.0, node_counts: float = 60.0) -> AzureAccounts:
        def moved(_account: ResourceId, pool_id: str | None) -> None:
            self.moved.append(pool_id)

        rhythm = Rhythm(pools=pools, node_counts=node_counts)
        return AzureAccounts(self.clients, clock=LoopClock(EPOCH), random=chance(), metrics=self.metrics, rhythm=rhythm, moved=moved)

    def pool(self, pool_id: str, *, nodes: int = 0) -> None:
        """Somebody makes a pool."""
        self.world.settle()
        machines = {"imageReference": {"virtualMachineImageId": IMAGE_ID}, "nodeAgentSKUId": UBUNTU}
        body: dict[str, Any] = {"id": pool_id, "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": machines}
        self.world.pools.create(self.account, {**body, "targetDedicatedNodes": nodes, "targetLowPriorityNodes": 0})

    async def until(self, done: Callable[[], bool]) -> None:
        """Let half seconds pass until something holds."""
        for _ in range(1000):
            if done():
                return
            await asyncio.sleep(0.5)
        raise AssertionError("not reached")

    def count(self, operation: str) -> int:
        return sum(entry.operation == operation for entry in self.app.journal)
