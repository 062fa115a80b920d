"""Disks as virtual machines use them: made with the machine, attached, written to by its guest, vanishing with it."""

from __future__ import annotations

from typing import Any

from azuresim.core.contents import Contents
from azuresim.core.disk_origins import Origin
from azuresim.core.disks import Disks
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.extents import SparseBytes
from azuresim.core.managed_disks import ManagedDisk
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.sources import Sources

Json = dict[str, Any]


class DisksOfMachines:
    """What machines do to disks. All of it happens at once; the machine's own operations take the time."""

    def __init__(self, disks: Disks, sources: Sources) -> None:
        self._disks = disks
        self._sources = sources

    def find(self, disk_id: ResourceId) -> ManagedDisk | None:
        """None when there is none."""
        return self._sources.disks.find(disk_id)

    def contents(self, disk_id: ResourceId) -> Contents:
        """What is on it. Raises 404."""
        return self._sources.disks.get(disk_id).contents

    def set_contents(self, disk_id: ResourceId, contents: Contents) -> None:
        """What the guest made of it. Raises 404."""
        self._sources.disks.get(disk_id).contents = contents

    def create_for_machine(
        self,
        disk_id: ResourceId,
        *,
        location: str,
        contents: Contents,
        machine: ResourceId,
        creation: Json | None = None,
        sku: str = "Standard_LRS",
        bits: SparseBytes | None = None,
        running: bool = True,
    ) -> ManagedDisk:
        """A finished disk, attached. ``creation`` is its `creationData`."""
        declared: Json = {"creationData": creation or {"createOption": "Empty"}}
        if contents.os_type is not None:
            declared |= {"osType": contents.os_type, "hyperVGeneration": contents.generation}
            declared["supportedCapabilities"] = {"architecture": contents.architecture}
        if contents.security_type != "Standard":
            declared["securityProfile"] = {"securityType": contents.security_type}
        disk = ManagedDisk(
            id=disk_id,
            location=location,
            tags=None,
            sku=sku,
            declared=declared,
            contents=contents,
            bits=bits,
            machines=[str(machine)],
            running=running,
        )
        self._disks.keep(disk)
        return disk

    def check_free(self, disk_id: ResourceId) -> None:
        """409 where there is a disk: a machine makes no second one of a name.

        The service says so when the machine's operation ends (hashicorp/terraform-provider-azurerm#15513); here it does at once.
        """
        if self.find(disk_id) is not None:
            raise ServiceError(
                409,
                "ConflictingUserInput",
                f"Disk {disk_id.name} already exists in resource group {disk_id.group.upper()}. Only CreateOption.Attach is supported.",
                target=str(disk_id),
            )

    def origin(self, creation: Json, location: str) -> Origin:
        """What a copy holds, as of now. Raises 400, 404 and 409."""
        return self._disks.copied(creation, location)

    def grow(self, disk_id: ResourceId, size_gib: int) -> None:
        """Through its machine, at once."""
        self._disks.grow(self._sources.disks.get(disk_id), size_gib)

    def check_attach(self, disk_id: ResourceId, machine: ResourceId, *, location: str) -> list[str]:
        """The other machines that have it. Raises 404, 409 for a disk that somebody else has, and 400 for one in another region."""
        disk = self._sources.disks.get(disk_id)
        if region_key(disk.location) != region_key(location):
            raise invalid_parameter(
                f"Disk {disk.id.name} is in region {disk.location}; a disk can be attached only to a machine of its own region.",
                target="managedDisk.id",
            )
        others = [text for text in disk.machines if text.lower() != machine.key]
        if len(others) >= int(disk.declared.get("maxShares", 1)):
            raise ServiceError(
                409,
                "AttachDiskWhileBeingDetached" if disk.state == "Updating" else "ConflictingUserInput",
                f"Disk '{disk_id}' cannot be attached as the disk is already owned by VM '{others[0]}'.",
            )
        self.check_open(disk)
        if not disk.made or disk.awaits_upload or disk.state == "Deleting":
            state = "Deleting" if disk.state == "Deleting" else disk.disk_state
            raise ServiceError(409, "OperationNotAllowed", f"Disk {disk.id.name} cannot be attached in state {state}.")
        return others

    def attach(self, disk_id: ResourceId, machine: ResourceId, *, location: str, running: bool = True) -> ManagedDisk:
        """Raises as ``check_attach`` does."""
        others = self.check_attach(disk_id, machine, location=location)
        disk = self._sources.disks.get(disk_id)
        disk.machines = [*others, str(machine)]
        disk.running = running
        return disk

    def detach(self, disk_id: ResourceId, machine: ResourceId) -> None:
        """Harmless when it is not attached, or gone."""
        disk = self._sources.disks.find(disk_id)
        if disk is not None:
            disk.machines = [text for text in disk.machines if text.lower() != machine.key]
            disk.running = disk.running and bool(disk.machines)

    def set_running(self, machine: ResourceId, *, running: bool) -> None:
        """Its disks are Attached while it has hardware, Reserved when it is deallocated. Starting with an open disk is refused (409)."""
        mine = [disk for disk in self._sources.disks if machine.key in {text.lower() for text in disk.machines}]
        for disk in mine:
            if running:
                self.check_open(disk)
        for disk in mine:
            disk.running = running

    def remove(self, disk_id: ResourceId) -> None:
        """Gone with its machine; harmless when it is not here."""
        self._sources.disks.remove(disk_id)

    @staticmethod
    def check_open(disk: ManagedDisk) -> None:
        """409 while a shared access signature is out."""
        if disk.access is not None:
            raise ServiceError(
                409,
                "OperationNotAllowed",
                f"There is an active shared access signature outstanding for disk {disk.id.name}. "
                "Call EndGetAccess before attaching this disk.",
            )
