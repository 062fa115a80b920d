"""Processes that want the same lease, and what each of them did."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from harness.kubeapi import KubeApi
from harness.kuberequest import LEASES
from harness.kubestate import Key
from harness.virtualtime import EPOCH, run
from poolwright.domain.lease import Lease
from poolwright.engine.clock import LoopClock
from poolwright.engine.election import Elector, Times
from poolwright.kube.client import KubeClient
from poolwright.kube.leases import KubeLeases
from poolwright.telemetry.metrics import PrometheusMetrics

TIMES = Times()
LEASE = Key("leases", "poolwright-system", "poolwright")


class Stage:
    """A cluster with one lease, any number of processes that want it, and a log of who acted when."""

    def __init__(self) -> None:
        self.api = KubeApi(LoopClock(EPOCH).now)
        self.cut_off: set[str] = set()
        self.acting: set[str] = set()
        self.most_at_once = 0
        self.metrics: dict[str, PrometheusMetrics] = {}

    def leases(self, identity: str = "") -> KubeLeases:
        """The lease as this process reaches it; while it is cut off its calls hang for ever."""
        api = self.api

        class Reached(KubeLeases):
            async def read(inner) -> Lease | None:  # noqa: N805 - the outer self is the stage
                await self._wire(identity)
                return await super().read()

        client = KubeClient(api.client(), self.metrics.setdefault(identity, PrometheusMetrics()))
        return Reached(client, LEASE.namespace, LEASE.name)

    def elector(self, identity: str) -> Elector:
        leases = self.leases(identity)
        return Elector(leases, name="poolwright", identity=identity, clock=LoopClock(EPOCH), metrics=self.metrics[identity])

    def start(self, identity: str, work: Callable[[], Awaitable[None]] | None = None) -> asyncio.Task[None]:
        async def for_ever() -> None:
            await asyncio.sleep(10**9)

        async def noted() -> None:
            self.acting.add(identity)
            self.most_at_once = max(self.most_at_once, len(self.acting))
            try:
                await (work or for_ever)()
            finally:
                self.acting.remove(identity)

        return asyncio.create_task(self.elector(identity).lead(noted), name=identity)

    def leading(self, identity: str) -> float | None:
        return self.metrics[identity].registry.get_sample_value("leader_election_master_status", {"name": "poolwright"})

    @property
    def spec(self) -> dict[str, Any]:
        return dict(self.api.state.read(LEASES, LEASE)["spec"])

    async def _wire(self, identity: str) -> None:
        if identity in self.cut_off:
            await asyncio.sleep(10**6)


def told(story: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await story(Stage())

    run(main())


async def ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def seconds() -> float:
    return asyncio.get_running_loop().time()
