"""What else of Compute is counted in a region: disks, snapshots, galleries. Titles and limits as recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from azuresim.core.managed_disks import ManagedDisk
from azuresim.core.quotas import Tally
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.sources import Sources

_DISKS = {
    "StandardDiskCount": ("Standard Storage Managed Disks", 50_000, "Standard_LRS"),
    "PremiumDiskCount": ("Premium Storage Managed Disks", 50_000, "Premium_LRS"),
    "StandardSSDDiskCount": ("StandardSSDStorageDisks", 50_000, "StandardSSD_LRS"),
    "UltraSSDDiskCount": ("UltraSSDStorageDisks", 1_000, "UltraSSD_LRS"),
    "PremiumV2DiskCount": ("PremiumV2StorageDisks", 1_000, "PremiumV2_LRS"),
}
_SNAPSHOTS = {
    "StandardSnapshotCount": ("StandardStorageSnapshots", 75_000, "Standard_LRS"),
    "PremiumSnapshotCount": ("PremiumStorageSnapshots", 75_000, "Premium_LRS"),
    "ZRSSnapshotCount": ("ZrsStorageSnapshots", 75_000, "Standard_ZRS"),
}


class _Placed(Protocol):
    id: ResourceId
    location: str


def tallies(sources: Sources) -> dict[str, Tally]:
    """All of them, in the order of a recorded answer."""
    galleries = sources.galleries.all
    made = {name: Tally(title, limit, _of_sku(lambda: sources.disks, sku)) for name, (title, limit, sku) in _DISKS.items()}
    made |= {name: Tally(title, limit, _of_sku(lambda: sources.snapshots, sku)) for name, (title, limit, sku) in _SNAPSHOTS.items()}
    return made | {
        "Gallery": Tally("Gallery", 100, _of(galleries)),
        "GalleryImage": Tally("Gallery Image", 1_000, _of(lambda: [d for g in galleries() for d in g.definitions.values()])),
        "GalleryImageVersion": Tally(
            "Gallery Image Version",
            10_000,
            _of(lambda: [v for g in galleries() for d in g.definitions.values() for v in d.versions.values()]),
        ),
    }


def _of(everything: Callable[[], Iterable[_Placed]]) -> Callable[[str, str], int]:
    def count(subscription: str, region: str) -> int:
        wanted = region_key(region)
        return sum(e.id.subscription.lower() == subscription.lower() and region_key(e.location) == wanted for e in everything())

    return count


def _of_sku(everything: Callable[[], Iterable[ManagedDisk]], sku: str) -> Callable[[str, str], int]:
    return _of(lambda: [disk for disk in everything() if disk.sku == sku])
