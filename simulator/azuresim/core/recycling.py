"""Soft delete of image versions: they stay for a while, can be used by their full name, and can be restored.

Two periods follow a deletion, each in days: the retention, in which machines can still be made from the version, and the grace period, in
which it can only be restored ([azure-mgmt-compute] SoftDeletePolicy).
"""

from __future__ import annotations

from typing import Any

from azuresim.core.errors import ServiceError
from azuresim.core.galleries import Galleries
from azuresim.core.kernel import Kernel
from azuresim.core.resource_id import ResourceId
from azuresim.core.versions import ImageVersion, SoftDeletion

_DAY = 86_400.0
_RETENTION_DAYS, _GRACE_DAYS = 7, 0
ARTIFACTS = "Images"


class RecycleBin:
    """All soft-deleted versions; each is kept with its definition."""

    def __init__(self, kernel: Kernel, galleries: Galleries) -> None:
        self._kernel = kernel
        self._galleries = galleries

    def is_on(self, version_id: ResourceId) -> bool:
        """Whether the gallery's policy keeps what is deleted."""
        return bool(self._policy(version_id).get("isSoftDeleteEnabled"))

    def find(self, version_id: ResourceId) -> ImageVersion | None:
        """None when there is none of that name in the bin."""
        definition = self._galleries.find_definition(version_id.parent)
        return definition.recycled.get(version_id.name.lower()) if definition else None

    def keep(self, version: ImageVersion) -> None:
        """Put a deleted version into the bin."""
        policy, now = self._policy(version.id), self._kernel.moment
        consumption_ends = now + _DAY * int(policy.get("retentionPeriodInDays", _RETENTION_DAYS))
        deletion = SoftDeletion(
            deleted=now,
            consumption_ends=consumption_ends,
            hard_deletion=consumption_ends + _DAY * int(policy.get("gracePeriodInDays", _GRACE_DAYS)),
        )
        version.soft_deletion, version.state = deletion, "Succeeded"
        self._galleries.definition(version.id.parent).recycled[version.id.name.lower()] = version

        def consumed(_at: float) -> None:
            deletion.consumable = False

        def gone(_at: float) -> None:
            if version.soft_deletion is deletion:
                self.purge(version.id)

        self._kernel.agenda.at(deletion.consumption_ends, consumed)
        self._kernel.agenda.at(deletion.hard_deletion, gone)

    def take_back(self, version: ImageVersion) -> None:
        """Among the living again."""
        definition = self._galleries.definition(version.id.parent)
        version.soft_deletion = None
        definition.versions[version.id.name.lower()] = definition.recycled.pop(version.id.name.lower())

    def purge(self, version_id: ResourceId) -> None:
        """Gone for good; harmless when it is not here."""
        definition = self._galleries.find_definition(version_id.parent)
        if definition is not None:
            definition.recycled.pop(version_id.name.lower(), None)

    def artifacts(self, gallery_id: ResourceId, kind: str, name: str) -> list[ImageVersion]:
        """The soft-deleted versions of one definition. Raises 404 for the gallery, 400 for another kind of artifact."""
        gallery = self._galleries.get(gallery_id)
        if kind.lower() != ARTIFACTS.lower():
            raise ServiceError(
                400, "InvalidParameter", f"The value '{kind}' of parameter 'artifactType' is invalid.", target="artifactType"
            )
        definition = gallery.definitions.get(name.lower())
        return list(definition.recycled.values()) if definition else []

    def _policy(self, version_id: ResourceId) -> dict[str, Any]:
        policy: dict[str, Any] = self._galleries.get(version_id.parent.parent).properties.get("softDeletePolicy") or {}
        return policy


def occupied(version_id: ResourceId) -> ServiceError:
    """409 for a new version under the name of a soft-deleted one."""
    return ServiceError(
        409,
        "Conflict",
        f"A soft-deleted gallery image version with the name '{version_id.name}' exists. "
        "Restore it, or delete it permanently with bypassSoftDelete, before the name is used again.",
        target="galleryImageVersionName",
    )
