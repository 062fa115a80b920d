"""What a BatchPool declares, read from the Kubernetes object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from poolwright.domain import resource_id
from poolwright.domain.resource_id import ResourceId

# Batch's own default of 15 minutes is too short for custom images (users.md pain 3); its page on large pools asks for 15 more a
# thousand nodes (batch-sig-images.md).
RESIZE_TIMEOUT = timedelta(minutes=30)
RESIZE_TIMEOUT_PER_THOUSAND = timedelta(minutes=15)


class Adoption(Enum):
    """Whether a pool that exists already may be taken over."""

    NEVER = "Never"
    IF_UNOWNED = "IfUnowned"
    FORCE = "Force"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomImageRef:
    """A CustomImage of the same namespace; the pool follows its current version."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryImage:
    """One gallery image version, by its full id."""

    id: ResourceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Declared node counts; None is left alone."""

    dedicated: int | None = None
    low_priority: int | None = None

    @property
    def managed(self) -> bool:
        """Whether there is anything to keep."""
        return self.dedicated is not None or self.low_priority is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSpec:
    """A BatchPool as declared."""

    account: ResourceId
    pool_id: str
    image: CustomImageRef | GalleryImage
    node_agent_sku: str | None
    vm_size: str
    targets: Targets
    resize_timeout: timedelta
    adoption: Adoption
    delete: bool | None
    suspended: bool


class InvalidSpec(ValueError):  # noqa: N818 - the name of the reason the user sees
    """A declaration this version cannot read; the text names the field. The API server admits none unless the CRD was altered."""


def read(metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> PoolSpec:
    """Read a BatchPool; raises InvalidSpec with the field's name."""
    try:
        return _read(metadata, spec)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidSpec(f"spec cannot be read: {error!s}. Correct or remove the field.") from error


def _read(metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> PoolSpec:
    targets = Targets(dedicated=spec.get("targetDedicatedNodes"), low_priority=spec.get("targetLowPriorityNodes"))
    return PoolSpec(
        account=resource_id.parse(spec["batchAccountId"]),
        pool_id=spec.get("poolId", metadata["name"]),
        image=_image(spec["image"]),
        node_agent_sku=spec.get("nodeAgentSku"),
        vm_size=spec["vmSize"],
        targets=targets,
        resize_timeout=_timeout(spec.get("resizeTimeoutSeconds"), targets),
        adoption=Adoption(spec.get("adoptionPolicy", Adoption.NEVER.value)),
        delete={"Delete": True, "Retain": False}.get(spec.get("deletionPolicy", "")),
        suspended=bool(spec.get("suspend", False)),
    )


def _image(image: Mapping[str, Any]) -> CustomImageRef | GalleryImage:
    if "customImageRef" in image:
        return CustomImageRef(name=image["customImageRef"]["name"])
    return GalleryImage(id=resource_id.parse(image["galleryImage"]["id"]))


def _timeout(seconds: int | None, targets: Targets) -> timedelta:
    if seconds is not None:
        return timedelta(seconds=seconds)
    nodes = (targets.dedicated or 0) + (targets.low_priority or 0)
    return RESIZE_TIMEOUT + RESIZE_TIMEOUT_PER_THOUSAND * (nodes // 1000)
