"""What a user does to a BatchPool, through the client and against either cluster."""

from __future__ import annotations

from typing import Any

from harness import declarations
from harness.kuberequest import MERGE_PATCH
from poolwright.domain.objects import POOLS, Body, ObjectKey
from poolwright.kube.client import KubeClient, path

READY = {"type": "Ready", "status": "True", "reason": "Settled", "message": "1 of 1 nodes.", "observedGeneration": 1}
STATUS = {"observedGeneration": 1, "conditions": [{**READY, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}


async def create(client: KubeClient, namespace: str, name: str = "render", **extra: Any) -> Body:
    root = f"/apis/poolwright.io/v1alpha1/namespaces/{namespace}/{POOLS}"
    return await client.call("POST", root, body={**declarations.pool(name, namespace=namespace), **extra})


async def edit(client: KubeClient, body: Body, change: dict[str, Any]) -> Body:
    target = path(POOLS, body["metadata"]["namespace"], body["metadata"]["name"])
    return await client.call("PATCH", target, body=change, content=MERGE_PATCH)


async def delete(client: KubeClient, body: Body) -> dict[str, Any]:
    return await client.call("DELETE", path(POOLS, body["metadata"]["namespace"], body["metadata"]["name"]))


async def read(client: KubeClient, body: Body) -> Body | None:
    return await client.get(ObjectKey(POOLS, body["metadata"]["namespace"], body["metadata"]["name"]))


def version(body: Body) -> int:
    return int(body["metadata"]["resourceVersion"])


def generation(body: Body) -> int:
    return int(body["metadata"]["generation"])


async def edit_status(client: KubeClient, body: Body, change: dict[str, Any]) -> Body:
    target = f"{path(POOLS, body['metadata']['namespace'], body['metadata']['name'])}/status"
    return await client.call("PATCH", target, body=change, content=MERGE_PATCH)
