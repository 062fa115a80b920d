"""Which of Microsoft.Compute's buckets a request draws from, and how large they are, as `x-ms-ratelimit-remaining-resource` has shown.

The older policies count per 3 and 30 minutes. The newer ones count per resource and per subscription; a bucket of theirs is full again
after 3 minutes (documentation: 12 a VM, 4 of them a minute; 1,500 a subscription, 500 a minute).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from azuresim.core.throttling import Limit

_THREE, _THIRTY = 180.0, 1800.0


def _windows(group: str, three: int, thirty: int) -> tuple[Limit, ...]:
    return Limit(f"{group}3Min", three, _THREE), Limit(f"{group}30Min", thirty, _THIRTY)


def _maximum(group: str, subscription: int, resource: int | None = None) -> tuple[Limit, ...]:
    whole = Limit(f"{group}SubscriptionMaximum", subscription, _THREE)
    return (whole,) if resource is None else (whole, Limit(f"{group}Resource", resource, _THREE))


_UPDATE_VM = _maximum("UpdateVM", 1500, 12)
_DELETE_VM = _maximum("DeleteVM", 1500, 12)
_PUT_VM = _maximum("PutVM", 1500, 12)
_LOW_COST_GET_VM = _maximum("LowCostGet", 24_000, 36)
_LOW_COST_GET = _windows("LowCostGet", 15_000, 120_000)
_SNAPSHOTS = _windows("HighCostSnapshotCreateHydrate", 1000, 8000)
_DISKS = _windows("CreateUpdateDisks", 3000, 25_000)
_DISK_ACCESS = _windows("HighCostDiskHydrate", 1000, 8000)
_DELETE_DISK = _windows("DeleteDisks", 3000, 25_000)
_GALLERY = _windows("CreateUpdateGallery", 50, 300)
_IMAGE = _windows("CreateUpdateGalleryImage", 150, 750)
_VERSION = _windows("CreateUpdateGalleryImageVersion", 375, 1200)
_INFO = _maximum("GetSubscriptionInfo", 360)

# (method, type below Microsoft.Compute in lower case); the longest type that fits counts, so an action not named is its resource's POST.
_POLICIES: dict[tuple[str, str], tuple[Limit, ...]] = {
    ("GET", "virtualmachines"): _LOW_COST_GET_VM,
    ("PUT", "virtualmachines"): _PUT_VM,
    ("PATCH", "virtualmachines"): _UPDATE_VM,
    ("POST", "virtualmachines"): _UPDATE_VM,
    ("POST", "virtualmachines/deallocate"): _DELETE_VM,
    ("DELETE", "virtualmachines"): _DELETE_VM,
    ("PUT", "virtualmachines/runcommands"): _UPDATE_VM,
    ("DELETE", "virtualmachines/runcommands"): _UPDATE_VM,
    ("PUT", "virtualmachines/extensions"): _UPDATE_VM,
    ("DELETE", "virtualmachines/extensions"): _UPDATE_VM,
    ("GET", "images"): _maximum("GetImages", 360),
    ("PUT", "images"): _maximum("CreateImages", 60),
    ("PATCH", "images"): _maximum("CreateImages", 60),
    ("DELETE", "images"): _maximum("DeleteImages", 60),
    ("GET", "disks"): _LOW_COST_GET,
    ("PUT", "disks"): _DISKS,
    ("PATCH", "disks"): _DISKS,
    ("POST", "disks"): _DISK_ACCESS,
    ("DELETE", "disks"): _DELETE_DISK,
    ("GET", "snapshots"): _LOW_COST_GET,
    ("PUT", "snapshots"): _SNAPSHOTS,
    ("PATCH", "snapshots"): _SNAPSHOTS,
    ("POST", "snapshots"): _SNAPSHOTS,
    ("DELETE", "snapshots"): _DELETE_DISK,
    ("GET", "galleries"): _windows("GetGallery", 350, 2500),
    ("PUT", "galleries"): _GALLERY,
    ("PATCH", "galleries"): _GALLERY,
    ("DELETE", "galleries"): _windows("DeleteGallery", 50, 300),
    ("GET", "galleries/images"): _windows("GetGalleryImage", 600, 3000),
    ("PUT", "galleries/images"): _IMAGE,
    ("PATCH", "galleries/images"): _IMAGE,
    ("DELETE", "galleries/images"): _windows("DeleteGalleryImage", 50, 300),
    ("GET", "galleries/images/versions"): _windows("GetGalleryImageVersion", 2000, 10_000),
    ("PUT", "galleries/images/versions"): _VERSION,
    ("PATCH", "galleries/images/versions"): _VERSION,
    ("DELETE", "galleries/images/versions"): _windows("DeleteGalleryImageVersion", 150, 1000),
    ("GET", "locations/operations"): _maximum("GetOperation", 15_000, 45),
    ("GET", "locations/diskoperations"): _windows("GetOperation", 50_000, 400_000),
    ("GET", "locations/capsoperations"): _windows("GetOperationStatus", 5000, 15_000),
    ("GET", "locations/publishers/artifacttypes/offers/skus"): _windows("ListVMImageSkusFromLocation", 10_000, 30_000),
    ("GET", "locations/publishers/artifacttypes/offers/skus/versions"): _windows("ListVMImagesVersionsFromLocation", 16_000, 44_000),
    ("GET", "locations/usages"): _INFO,
    ("GET", "skus"): _INFO,
}


def compute_limits(method: str, kind: str, subscription: str, resource: str) -> Iterator[tuple[str, Limit]]:
    """(owner, bucket) of one request. ``kind`` is the type below the namespace; ``resource`` owns the buckets that are per resource."""
    yield from ((resource if limit.name.endswith("Resource") else subscription, limit) for limit in _policy(method, kind))


@lru_cache
def _policy(method: str, kind: str) -> tuple[Limit, ...]:
    parts = kind.lower().split("/")
    found = (_POLICIES.get((method, "/".join(parts[:length]))) for length in range(len(parts), 0, -1))
    return next((policy for policy in found if policy is not None), ())
