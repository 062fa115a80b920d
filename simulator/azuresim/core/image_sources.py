"""What an image version can be made from as a whole: a managed image, another version, a virtual machine; or disk by disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from azuresim.core.captures import Capture, CapturedDisk, Source
from azuresim.core.definitions import Definition
from azuresim.core.disk_sources import disks_source
from azuresim.core.errors import invalid_parameter
from azuresim.core.machine import Machine, MachineDisk
from azuresim.core.managed_images import ManagedImage
from azuresim.core.resource_id import ResourceId
from azuresim.core.source_rules import (
    check_os_state,
    check_place,
    check_security,
    check_sort,
    invalid_id,
    source_gone,
    source_missing,
)
from azuresim.core.sources import VERSION_TYPE, Sources
from azuresim.core.versions import ImageVersion

Json = dict[str, Any]
_IMAGE_TYPE, _MACHINE_TYPE = "microsoft.compute/images", "microsoft.compute/virtualmachines"
_ULTRA = "UltraSSD_LRS"


@dataclass(frozen=True, slots=True)
class VersionSource:
    """Another gallery image version."""

    version: ImageVersion
    home: str

    def capture(self) -> Capture:
        """Its disks; it must still be there."""
        contents = self.version.contents
        if not self.version.usable_in(self.home) or contents is None:
            raise source_gone(str(self.version.id))
        profile = self.version.properties["storageProfile"]
        data = [
            CapturedDisk(contents=self.version.data_contents[disk["lun"]], host_caching=disk["hostCaching"], lun=disk["lun"])
            for disk in profile.get("dataDiskImages", ())
        ]
        caching = (profile.get("osDiskImage") or {}).get("hostCaching", "ReadWrite")
        return Capture(os_disk=CapturedDisk(contents=contents, host_caching=caching, source={}), data_disks=tuple(data))


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A managed image."""

    image: ManagedImage
    sources: Sources

    def capture(self) -> Capture:
        """Its disks; it must still be there."""
        image = self.sources.images.find(self.image.id)
        if image is None:
            raise source_gone(str(self.image.id))
        profile = image.properties["storageProfile"]
        data = [
            CapturedDisk(contents=image.data_contents[disk["lun"]], host_caching=disk.get("caching", "None"), lun=disk["lun"])
            for disk in profile.get("dataDisks") or ()
        ]
        caching = profile["osDisk"].get("caching", "None")
        return Capture(os_disk=CapturedDisk(contents=image.contents, host_caching=caching, source={}), data_disks=tuple(data))


@dataclass(frozen=True, slots=True)
class MachineSource:
    """A virtual machine, with all its disks."""

    text: str
    sources: Sources

    def capture(self) -> Capture:
        """Its disks as they are then; it must still be there."""
        machine = self.sources.machine(self.text)
        if machine is None:
            raise source_gone(self.text)
        data = tuple(self._captured(disk, disk.settings["lun"], None) for disk in machine.data_disks)
        return Capture(os_disk=self._captured(machine.os_disk, None, {}), data_disks=data)

    def _captured(self, disk: MachineDisk, lun: int | None, source: Json | None) -> CapturedDisk:
        caching = disk.settings.get("caching") or "None"
        return CapturedDisk(contents=self.sources.on(disk), host_caching=caching, lun=lun, source=source)


def find_source(profile: Mapping[str, Any], *, location: str, definition: Definition, sources: Sources) -> Source:
    """The one source a request names. Raises 400 for what the service sees at once."""
    whole = profile.get("source") or {}
    by_disk = (profile.get("osDiskImage") or {}).get("source")
    named = [name for name in ("id", "virtualMachineId", "communityGalleryImageId") if whole.get(name)]
    if len(named) + bool(by_disk) != 1:
        raise invalid_parameter(
            "The gallery artifact version source can only be specified either directly under storageProfile or within "
            "individual OS or data disks. One and only one source type (user image, snapshot, disk, virtual machine) can be provided.",
            target="storageProfile",
        )
    if by_disk:
        return disks_source(profile, location, definition, sources)
    text = str(whole[named[0]])
    if named[0] == "communityGalleryImageId":
        raise invalid_parameter(
            f"The source community gallery image {text} cannot be used: creating a gallery image version from an image of a community "
            "gallery is not enabled for this subscription.",
            target="source.communityGalleryImageId",
        )
    parsed = ResourceId.parse(text)
    if parsed is None:
        raise invalid_id(text, f"source.{named[0]}")
    if named[0] == "virtualMachineId" and parsed.type != _MACHINE_TYPE:
        raise invalid_parameter(f"The source id: {text} must be a virtual machine.", target="source.virtualMachineId")
    match parsed.type:
        case t if t == VERSION_TYPE:
            return _from_version(text, parsed, location, definition, sources)
        case t if t == _IMAGE_TYPE:
            return _from_image(text, parsed, location, definition, sources)
        case t if t == _MACHINE_TYPE:
            return _from_machine(text, location, definition, sources)
        case _:
            raise invalid_parameter(
                f"The source id: {text} must either be a managed image, virtual machine or another gallery image version.",
                target="source.id",
            )


def _from_version(text: str, parsed: ResourceId, location: str, definition: Definition, sources: Sources) -> Source:
    theirs = sources.galleries.find_definition(parsed.parent)
    version = theirs.version(parsed.name) if theirs else None
    if theirs is None or version is None or version.contents is None or not version.usable_in(location):
        raise source_missing(text)
    own = theirs.properties
    declared = replace(version.contents, generation=own["hyperVGeneration"], os_type=own["osType"], architecture=own["architecture"])
    check_sort(text, declared, definition)
    check_os_state(text, definition, generalized=own["osState"] == "Generalized")
    check_security(text, "Gallery Image Version", theirs.security_type, definition)
    return VersionSource(version, location)


def _from_image(text: str, parsed: ResourceId, location: str, definition: Definition, sources: Sources) -> Source:
    image = sources.images.find(parsed)
    if image is None or image.state == "Deleting":
        raise source_missing(text)
    check_place(text, image.location, location)
    check_sort(text, replace(image.contents, architecture=definition.properties["architecture"]), definition)
    check_os_state(text, definition, generalized=image.properties["storageProfile"]["osDisk"].get("osState") != "Specialized")
    check_security(text, "User Image", "Standard", definition)
    return ImageSource(image, sources)


def _from_machine(text: str, location: str, definition: Definition, sources: Sources) -> Source:
    machine = sources.machine(text)
    if machine is None:
        raise source_missing(text)
    check_place(text, machine.location, location)
    _check_disks(text, machine, sources)
    check_sort(text, sources.on(machine.os_disk), definition)
    check_os_state(text, definition, generalized=machine.generalized)
    check_security(text, "Virtual Machine", machine.security_type, definition)
    return MachineSource(text, sources)


def _check_disks(text: str, machine: Machine, sources: Sources) -> None:
    if machine.os_disk.ephemeral:
        raise invalid_parameter(f"Source virtual machine {text} cannot contain an ephemeral OS disk.", target="source.id")
    for disk in (machine.os_disk, *machine.data_disks):
        if disk.id is None:
            raise invalid_parameter(f"Source virtual machine {text} must be created from Managed Disks.", target="source.id")
        managed = sources.disks.find(disk.id)
        if managed is not None and managed.sku == _ULTRA:
            raise invalid_parameter(
                f"Source virtual machine {text} cannot contain disk ['{disk.id}'] stored in an UltraSSD account type.", target="source.id"
            )
