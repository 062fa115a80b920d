"""Declarations that the API server admits, and ways to alter them."""

from __future__ import annotations

import copy
import json
from typing import Any

Json = dict[str, Any]

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/render"
GALLERY = f"{GROUP}/providers/Microsoft.Compute/galleries/rendergallery"
VERSION = f"{GALLERY}/images/ubuntu/versions/1.0.0"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/rendervhds"
ACCOUNT = f"{GROUP}/providers/Microsoft.Batch/batchAccounts/renderbatch"
BLOB = "https://rendervhds.blob.core.windows.net/vhds/ubuntu.vhd"

MARKETPLACE = {"publisher": "canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts"}
IN_PLACE = {"galleryImageVersion": {"id": VERSION, "osState": "Generalized"}}
VHD = {"vhd": {"blobUri": BLOB, "storageAccountId": STORAGE, "osState": "Generalized"}}
OS = {"type": "Linux", "hyperVGeneration": "V2", "architecture": "x64", "securityType": "Standard"}


class Removed:
    """Stands for a field that is taken out."""


REMOVED = Removed()


def image(name: str = "ubuntu", **spec: Any) -> Json:
    """A CustomImage made from a VHD, with nothing optional unless said."""
    full = {"gallery": {"id": GALLERY, "location": "westeurope"}, "os": OS, "source": VHD} | spec
    return _document("CustomImage", name, full)


def image_in_place(name: str = "ubuntu", **spec: Any) -> Json:
    """A CustomImage that stands for a finished version."""
    return _document("CustomImage", name, {"source": IN_PLACE} | spec)


def pool(name: str = "frames", **spec: Any) -> Json:
    """A BatchPool that follows a CustomImage, with nothing optional unless said."""
    full = {"batchAccountId": ACCOUNT, "image": {"customImageRef": {"name": "ubuntu"}}, "vmSize": "Standard_D2s_v5"} | spec
    return _document("BatchPool", name, full)


def altered(document: Json, changes: dict[str, Any]) -> Json:
    """A copy with the fields at dotted paths below ``spec`` set, or taken out where the value is ``REMOVED``."""
    result = copy.deepcopy(document)
    for path, value in changes.items():
        *parents, last = path.split(".")
        target = result["spec"]
        for parent in parents:
            target = target.setdefault(parent, {})
        if value is REMOVED:
            del target[last]
        else:
            target[last] = value
    return result


def text(document: Json) -> str:
    """The document as kubectl reads it from standard input."""
    return json.dumps(document)


def _document(kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": "poolwright.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": copy.deepcopy(spec)}
