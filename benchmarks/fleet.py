"""Many small pools over a few Batch accounts, all booting one image version that is there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from demo.world import TENANT

API = "poolwright.io/v1alpha1"
NAMESPACE = "fleet"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/fleet"
GALLERY = f"{GROUP}/providers/Microsoft.Compute/galleries/fleet"
DEFINITION = f"{GALLERY}/images/ubuntu"
VERSION = f"{DEFINITION}/versions/1.0.0"
HOME, IMAGE, VM_SIZE = "westeurope", "ubuntu", "Standard_D2s_v5"
# No quota and no shortage takes part in a measurement.
PLENTY = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """``pools`` BatchPools, dealt out in turn to ``accounts`` Batch accounts."""

    pools: int
    accounts: int

    def seed(self) -> dict[str, Any]:
        """The world before anything is declared: accounts without pools, and a complete image version."""
        plenty = {"dedicatedCoreQuota": PLENTY, "lowPriorityCoreQuota": PLENTY, "poolQuota": PLENTY}
        definition = {"osType": "Linux", "hyperVGeneration": "V2", "architecture": "x64", "securityType": "Standard"}
        return {
            "tenant": TENANT,
            "resourceGroups": [{"subscription": SUBSCRIPTION, "name": "fleet", "location": HOME}],
            "batchAccounts": [{"id": self.account(number), "location": HOME, **plenty} for number in range(self.accounts)],
            "galleries": [{"id": GALLERY, "location": HOME}],
            "definitions": [{"id": DEFINITION, "location": HOME, **definition}],
            "versions": [{"id": VERSION, "regions": [HOME]}],
        }

    def image(self) -> dict[str, Any]:
        """The CustomImage every pool names: the version as it is, nothing to build."""
        spec = {
            "baseImage": {"publisher": "canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts"},
            "source": {"galleryImageVersion": {"id": VERSION, "osState": "Generalized"}},
        }
        return {"apiVersion": API, "kind": "CustomImage", "metadata": {"name": IMAGE, "namespace": NAMESPACE}, "spec": spec}

    def declarations(self) -> list[dict[str, Any]]:
        """The BatchPools: one dedicated node each."""
        return [self._pool(number) for number in range(self.pools)]

    def account(self, number: int) -> str:
        """The ARM id of one of the accounts."""
        return f"{GROUP}/providers/Microsoft.Batch/batchAccounts/fleet{number:03}"

    def _pool(self, number: int) -> dict[str, Any]:
        spec = {
            "batchAccountId": self.account(number % self.accounts),
            "image": {"customImageRef": {"name": IMAGE}},
            "vmSize": VM_SIZE,
            "targetDedicatedNodes": 1,
        }
        metadata = {"name": pool_name(number), "namespace": NAMESPACE}
        return {"apiVersion": API, "kind": "BatchPool", "metadata": metadata, "spec": spec}


def pool_name(number: int) -> str:
    """The name of a BatchPool, and of its pool in Azure."""
    return f"pool-{number:05}"
