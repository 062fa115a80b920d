"""How an image version comes to be in its regions: captured at home first, then copied to the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from azuresim.core.captures import Source
from azuresim.core.errors import ServiceError
from azuresim.core.kernel import Kernel
from azuresim.core.operations import GALLERIES, Operation, Operations
from azuresim.core.regions import display_name, region_key
from azuresim.core.versions import ImageVersion, Replica

# Asked when a region is about to complete; a text is the reason it fails instead.
ReplicationFault = Callable[[str, str], str | None]


def region_keys(profile: Mapping[str, Any]) -> list[str]:
    """Of all target regions, in their order."""
    return [region_key(region["name"]) for region in profile["targetRegions"]]


class Replication:
    """The work between a write to a version and its end."""

    def __init__(self, kernel: Kernel, operations: Operations) -> None:
        self._kernel = kernel
        self._operations = operations
        self.fault: ReplicationFault = lambda _version, _region: None

    def begin(self, version: ImageVersion) -> Operation:
        """The operation of one write."""
        version.operation = self._operations.begin(GALLERIES, version.id.subscription, version.location)
        return version.operation

    def appoint(self, version: ImageVersion, at: float, happen: Callable[[float], None]) -> None:
        """An event that a deletion calls off."""
        version.pending.append(self._kernel.agenda.at(at, happen))

    def abandon(self, version: ImageVersion) -> None:
        """A deletion ends whatever was going on."""
        for appointment in version.pending:
            appointment.cancel()
        version.pending.clear()
        if version.operation is not None:
            superseded = ServiceError(409, "OperationPreempted", "The operation was preempted by a deletion.")
            self._operations.end(version.operation, self._kernel.moment, superseded)

    def capture(self, version: ImageVersion, source: Source) -> None:
        """Copy the source to the home region, then on."""
        seconds = self._kernel.durations.version_shallow if _is_shallow(version) else self._kernel.durations.version_capture
        now, home = self._kernel.moment, version.replicas[region_key(version.location)]
        home.started, home.ends = now, now + seconds
        self.appoint(version, home.ends, lambda at: self._captured(version, source, at))

    def update(self, version: ImageVersion) -> None:
        """Copy to regions that are new or failed; the write takes its time even when there is nothing to copy."""
        wanted = region_keys(version.properties["publishingProfile"])
        version.replicas = {key: _renewed(version.replicas.get(key), key) for key in wanted}
        self._replicate(version, self._kernel.moment)
        self.appoint(version, self._kernel.moment + self._kernel.durations.version_update, lambda at: self._finish_if_done(version, at))

    def _captured(self, version: ImageVersion, source: Source, at: float) -> None:
        home = version.replicas[region_key(version.location)]
        reason = self.fault(str(version.id), home.region)
        try:
            taken = source.capture()
            taken.check_sizes(shallow=_is_shallow(version))
        except ServiceError as failed:
            self.fail(version, failed, at)
            return
        if reason is not None:
            self.fail(version, _replication_failed(home.region, reason), at)
            return
        version.properties = {**version.properties, "storageProfile": {**version.properties["storageProfile"], **taken.shown()}}
        version.contents = taken.os_disk.contents
        version.data_contents = {disk.lun: disk.contents for disk in taken.data_disks if disk.lun is not None}
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
                self.appoint(version, replica.ends, partial(self._replicated, version, replica))

    def _replicated(self, version: ImageVersion, replica: Replica, at: float) -> None:
        reason = self.fault(str(version.id), replica.region)
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


def _is_shallow(version: ImageVersion) -> bool:
    return str(version.properties["publishingProfile"].get("replicationMode", "Full")).lower() == "shallow"


def _renewed(replica: Replica | None, key: str) -> Replica:
    return Replica(region=key) if replica is None or replica.state == "Failed" else replica


def _replication_failed(region: str, reason: str) -> ServiceError:
    return ServiceError(409, "ReplicationFailed", f"Replication failed in region {display_name(region)} due to '{reason}'.", target=region)
