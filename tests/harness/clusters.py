"""Two Kubernetes APIs that can be told the same stories: the in-memory one, and a real kube-apiserver."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from harness.kubeapi import KubeApi
from harness.virtualtime import EPOCH, run
from localplane import ControlPlane
from poolwright.engine.clock import LoopClock
from poolwright.kube.client import KubeClient
from poolwright.telemetry.metrics import PrometheusMetrics

Story = Callable[[KubeClient], Awaitable[None]]


class Cluster(Protocol):
    """A Kubernetes API, and a namespace in it that belongs to one test."""

    namespace: str

    def tell(self, story: Story) -> None:
        """Run the story against it, on a loop of its own."""


class InMemory:
    namespace = "contract"

    def tell(self, story: Story) -> None:
        async def told() -> None:
            await story(KubeClient(KubeApi(LoopClock(EPOCH).now).client(), PrometheusMetrics()))

        run(told())


class Real:
    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.namespace = namespace
        self._plane = plane

    def tell(self, story: Story) -> None:
        async def told() -> None:
            configuration = Configuration()
            path = str(self._plane.kubeconfig)
            await config.load_kube_config(config_file=path, client_configuration=configuration)  # type: ignore[no-untyped-call] # no annotations there
            client = KubeClient(ApiClient(configuration), PrometheusMetrics())
            try:
                await story(client)
            finally:
                await client.close()

        asyncio.run(told())
