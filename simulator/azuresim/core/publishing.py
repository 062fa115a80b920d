"""All writes to image versions: what they may say, and what they set going."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from azuresim.core.arm_rules import check_location, given_properties, parent_not_found
from azuresim.core.captures import DATA_CACHING, OS_CACHING, Source
from azuresim.core.contents import Contents
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.galleries import Galleries, Written
from azuresim.core.image_sources import find_source
from azuresim.core.kernel import Kernel
from azuresim.core.moments import moment_of
from azuresim.core.operations import Operation, Operations
from azuresim.core.profiles import checked_profile, endless, merged_properties
from azuresim.core.recycling import RecycleBin, occupied
from azuresim.core.replication import Replication, ReplicationFault, region_keys
from azuresim.core.resource_id import ResourceId
from azuresim.core.sources import Sources
from azuresim.core.subscriptions import not_found
from azuresim.core.versions import ImageVersion, Replica

Json = dict[str, Any]
_NAME = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_SAFETY = {"reportedForPolicyViolation": False, "allowDeletionOfReplicatedLocations": False}
_MAX_INT32 = 2_147_483_647


class Publishing:
    """Image versions, written."""

    def __init__(self, kernel: Kernel, operations: Operations, galleries: Galleries, sources: Sources) -> None:
        self._kernel = kernel
        self._operations = operations
        self._galleries = galleries
        self._sources = sources
        self._replication = Replication(kernel, operations)
        self.bin = RecycleBin(kernel, galleries)

    @property
    def replication_fault(self) -> ReplicationFault:
        """Asked when a region is about to complete: a reason makes it fail."""
        return self._replication.fault

    @replication_fault.setter
    def replication_fault(self, fault: ReplicationFault) -> None:
        self._replication.fault = fault

    def fail(self, version: ImageVersion, error: ServiceError, at: float) -> None:
        """End the running write with an error."""
        self._replication.fail(version, error, at)

    def get(self, version_id: ResourceId) -> ImageVersion:
        """Raises 404."""
        found = self.find(version_id)
        if found is None:
            raise not_found(version_id)
        return found

    def find(self, version_id: ResourceId) -> ImageVersion | None:
        """None when there is none."""
        definition = self._galleries.find_definition(version_id.parent)
        return definition.versions.get(version_id.name.lower()) if definition else None

    def put(self, version_id: ResourceId, body: Mapping[str, Any]) -> tuple[ImageVersion, Written]:
        """Create, or update what may change: regions, replicas, exclusion, end of life, safety profile, tags; or restore."""
        definition = self._galleries.find_definition(version_id.parent)
        if definition is None:
            raise parent_not_found(version_id)
        _check_name(version_id)
        existing = definition.versions.get(version_id.name.lower())
        recycled = self.bin.find(version_id)
        check_location(existing or recycled, version_id, body)
        properties = given_properties(body)
        if existing is not None:
            return existing, Written(created=False, operation=self._update(existing, body, whole=True))
        if recycled is not None:
            return recycled, Written(created=False, operation=self._restore(recycled, properties))
        source = find_source(
            properties.get("storageProfile") or {}, location=body["location"], definition=definition, sources=self._sources
        )
        version = self._created(version_id, body)
        definition.versions[version_id.name.lower()] = version
        operation = self._replication.begin(version)
        self._replication.capture(version, source)
        return version, Written(created=True, operation=operation)

    def patch(self, version_id: ResourceId, body: Mapping[str, Any]) -> tuple[ImageVersion, Operation]:
        """As an update by PUT, over what is there."""
        version = self.get(version_id)
        full = {"location": version.location, "tags": version.tags, **body}
        return version, self._update(version, full, whole=False)

    def delete(self, version_id: ResourceId, *, bypass_soft_delete: bool = False) -> Operation | None:
        """None when there is nothing to delete; a second DELETE returns the running operation.

        Where the gallery's policy says so the version can be restored afterwards, unless the policy is bypassed; that also ends a
        soft-deleted one.
        """
        recycled = self.bin.find(version_id)
        version = self.find(version_id) or (recycled if bypass_soft_delete else None)
        if version is None:
            return None
        if version.state == "Deleting" and version.operation is not None:
            return version.operation
        if endless(version.properties, self._kernel.moment):
            raise ServiceError(
                409,
                "DeleteGalleryImageVersionBlockedBeforeEndOfLife",
                "Deletion of Gallery image version is not allowed because the image is enabled for blockDeletionBeforeEndOfLife "
                "and its endOfLifeDate has not reached yet.",
            )
        self._replication.abandon(version)
        kept = version.captured and version is not recycled and not bypass_soft_delete and self.bin.is_on(version_id)
        version.state = "Deleting"
        operation = self._replication.begin(version)
        siblings = self._galleries.definition(version_id.parent).versions

        def gone(at: float) -> None:
            siblings.pop(version_id.name.lower(), None)
            self.bin.purge(version_id)
            if kept:
                self.bin.keep(version)
            self._operations.end(operation, at)

        self._kernel.agenda.at(self._kernel.moment + self._kernel.durations.version_delete, gone)
        return operation

    def adopt(self, version_id: ResourceId, body: Mapping[str, Any]) -> ImageVersion:
        """Put a version into the world as the service shows it, complete in its regions; its definition is made when missing."""
        definition = self._galleries.find_definition(version_id.parent) or self._galleries.adopt_definition(
            version_id.parent, {"location": body["location"]}
        )
        shown = dict(body.get("properties") or {})
        state = shown.pop("provisioningState", "Succeeded")
        shown.pop("replicationStatus", None)
        profile = dict(shown.get("publishingProfile") or {})
        published = moment_of(profile.pop("publishedDate")) if "publishedDate" in profile else self._kernel.moment
        shown["publishingProfile"] = checked_profile(profile, home=body["location"])
        shown.setdefault("storageProfile", {"osDiskImage": {"sizeInGB": 30, "hostCaching": OS_CACHING, "source": {}}})
        shown["safetyProfile"] = {**_SAFETY, **(shown.get("safetyProfile") or {})}
        version = ImageVersion(
            id=version_id,
            location=body["location"],
            tags=body.get("tags"),
            properties=shown,
            state=state,
            published=published,
            captured=True,
        )
        disks = shown["storageProfile"]
        version.contents = definition.contents((disks.get("osDiskImage") or {}).get("sizeInGB", 30))
        version.data_contents = {disk["lun"]: Contents(size_gib=disk.get("sizeInGB", 1)) for disk in disks.get("dataDiskImages") or ()}
        version.replicas = {key: Replica(region=key, state="Completed") for key in region_keys(shown["publishingProfile"])}
        definition.versions[version_id.name.lower()] = version
        return version

    def _created(self, version_id: ResourceId, body: Mapping[str, Any]) -> ImageVersion:
        given = given_properties(body)
        profile = checked_profile(given.get("publishingProfile") or {}, home=body["location"])
        properties = {
            "publishingProfile": profile,
            "storageProfile": _shown_source(given["storageProfile"]),
            "safetyProfile": {**_SAFETY, **(given.get("safetyProfile") or {})},
        }
        if "securityProfile" in given:
            properties["securityProfile"] = given["securityProfile"]
        version = ImageVersion(
            id=version_id,
            location=body["location"],
            tags=body.get("tags"),
            properties=properties,
            state="Creating",
            published=self._kernel.moment,
        )
        version.replicas = {key: Replica(region=key) for key in region_keys(profile)}
        return version

    def _update(self, version: ImageVersion, body: Mapping[str, Any], *, whole: bool) -> Operation:
        _check_idle(version)
        properties = merged_properties(version, given_properties(body), whole=whole)
        source = self._source_again(version)
        version.tags = body.get("tags")
        version.properties = properties
        version.state = "Updating"
        operation = self._replication.begin(version)
        if source is not None:
            version.replicas = {key: Replica(region=key) for key in region_keys(properties["publishingProfile"])}
            self._replication.capture(version, source)
        else:
            self._replication.update(version)
        return operation

    def _restore(self, version: ImageVersion, properties: Mapping[str, Any]) -> Operation:
        """By `restore`, or by a PUT that names no source, as older clients do; anything else finds the name taken."""
        profile = properties.get("storageProfile") or {}
        if not properties.get("restore") and (profile.get("source") or (profile.get("osDiskImage") or {}).get("source")):
            raise occupied(version.id)
        _check_idle(version)
        self.bin.take_back(version)
        version.state = "Updating"
        operation = self._replication.begin(version)
        self._replication.update(version)
        return operation

    def _source_again(self, version: ImageVersion) -> Source | None:
        """A failed capture is tried again by the same PUT; a captured version no longer needs its source."""
        if version.captured:
            return None
        definition = self._galleries.definition(version.id.parent)
        return find_source(version.properties["storageProfile"], location=version.location, definition=definition, sources=self._sources)


def _check_name(version_id: ResourceId) -> None:
    match = _NAME.fullmatch(version_id.name)
    if match is None or any(int(part) > _MAX_INT32 for part in match.groups()):
        raise invalid_parameter(
            "The image version name is invalid. The image version name should follow Major(int).Minor(int).Patch(int) format, "
            "for e.g: 1.0.0, 2018.12.1 etc.",
            target="galleryImageVersionName",
        )


def _check_idle(version: ImageVersion) -> None:
    if version.state == "Deleting":
        raise ServiceError(
            409,
            "OperationNotAllowed",
            f"Operation 'Update Gallery Image Version' is not allowed on {version.id.name} since it is marked for deletion. "
            "You can only retry the Delete operation (or wait for an ongoing one to complete).",
        )
    if version.state in {"Creating", "Updating"}:
        raise ServiceError(
            409,
            "Conflict",
            f"Another operation on gallery image version '{version.id.name}' is in progress. Please retry after it has completed.",
        )


def _shown_source(profile: Mapping[str, Any]) -> Json:
    """What was sent, with the caching the service chooses."""
    shown = dict(profile)
    if "osDiskImage" in shown:
        shown["osDiskImage"] = {"hostCaching": OS_CACHING, **shown["osDiskImage"]}
    if "dataDiskImages" in shown:
        shown["dataDiskImages"] = [{"hostCaching": DATA_CACHING, **image} for image in shown["dataDiskImages"]]
    return shown
