"""Bodies of resources that a recording names but never shows, made from what the call that names them tells about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azuresim.core.resource_id import ResourceId
from azuresim.replay.recording import Json, objects


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a resource besides its id."""

    location: str = "westeurope"
    os_type: str = "Linux"
    generation: str = "V1"
    size_gib: int = 30
    sku: str = "Standard_LRS"
    os_state: str = "Generalized"
    os_disk: str | None = None

    @classmethod
    def of(cls, *bodies: Any) -> Facts:
        """Gathered from the bodies that speak of it, the first that tells wins."""
        told = [found for body in bodies for found in objects(body)]

        def first(*names: str) -> Any:
            return next((o[name] for name in names for o in told if o.get(name) not in (None, {}, [])), None)

        disk = first("osDisk")
        managed = disk.get("managedDisk") if isinstance(disk, dict) else None
        return cls(
            location=first("location") or cls.location,
            os_type=first("osType") or cls.os_type,
            generation=first("hyperVGeneration") or cls.generation,
            size_gib=first("diskSizeGB", "sizeInGB") or cls.size_gib,
            sku=first("storageAccountType") or cls.sku,
            os_state=first("osState") or cls.os_state,
            os_disk=managed.get("id") if isinstance(managed, dict) else None,
        )


def make_up(resource: ResourceId, facts: Facts) -> Json | None:
    """A body as the service would show it; None for a type nothing is known of."""
    make = _MAKERS.get(resource.type)
    if make is None:
        return None
    return {
        "id": str(resource),
        "name": resource.name,
        "type": "/".join((resource.namespace, *resource.types)),
        "location": facts.location,
        **make(resource, facts),
    }


def _disk(_resource: ResourceId, facts: Facts) -> Json:
    return {
        "sku": {"name": facts.sku, "tier": facts.sku.partition("_")[0]},
        "properties": {
            "osType": facts.os_type,
            "hyperVGeneration": facts.generation,
            "creationData": {"createOption": "Empty"},
            "diskSizeGB": facts.size_gib,
            "diskSizeBytes": facts.size_gib << 30,
            "provisioningState": "Succeeded",
            "diskState": "Unattached",
        },
    }


def _image(resource: ResourceId, facts: Facts) -> Json:
    disk = f"/subscriptions/{resource.subscription}/resourceGroups/{resource.group}/providers/Microsoft.Compute/disks/{resource.name}"
    return {
        "properties": {
            "storageProfile": {
                "osDisk": {
                    "osType": facts.os_type,
                    "osState": "Generalized",
                    "diskSizeGB": facts.size_gib,
                    "managedDisk": {"id": disk},
                    "caching": "ReadWrite",
                    "storageAccountType": facts.sku,
                }
            },
            "hyperVGeneration": facts.generation,
            "provisioningState": "Succeeded",
        }
    }


def _machine(resource: ResourceId, facts: Facts) -> Json:
    disk = facts.os_disk or (
        f"/subscriptions/{resource.subscription}/resourceGroups/{resource.group}/providers/Microsoft.Compute/disks/{resource.name}_OsDisk"
    )
    return {
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v3"},
            "provisioningState": "Succeeded",
            "storageProfile": {
                "osDisk": {
                    "osType": facts.os_type,
                    "name": disk.rpartition("/")[2],
                    "createOption": "FromImage",
                    "caching": "ReadWrite",
                    "managedDisk": {"id": disk, "storageAccountType": facts.sku},
                    "diskSizeGB": facts.size_gib,
                },
                "dataDisks": [],
            },
            "instanceView": {
                "hyperVGeneration": facts.generation,
                "statuses": [
                    {"code": "ProvisioningState/succeeded", "level": "Info"},
                    {"code": "OSState/generalized", "level": "Info"},
                    {"code": "PowerState/deallocated", "level": "Info"},
                ],
            },
        }
    }


def _gallery(resource: ResourceId, _facts: Facts) -> Json:
    unique = f"{resource.subscription}-{resource.name.upper()}"
    return {"properties": {"identifier": {"uniqueName": unique}, "provisioningState": "Succeeded"}}


def _definition(resource: ResourceId, facts: Facts) -> Json:
    return {
        "properties": {
            "osType": facts.os_type,
            "osState": facts.os_state,
            "hyperVGeneration": facts.generation,
            "architecture": "x64",
            "identifier": {"publisher": "replay", "offer": resource.names[0], "sku": resource.name},
            "provisioningState": "Succeeded",
        }
    }


def _version(_resource: ResourceId, facts: Facts) -> Json:
    region = {"name": facts.location, "regionalReplicaCount": 1, "storageAccountType": "Standard_LRS"}
    return {"properties": {"publishingProfile": {"targetRegions": [region]}, "provisioningState": "Succeeded"}}


def _account(_resource: ResourceId, _facts: Facts) -> Json:
    return {"properties": {"provisioningState": "Succeeded"}}


_MAKERS: dict[str, Callable[[ResourceId, Facts], Json]] = {
    "microsoft.compute/disks": _disk,
    "microsoft.compute/snapshots": _disk,
    "microsoft.compute/images": _image,
    "microsoft.compute/virtualmachines": _machine,
    "microsoft.compute/galleries": _gallery,
    "microsoft.compute/galleries/images": _definition,
    "microsoft.compute/galleries/images/versions": _version,
    "microsoft.batch/batchaccounts": _account,
    "microsoft.storage/storageaccounts": _account,
}
