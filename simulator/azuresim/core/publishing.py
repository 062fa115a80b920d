"""The life of image versions: capture in the home region, replication to the others, updates, deletion."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from azuresim.core.arm_rules import check_location, parent_not_found
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.galleries import Galleries, Written
from azuresim.core.image_sources import Source, find_source
from azuresim.core.kernel import Kernel
from azuresim.core.operations import GALLERIES, Operation, Operations
from azuresim.core.profiles import checked_profile, endless, merged_properties
from azuresim.core.regions import display_name, region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.storage import Storage
from azuresim.core.subscriptions import not_found
from azuresim.core.versions import ImageVersion, Replica

_NAME = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_MAX_INT32 = 2_147_483_647
# Asked when a region is about to complete; a text is the reason it fails instead.
ReplicationFault = Callable[[str, str], str | None]


class Publishing:
    """All writes to image versions."""

    def __init__(
        self, kernel: Kernel, operations: Operations, galleries: Galleries, storage: Storage, blob_base: Callable[[], str]
    ) -> None:
        self._kernel = kernel
        self._operations = operations
        self._galleries = galleries
        self._storage = storage
        self._blob_base = blob_base
        self.replication_fault: ReplicationFault = lambda _version, _region: None

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
        """Create, or update what may change: regions, replicas, exclusion, end of life, safety profile, tags."""
        definition = self._galleries.find_definition(version_id.parent)
        if definition is None:
            raise parent_not_found(version_id)
        match = _NAME.fullmatch(version_id.name)
        if match is None or any(int(part) > _MAX_INT32 for part in match.groups()):
            raise invalid_parameter(
                "The image version name is invalid. The image version name should follow Major(int).Minor(int).Patch(int) format, "
                "for e.g: 1.0.0, 2018.12.1 etc.",
                target="galleryImageVersionName",
            )
        existing = definition.versions.get(version_id.name.lower())
        check_location(existing, version_id, body)
        if existing is not None:
            return existing, Written(created=False, operation=self._update(existing, body))
        properties = body.get("properties", {})
        source = find_source(
            properties.get("storageProfile") or {},
            location=body["location"],
            definition=definition,
            galleries=self._galleries,
            storage=self._storage,
            blob_base=self._blob_base(),
        )
        version = self._created(version_id, body)
        definition.versions[version_id.name.lower()] = version
        operation = self._begin(version)
        self._capture(version, source)
        return version, Written(created=True, operation=operation)

    def patch(self, version_id: ResourceId, body: Mapping[str, Any]) -> tuple[ImageVersion, Operation]:
        """As an update by PUT, over what is there."""
        version = self.get(version_id)
        full = {"location": version.location, "tags": version.tags, **body}
        return version, self._update(version, full)

    def delete(self, version_id: ResourceId) -> Operation | None:
        """None when there is nothing to delete; a second DELETE returns the running operation."""
        version = self.find(version_id)
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
        self._abandon(version)
        version.state = "Deleting"
        operation = self._begin(version)
        siblings = self._galleries.definition(version_id.parent).versions

        def gone(at: float) -> None:
            siblings.pop(version_id.name.lower(), None)
            self._operations.end(operation, at)

        self._kernel.agenda.at(self._kernel.moment + self._kernel.durations.version_delete, gone)
        return operation

    def _created(self, version_id: ResourceId, body: Mapping[str, Any]) -> ImageVersion:
        given = body["properties"]
        profile = checked_profile(given.get("publishingProfile") or {}, home=body["location"])
        properties = {
            "publishingProfile": profile,
            "storageProfile": _shown_source(given["storageProfile"]),
            "safetyProfile": {
                "reportedForPolicyViolation": False,
                "allowDeletionOfReplicatedLocations": False,
                **(given.get("safetyProfile") or {}),
            },
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
        version.replicas = {key: Replica(region=key) for key in _region_keys(profile)}
        return version

    def _update(self, version: ImageVersion, body: Mapping[str, Any]) -> Operation:
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
        properties = merged_properties(version, body.get("properties", {}))
        source = self._source_again(version)
        version.tags = body.get("tags")
        version.properties = properties
        version.state = "Updating"
        operation = self._begin(version)
        wanted = _region_keys(properties["publishingProfile"])
        version.replicas = {key: self._renewed(version.replicas.get(key), key) for key in wanted}
        if source is not None:
            self._capture(version, source)
        else:
            self._replicate(version, self._kernel.moment)
            self._appoint(
                version, self._kernel.moment + self._kernel.durations.version_update, lambda at: self._finish_if_done(version, at)
            )
        return operation

    def _source_again(self, version: ImageVersion) -> Source | None:
        """A failed capture is tried again by the same PUT; a captured version no longer needs its source."""
        if version.captured:
            return None
        return find_source(
            version.properties["storageProfile"],
            location=version.location,
            definition=self._galleries.definition(version.id.parent),
            galleries=self._galleries,
            storage=self._storage,
            blob_base=self._blob_base(),
        )

    @staticmethod
    def _renewed(replica: Replica | None, key: str) -> Replica:
        return Replica(region=key) if replica is None or replica.state == "Failed" else replica

    def _begin(self, version: ImageVersion) -> Operation:
        version.operation = self._operations.begin(GALLERIES, version.id.subscription, version.location)
        return version.operation

    def _appoint(self, version: ImageVersion, at: float, happen: Callable[[float], None]) -> None:
        version.pending.append(self._kernel.agenda.at(at, happen))

    def _abandon(self, version: ImageVersion) -> None:
        for appointment in version.pending:
            appointment.cancel()
        version.pending.clear()
        if version.operation is not None:
            superseded = ServiceError(409, "OperationPreempted", "The operation was preempted by a deletion.")
            self._operations.end(version.operation, self._kernel.moment, superseded)

    def _capture(self, version: ImageVersion, source: Source) -> None:
        now, home = self._kernel.moment, version.replicas[region_key(version.location)]
        home.started, home.ends = now, now + self._kernel.durations.version_capture
        self._appoint(version, home.ends, lambda at: self._captured(version, source, at))

    def _captured(self, version: ImageVersion, source: Source, at: float) -> None:
        home = version.replicas[region_key(version.location)]
        reason = self.replication_fault(str(version.id), home.region)
        try:
            disks = source.capture()
        except ServiceError as failed:
            self.fail(version, failed, at)
            return
        if reason is not None:
            self.fail(version, _replication_failed(home.region, reason), at)
            return
        version.properties = {**version.properties, "storageProfile": {**version.properties["storageProfile"], **disks}}
        version.captured = True
        home.state = "Completed"
        self._replicate(version, at)
        self._finish_if_done(version, at)

    def fail(self, version: ImageVersion, error: ServiceError, at: float) -> None:
        """Nothing of the running write comes about; the same PUT tries again."""
        for replica in version.replicas.values():
            replica.state, replica.details = "Failed", error.message
        version.state = "Failed"
        if version.operation is not None:
            self._operations.end(version.operation, at, error)

    def _replicate(self, version: ImageVersion, now: float) -> None:
        for replica in version.replicas.values():
            if replica.state == "Replicating" and replica.started is None:
                replica.started, replica.ends = now, now + self._kernel.durations.version_replicate
                self._appoint(version, replica.ends, partial(self._replicated, version, replica))

    def _replicated(self, version: ImageVersion, replica: Replica, at: float) -> None:
        reason = self.replication_fault(str(version.id), replica.region)
        replica.state = "Completed" if reason is None else "Failed"
        replica.details = reason or ""
        self._finish_if_done(version, at)

    def _finish_if_done(self, version: ImageVersion, at: float) -> None:
        if any(replica.state == "Replicating" for replica in version.replicas.values()) or version.operation is None:
            return
        failed = next((r for r in version.replicas.values() if r.state == "Failed"), None)
        version.state = "Succeeded" if failed is None else "Failed"
        self._operations.end(version.operation, at, None if failed is None else _replication_failed(failed.region, failed.details))
        version.pending.clear()


def _region_keys(profile: Mapping[str, Any]) -> list[str]:
    return [region_key(region["name"]) for region in profile["targetRegions"]]


def _shown_source(storage_profile: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(storage_profile)
    if "osDiskImage" in shown:
        shown["osDiskImage"] = {"hostCaching": "ReadWrite", **shown["osDiskImage"]}
    return shown


def _replication_failed(region: str, reason: str) -> ServiceError:
    return ServiceError(409, "ReplicationFailed", f"Replication failed in region {display_name(region)} due to '{reason}'.", target=region)
