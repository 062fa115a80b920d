"""Declarations of both kinds that the real API server admits."""

from __future__ import annotations

from typing import Any

SUBSCRIPTION = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/render"
ACCOUNT = f"{SUBSCRIPTION}/providers/Microsoft.Batch/batchAccounts/renderfarm"
GALLERY = f"{SUBSCRIPTION}/providers/Microsoft.Compute/galleries/images"
STORAGE = f"{SUBSCRIPTION}/providers/Microsoft.Storage/storageAccounts/vhds"


def pool(name: str, *, namespace: str = "default", image: str = "ubuntu", **spec: Any) -> dict[str, Any]:
    """A BatchPool of one dedicated node; ``spec`` adds to it or replaces."""
    return {
        "apiVersion": "poolwright.io/v1alpha1",
        "kind": "BatchPool",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "batchAccountId": ACCOUNT,
            "image": {"customImageRef": {"name": image}},
            "vmSize": "Standard_D2s_v5",
            "targetDedicatedNodes": 1,
            **spec,
        },
    }


def image(name: str, *, namespace: str = "default", **spec: Any) -> dict[str, Any]:
    """A CustomImage from a VHD; ``spec`` adds to it or replaces."""
    return {
        "apiVersion": "poolwright.io/v1alpha1",
        "kind": "CustomImage",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "gallery": {"id": GALLERY, "location": "westeurope"},
            "os": {"type": "Linux", "hyperVGeneration": "V2", "architecture": "x64", "securityType": "Standard"},
            "source": {
                "vhd": {
                    "blobUri": "https://vhds.blob.core.windows.net/images/ubuntu.vhd",
                    "storageAccountId": STORAGE,
                    "osState": "Generalized",
                }
            },
            **spec,
        },
    }
