"""What virtual machines ask of managed disks and images, and a store of them that can do just that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from azuresim.core.contents import Contents
from azuresim.core.errors import ServiceError
from azuresim.core.resource_id import ResourceId
from azuresim.core.shelf import Shelf

Json = dict[str, Any]


class ManagedDisk(Protocol):
    """One managed disk, as its machine sees it."""

    @property
    def id(self) -> ResourceId:
        """Its ARM id."""

    @property
    def location(self) -> str:
        """Its region."""

    @property
    def contents(self) -> Contents:
        """What is on it; as large as the disk."""

    @property
    def sku(self) -> str:
        """`Premium_LRS`."""


class ManagedDisks(Protocol):
    """All managed disks, as machines use them. What machines do to disks takes no time of its own."""

    def find(self, disk_id: ResourceId) -> ManagedDisk | None:
        """None when there is none."""

    def set_contents(self, disk_id: ResourceId, contents: Contents) -> None:
        """What the guest made of it. Raises 404."""

    def create_for_machine(
        self,
        disk_id: ResourceId,
        *,
        location: str,
        contents: Contents,
        machine: ResourceId,
        creation: Json | None = None,
        sku: str = "Standard_LRS",
        size_gib: int | None = None,
    ) -> ManagedDisk:
        """A finished disk, attached. ``creation`` is its `creationData`; 409 when ``size_gib`` is less than the contents need."""

    def attach(self, disk_id: ResourceId, machine: ResourceId, *, location: str, running: bool = True) -> ManagedDisk:
        """Raises 404, 409 for a disk that somebody else has, and 400 for one in another region."""

    def detach(self, disk_id: ResourceId, machine: ResourceId) -> None:
        """Harmless when it is not attached, or gone."""

    def set_running(self, machine: ResourceId, *, running: bool) -> None:
        """Whether the machine has hardware; 409 when it cannot get any because one of its disks is open to somebody."""

    def remove(self, disk_id: ResourceId) -> None:
        """Gone with its machine; harmless when it is not here."""


class ManagedImage(Protocol):
    """A managed image, as a machine made from it sees it."""

    @property
    def location(self) -> str:
        """Its region."""

    @property
    def contents(self) -> Contents:
        """What is on its OS disk."""

    @property
    def data_contents(self) -> Mapping[int, Contents]:
        """What is on its data disks, by LUN."""


class ManagedImages(Protocol):
    """All managed images, as machines use them."""

    def find(self, resource: ResourceId) -> ManagedImage | None:
        """None when there is none."""


@dataclass(slots=True, kw_only=True)
class MemoryImage:
    """A managed image without a life of its own."""

    id: ResourceId
    location: str
    contents: Contents
    data_contents: Mapping[int, Contents] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class MemoryDisk:
    """A managed disk without a life of its own."""

    id: ResourceId
    location: str
    contents: Contents
    sku: str = "Standard_LRS"
    creation: Json = field(default_factory=dict)
    machine: ResourceId | None = None
    running: bool = False


class MemoryDisks:
    """``ManagedDisks`` in memory."""

    def __init__(self) -> None:
        self.shelf: Shelf[MemoryDisk] = Shelf()

    def find(self, disk_id: ResourceId) -> MemoryDisk | None:
        """None when there is none."""
        return self.shelf.find(disk_id)

    def set_contents(self, disk_id: ResourceId, contents: Contents) -> None:
        """What the guest made of it. Raises 404."""
        self.shelf.get(disk_id).contents = contents

    def create_for_machine(
        self,
        disk_id: ResourceId,
        *,
        location: str,
        contents: Contents,
        machine: ResourceId,
        creation: Json | None = None,
        sku: str = "Standard_LRS",
        size_gib: int | None = None,
    ) -> MemoryDisk:
        """A finished disk, attached."""
        size = contents.size_gib if size_gib is None else size_gib
        made = MemoryDisk(
            id=disk_id,
            location=location,
            contents=replace(contents, size_gib=size),
            sku=sku,
            creation=creation or {"createOption": "Empty"},
            machine=machine,
            running=True,
        )
        self.shelf.put(made)
        return made

    def attach(self, disk_id: ResourceId, machine: ResourceId, *, location: str, running: bool = True) -> MemoryDisk:
        """Raises 404 for a missing disk, 409 for one that another machine has."""
        found = self.shelf.get(disk_id)
        if found.machine is not None and found.machine.key != machine.key:
            raise ServiceError(
                409,
                "ConflictingUserInput",
                f"Disk '{disk_id}' cannot be attached as the disk is already owned by VM '{found.machine}' in '{location}'.",
            )
        found.machine, found.running = machine, running
        return found

    def detach(self, disk_id: ResourceId, machine: ResourceId) -> None:
        """Harmless when it is not attached, or gone."""
        found = self.shelf.find(disk_id)
        if found is not None and found.machine is not None and found.machine.key == machine.key:
            found.machine, found.running = None, False

    def set_running(self, machine: ResourceId, *, running: bool) -> None:
        """Whether the machine has hardware."""
        for disk in self.shelf:
            if disk.machine is not None and disk.machine.key == machine.key:
                disk.running = running

    def remove(self, disk_id: ResourceId) -> None:
        """Gone with its machine; harmless when it is not here."""
        self.shelf.remove(disk_id)
