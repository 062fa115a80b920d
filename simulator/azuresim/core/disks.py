"""The life of managed disks and snapshots: made, changed, deleted. Both obey the same rules and are told apart by their type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from azuresim.core.arm_rules import check_entity_name, check_location, given_properties, property_change
from azuresim.core.disk_access import Accesses
from azuresim.core.disk_origins import Origin, Origins, at_least, declared_contents
from azuresim.core.disk_performance import MAX_GIB, PERFORMANCE, is_declared, known_sku, performance
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.kernel import Kernel
from azuresim.core.managed_disks import ManagedDisk
from azuresim.core.moments import moment_of, rfc3339
from azuresim.core.operations import DISKS, Operation, Operations
from azuresim.core.resource_id import ResourceId
from azuresim.core.shelf import Shelf
from azuresim.core.sources import Sources
from azuresim.core.vhd import GIB

Json = dict[str, Any]
_DEFAULTS: Json = {
    "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
    "networkAccessPolicy": "AllowAll",
    "publicNetworkAccess": "Enabled",
}
_STATES = ("provisioningState", "diskState", "completionPercent")
_COMPUTED = ("timeCreated", "diskSizeBytes", "uniqueId", "incrementalSnapshotFamilyId", "LastOwnershipUpdateTime", "tier", *PERFORMANCE)
_BESIDE = ("zones", "extendedLocation", "managedBy", "managedByExtended", "systemData")


class Disks:
    """All disks and snapshots."""

    def __init__(self, kernel: Kernel, operations: Operations, sources: Sources) -> None:
        self._kernel = kernel
        self._operations = operations
        self._sources = sources
        self._origins = Origins(sources)
        self.accesses = Accesses(kernel, operations, sources)

    def shelf(self, disk_id: ResourceId) -> Shelf[ManagedDisk]:
        """Where resources of its type are kept."""
        return self._sources.snapshots if disk_id.types[-1].lower() == "snapshots" else self._sources.disks

    def find(self, disk_id: ResourceId) -> ManagedDisk | None:
        """None when there is none."""
        return self.shelf(disk_id).find(disk_id)

    def get(self, disk_id: ResourceId) -> ManagedDisk:
        """Raises 404 ResourceNotFound."""
        return self.shelf(disk_id).get(disk_id)

    def put(self, disk_id: ResourceId, body: Mapping[str, Any]) -> tuple[ManagedDisk, Operation]:
        """Create, or update what may change."""
        existing = self.find(disk_id)
        check_location(existing, disk_id, body)
        properties = given_properties(body)
        sku = known_sku((body.get("sku") or {}).get("name") or (existing.sku if existing else "Standard_LRS"))
        _check_size(properties.get("diskSizeGB"))
        if existing is not None:
            return existing, self._update(existing, sku, properties, body.get("tags"))
        check_entity_name(disk_id.name, f"{disk_id.types[-1][:-1]}.name")
        if properties.get("creationData") is None:
            raise invalid_parameter("Required parameter 'creationData' is missing (null).", target="creationData")
        made = ManagedDisk(
            id=disk_id,
            location=body["location"],
            tags=body.get("tags"),
            sku=sku,
            declared=properties,
            contents=declared_contents(properties),
            more={name: body[name] for name in _BESIDE if body.get(name)},
        )
        origin = self._origins.find(properties, body["location"], made.kind, now=self._kernel.moment)
        self.shelf(disk_id).put(made)
        copies = properties["creationData"]["createOption"].lower() != "empty"
        seconds = self._kernel.durations.disk_copy if copies else self._kernel.durations.disk_write
        return made, self._after(seconds, made, lambda: self._make(made, origin))

    def patch(self, disk_id: ResourceId, body: Mapping[str, Any]) -> tuple[ManagedDisk, Operation]:
        """Merge tags, SKU and properties."""
        disk = self.get(disk_id)
        sku = known_sku((body.get("sku") or {}).get("name") or disk.sku)
        properties = given_properties(body)
        _check_size(properties.get("diskSizeGB"))
        return disk, self._update(disk, sku, properties, body.get("tags", disk.tags))

    def delete(self, disk_id: ResourceId) -> Operation | None:
        """None when there is nothing to delete; 409 while it is attached or open to anybody."""
        disk = self.find(disk_id)
        if disk is None:
            return None
        if disk.machines:
            raise ServiceError(409, "OperationNotAllowed", f"Disk {disk.id.name} is attached to VM {disk.machines[0]}.")
        if disk.access is not None:
            raise ServiceError(
                409,
                "OperationNotAllowed",
                f"There is an active shared access signature outstanding for disk {disk.id.name}. "
                f"Call EndGetAccess before deleting the {disk.kind[:-1]}.",
            )
        disk.state = "Deleting"
        shelf = self.shelf(disk_id)

        def gone() -> None:
            if shelf.find(disk_id) is disk:
                shelf.remove(disk_id)

        return self._operations.after(self._kernel.durations.disk_write, DISKS, disk.id, disk.location, gone)

    def adopt(self, disk_id: ResourceId, body: Mapping[str, Any]) -> ManagedDisk:
        """Put a disk into the world as the service shows it, finished."""
        shown = dict(body.get("properties") or {})
        computed = {name: shown.pop(name) for name in _COMPUTED if name in shown}
        states = {name: shown.pop(name, None) for name in _STATES}
        shown.setdefault("creationData", {"createOption": "Empty"})
        owners = [body["managedBy"]] if body.get("managedBy") else list(body.get("managedByExtended") or ())
        disk = ManagedDisk(
            id=disk_id,
            location=body["location"],
            tags=body.get("tags"),
            sku=(body.get("sku") or {}).get("name", "Standard_LRS"),
            declared=shown,
            contents=replace(declared_contents(shown), generalized=not owners),
            computed=dict(computed),
            more={name: body[name] for name in _BESIDE if body.get(name) and not name.startswith("managedBy")},
            state=states["provisioningState"] or "Succeeded",
            made=True,
            machines=owners,
            running=states["diskState"] == "Attached",
            awaits_upload=states["diskState"] in {"ReadyToUpload", "ActiveUpload"},
        )
        created = moment_of(computed["timeCreated"]) if "timeCreated" in computed else self._kernel.moment
        if states["completionPercent"] is not None:
            disk.copying = (created, created + self._kernel.durations.snapshot_copy)
        self._complete(disk, created)
        disk.computed |= computed
        self.shelf(disk_id).put(disk)
        if states["diskState"] in {"ActiveSAS", "ActiveUpload"}:
            self.accesses.open(disk, writes=states["diskState"] == "ActiveUpload", seconds=self._kernel.durations.disk_access_linger)
        return disk

    def copied(self, creation: Json, location: str) -> Origin:
        """What a data disk copied from a disk or snapshot holds. Raises as a PUT of such a disk does."""
        return self._origins.find({"creationData": creation}, location, "disks", now=self._kernel.moment)()

    def grow(self, disk: ManagedDisk, size_gib: int) -> None:
        """At once."""
        disk.contents, disk.declared = replace(disk.contents, size_gib=size_gib), {**disk.declared, "diskSizeGB": size_gib}
        self._complete(disk, self._kernel.moment)

    def keep(self, disk: ManagedDisk) -> None:
        """Keep a finished disk, without an operation: for machines, which make their own."""
        disk.made, disk.state = True, "Succeeded"
        self._complete(disk, self._kernel.moment)
        self.shelf(disk.id).put(disk)

    def _make(self, disk: ManagedDisk, find: Callable[[], Origin]) -> None:
        try:
            origin = at_least(find(), disk.declared.get("diskSizeGB"))
        except ServiceError:
            # What cannot be made leaves nothing behind; its name may be somebody else's by now.
            if self.find(disk.id) is disk:
                self.shelf(disk.id).remove(disk.id)
            raise
        disk.contents = origin.contents
        if disk.declared.get("osType") is not None:
            disk.contents = replace(disk.contents, os_type=disk.declared["osType"])
        disk.bits, disk.awaits_upload = origin.bits, origin.awaits_upload
        creation = {**disk.declared["creationData"], **origin.creation}
        disk.declared = {**origin.declared, **disk.declared, "creationData": creation}
        if origin.copies_slowly:
            disk.copying = (self._kernel.moment, self._kernel.moment + self._kernel.durations.snapshot_copy)
        self._finish(disk)

    def _finish(self, disk: ManagedDisk) -> None:
        disk.made = True
        if disk.state != "Deleting":
            disk.state = "Succeeded"
        self._complete(disk, self._kernel.moment)

    def _complete(self, disk: ManagedDisk, created: float) -> None:
        """Fill in what the service adds."""
        ids, size = self._kernel.ids, disk.contents.size_gib
        own: Json = {"diskSizeGB": size}
        if disk.kind == "snapshots":
            own["incremental"] = False
        disk.declared = {**_DEFAULTS, **own, **disk.declared}
        # Recorded: whoever names a disk encryption set need not say that the key is the customer's.
        disk.declared["encryption"] = {"type": "EncryptionAtRestWithCustomerKey", **disk.declared["encryption"]}
        fixed = {
            "timeCreated": disk.computed.get("timeCreated") or rfc3339(created),
            "diskSizeBytes": size * GIB,
            "uniqueId": disk.computed.get("uniqueId") or ids.guid(),
        }
        if disk.kind == "disks":
            fixed = {**performance(disk.sku, size, {**disk.computed, **disk.declared}), **fixed}
            disk.declared.pop("tier", None)
        elif disk.declared.get("incremental"):
            fixed["incrementalSnapshotFamilyId"] = disk.computed.get("incrementalSnapshotFamilyId") or ids.guid()
        disk.computed = {**{name: disk.computed[name] for name in disk.computed if name not in PERFORMANCE and name != "tier"}, **fixed}
        if disk.kind == "disks" and is_declared(disk.sku):
            for name in PERFORMANCE:
                disk.declared.pop(name, None)

    def _update(self, disk: ManagedDisk, sku: str, properties: Json, tags: dict[str, str] | None) -> Operation:
        if disk.state in {"Updating", "Deleting"}:
            raise ServiceError(
                409,
                "Conflict",
                f"Another operation on {disk.kind[:-1]} '{disk.id.name}' is in progress. Please retry after it has completed.",
            )
        _check_same_creation(disk, properties)
        size = properties.get("diskSizeGB", disk.size_gib)
        if size < disk.size_gib:
            # MicrosoftDocs/azure-docs#57951.
            raise ServiceError(
                400,
                "BadRequest",
                f"The disk/snapshot resource with id {disk.id} cannot be resized down. Reducing disk/snapshot size is not supported in "
                "Azure to prevent data loss. If you do need to reduce the size of the disk, please create new snapshot/disks with the "
                "appropriate size. More information is available at https://aka.ms/AzureDisksFAQ",
            )
        if size > disk.size_gib and disk.machines and disk.running and disk.contents.os_type is not None:
            # kubernetes/kubernetes#96706; data disks have since learnt to grow while attached.
            raise ServiceError(
                409,
                "OperationNotAllowed",
                f"Cannot resize disk {disk.id.name} while it is attached to running VM {disk.machines[0]}. Resizing a disk of an Azure "
                "Virtual Machine requires the virtual machine to be deallocated. Please stop your VM and retry the operation.",
            )
        kept = {} if is_declared(sku) else dict.fromkeys(PERFORMANCE)
        given = {name: value for name, value in properties.items() if name not in {"creationData", *kept, *_STATES}}
        disk.sku, disk.tags, disk.state = sku, tags, "Updating"
        disk.declared = {**disk.declared, **given}

        def done() -> None:
            disk.contents = replace(disk.contents, size_gib=size, os_type=disk.declared.get("osType", disk.contents.os_type))
            self._finish(disk)

        return self._after(self._kernel.durations.disk_write, disk, done)

    def _after(self, seconds: float, disk: ManagedDisk, change: Callable[[], None]) -> Operation:
        """An operation whose output is the disk."""

        def finish() -> Json:
            change()
            return disk.document(None)

        return self._operations.after(seconds, DISKS, disk.id, disk.location, finish)


def _check_size(given: int | None) -> None:
    if given is not None and not 1 <= int(given) <= MAX_GIB:
        raise invalid_parameter(
            f"Value '{given}' provided for parameter 'diskSizeGB' is not in the range '1' to '{MAX_GIB}'.", target="diskSizeGB"
        )


def _check_same_creation(disk: ManagedDisk, given: Mapping[str, Any]) -> None:
    creation = given.get("creationData") or {}
    for name, value in creation.items():
        if name != "sourceUniqueId" and value is not None and str(value).lower() != str(disk.declared["creationData"].get(name)).lower():
            raise property_change(f"{disk.kind[:-1]}.creationData.{name}")
