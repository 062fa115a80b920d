"""Calls to the API server through the ``kubernetes`` package's asyncio client: plain JSON in and out, errors of the domain."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client import ApiClient

from poolwright.domain.metrics import Metrics
from poolwright.domain.objects import (
    API_GROUP,
    API_VERSION,
    FINALIZER,
    SINGULAR,
    Body,
    Conflict,
    KubernetesError,
    NotFound,
    ObjectKey,
    Unreachable,
)

FIELD_MANAGER = "poolwright"
REQUEST_SECONDS = 10.0
# An object of 5 KB is 28 KiB in Python until managedFields are cut away, and a page is held whole.
PAGE = 100
NOT_FOUND, CONFLICT, GONE, INVALID = 404, 409, 410, 422
JSON, JSON_PATCH = "application/json", "application/json-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


class KubeClient:
    """One API server. Every call has a time limit; nothing is retried here, because the next pass is the retry."""

    def __init__(self, api: ApiClient, metrics: Metrics) -> None:
        self._api = api
        self._metrics = metrics

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()  # type: ignore[no-untyped-call] # the package has no annotations here

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        content: str = JSON,
        accept: str = JSON,
    ) -> dict[str, Any]:
        """One request; answers with the JSON, raises KubernetesError."""
        url = f"{path}?{urlencode(query)}" if query else path
        headers = {"Accept": accept} | ({"Content-Type": content} if body is not None else {})
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request = await self._api.param_serialize(method, url, header_params=headers, body=body, auth_settings=["BearerToken"])
                response = await self._api.call_api(*request)
                text: bytes = await response.read()  # type: ignore[no-untyped-call] # the package has no annotations here
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._metrics.kubernetes_request(method, "0")
            raise Unreachable(0, "Unreachable", str(error) or type(error).__name__) from error
        self._metrics.kubernetes_request(method, str(response.status))
        if response.status >= 300:  # noqa: PLR2004 - HTTP's own number
            raise _error(response.status, text)
        answer: dict[str, Any] = json.loads(text) if text else {}
        return answer

    async def get(self, key: ObjectKey) -> Body | None:
        """One object, None when it is gone."""
        try:
            return await self.call("GET", path(key.kind, key.namespace, key.name))
        except NotFound:
            return None

    async def list_full(self, kind: str) -> tuple[list[Body], str]:
        """All objects and the listing's resourceVersion."""
        return await self._list(kind, JSON)

    async def list_metadata(self, kind: str) -> tuple[list[Body], str]:
        """All objects' metadata and the listing's resourceVersion."""
        return await self._list(kind, METADATA_ONLY)

    async def replace_status(self, body: Body, status: Body) -> Body:
        """PUT the status of exactly this version of the object: full replacement, 409 when it has moved."""
        metadata = {name: body["metadata"][name] for name in ("name", "namespace", "uid", "resourceVersion")}
        kind = _plural(body)
        document = {"apiVersion": f"{API_GROUP}/{API_VERSION}", "kind": SINGULAR[kind], "metadata": metadata, "status": status}
        target = f"{path(kind, metadata['namespace'], metadata['name'])}/status"
        return await self.call("PUT", target, body=document, query={"fieldManager": FIELD_MANAGER})

    async def add_finalizer(self, body: Body) -> Body:
        """Add ours, if the object has not moved."""
        if body["metadata"].get("finalizers"):
            change: dict[str, object] = {"op": "add", "path": "/metadata/finalizers/-", "value": FINALIZER}
        else:
            change = {"op": "add", "path": "/metadata/finalizers", "value": [FINALIZER]}
        return await self._patch(body, change)

    async def remove_finalizer(self, body: Body) -> None:
        """Take ours off, if the object has not moved."""
        place = f"/metadata/finalizers/{body['metadata']['finalizers'].index(FINALIZER)}"
        try:
            await self._patch(body, {"op": "remove", "path": place})
        except NotFound:
            return

    async def cluster_id(self) -> str:
        """The uid of the namespace kube-system, which stands for the cluster."""
        namespace = await self.call("GET", "/api/v1/namespaces/kube-system")
        return str(namespace["metadata"]["uid"])

    async def _patch(self, body: Body, change: Mapping[str, object]) -> Body:
        """A JSON patch guarded by uid and resourceVersion; Conflict when a guard fails."""
        metadata = body["metadata"]
        guards = [{"op": "test", "path": f"/metadata/{name}", "value": metadata[name]} for name in ("uid", "resourceVersion")]
        target, query = path(_plural(body), metadata["namespace"], metadata["name"]), {"fieldManager": FIELD_MANAGER}
        return await self.call("PATCH", target, body=[*guards, change], query=query, content=JSON_PATCH)

    async def _list(self, kind: str, accept: str) -> tuple[list[Body], str]:
        items: list[Body] = []
        query = {"limit": str(PAGE)}
        while True:
            page = await self.call("GET", path(kind), query=query, accept=accept)
            # An empty list of metadata has null for its items.
            items += [_item(item, SINGULAR[kind]) for item in page["items"] or ()]
            if not (token := page["metadata"].get("continue")):
                return items, page["metadata"]["resourceVersion"]
            query = {"limit": str(PAGE), "continue": token}


def path(kind: str, namespace: str | None = None, name: str | None = None) -> str:
    """The path of a kind, cluster-wide, or of one object."""
    root = f"/apis/{API_GROUP}/{API_VERSION}"
    return f"{root}/{kind}" if namespace is None else f"{root}/namespaces/{namespace}/{kind}/{name}"


def _item(item: dict[str, Any], kind: str) -> Body:
    """Metadata come under a kind of their own; ours is known. managedFields are more than half of 10,000 objects, and nobody reads them."""
    metadata = {name: value for name, value in item["metadata"].items() if name != "managedFields"}
    return {**item, "kind": kind, "metadata": metadata}


def _plural(body: Body) -> str:
    return next(plural for plural, singular in SINGULAR.items() if singular == body["kind"])


def _error(status: int, text: bytes) -> KubernetesError:
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {}
    reason, message = str(answer.get("reason", "")), str(answer.get("message", text[:200]))
    # A JSON patch whose guard failed is answered like an object the schema refuses: 422 Invalid. Only the latter names causes.
    if status == INVALID and reason == "Invalid" and not (answer.get("details") or {}).get("causes"):
        return Conflict(status, reason, message)
    kind = {NOT_FOUND: NotFound, CONFLICT: Conflict}.get(status, KubernetesError)
    return kind(status, reason, message)
