"""What a user does to the fleet: declare it, watch it become ready, change it. Through the operator's own client, but as administrator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from benchmarks.fleet import NAMESPACE
from poolwright.kube.client import KubeClient, path
from poolwright.telemetry.metrics import PrometheusMetrics

# Enough to keep the API server busy; more only makes each request wait longer.
AT_ONCE = 16
# Columns as `kubectl get` shows them: a fiftieth of the objects themselves, and Ready is one of them.
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
LOOK_SECONDS = 0.25
MERGE_PATCH = "application/merge-patch+json"


class Cluster:
    """The namespace of the fleet."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def declare(self, objects: list[dict[str, Any]]) -> None:
        """Create them all."""
        places = asyncio.Semaphore(AT_ONCE)

        async def create(body: dict[str, Any]) -> None:
            async with places:
                await self._client.call("POST", path(_plural(body), NAMESPACE, ""), body=body)

        async with asyncio.TaskGroup() as group:
            for body in objects:
                group.create_task(create(body))

    async def all_ready(self, kind: str, count: int, within: float) -> None:
        """Until this many objects are Ready; raises RuntimeError with the other reasons after ``within`` seconds."""
        shown: dict[str, int] = {}
        try:
            async with asyncio.timeout(within):
                while True:
                    shown = await self._ready(kind)
                    if shown.get("True", 0) >= count:
                        return
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise RuntimeError(f"Not all {count} {kind} were Ready after {within:.0f} s: {shown}") from None

    async def patch(self, kind: str, name: str, change: dict[str, Any]) -> None:
        """Merge ``change`` into one object."""
        await self._client.call("PATCH", path(kind, NAMESPACE, name), body=change, content=MERGE_PATCH)

    async def _ready(self, kind: str) -> dict[str, int]:
        """Objects by what their column Ready says, or their column Reason where that is not True."""
        # Version 0: from the API server's cache, so that looking costs etcd nothing.
        query = {"includeObject": "None", "resourceVersion": "0"}
        table = await self._client.call("GET", path(kind, NAMESPACE, ""), query=query, accept=TABLE)
        columns = [column["name"] for column in table["columnDefinitions"]]
        ready, reason = columns.index("Ready"), columns.index("Reason")
        counts: dict[str, int] = {}
        for row in table["rows"] or ():
            cells = row["cells"]
            said = "True" if cells[ready] == "True" else str(cells[reason])
            counts[said] = counts.get(said, 0) + 1
        return counts


@asynccontextmanager
async def cluster(kubeconfig: Path) -> AsyncIterator[Cluster]:
    """Connected, until the block ends."""
    configuration = Configuration()
    await config.load_kube_config(str(kubeconfig), client_configuration=configuration)  # type: ignore[no-untyped-call] # no annotations there
    configuration.connection_pool_maxsize = AT_ONCE
    client = KubeClient(ApiClient(configuration), PrometheusMetrics())
    try:
        yield Cluster(client)
    finally:
        await client.close()


def _plural(body: dict[str, Any]) -> str:
    return f"{body['kind'].lower()}s"
