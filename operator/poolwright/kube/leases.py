"""The Lease of one shard, kept in the API server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from poolwright.domain.lease import Lease
from poolwright.domain.objects import NotFound
from poolwright.kube.client import FIELD_MANAGER, KubeClient

MICROTIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class KubeLeases:
    """Reads and writes one Lease by name."""

    def __init__(self, client: KubeClient, namespace: str, name: str) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"

    async def read(self) -> Lease | None:
        """The Lease as stored, None when there is none."""
        try:
            return _lease(await self._client.call("GET", f"{self._path}/{self._name}"))
        except NotFound:
            return None

    async def create(self, lease: Lease) -> Lease:
        """POST."""
        return _lease(await self._client.call("POST", self._path, body=self._document(lease), query={"fieldManager": FIELD_MANAGER}))

    async def replace(self, lease: Lease) -> Lease:
        """PUT this version."""
        target = f"{self._path}/{self._name}"
        return _lease(await self._client.call("PUT", target, body=self._document(lease), query={"fieldManager": FIELD_MANAGER}))

    def _document(self, lease: Lease) -> dict[str, Any]:
        metadata = {"name": self._name, "namespace": self._namespace} | ({"resourceVersion": lease.version} if lease.version else {})
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": {
                "holderIdentity": lease.holder,
                "leaseDurationSeconds": lease.duration_seconds,
                "acquireTime": lease.acquired.strftime(MICROTIME),
                "renewTime": lease.renewed.strftime(MICROTIME),
                "leaseTransitions": lease.transitions,
            },
        }


def _lease(document: dict[str, Any]) -> Lease:
    spec = document.get("spec", {})
    return Lease(
        holder=spec.get("holderIdentity", ""),
        duration_seconds=spec.get("leaseDurationSeconds", 0),
        acquired=_time(spec.get("acquireTime")),
        renewed=_time(spec.get("renewTime")),
        transitions=spec.get("leaseTransitions", 0),
        version=document["metadata"]["resourceVersion"],
    )


def _time(text: str | None) -> datetime:
    """A time nobody wrote is long ago."""
    return datetime.strptime(text, MICROTIME).replace(tzinfo=UTC) if text else datetime.fromtimestamp(0, UTC)
