"""The disks of a managed image, from a machine or named one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from azuresim.core.contents import Contents
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.machine import Machine, MachineDisk
from azuresim.core.managed_disks import ManagedDisk
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.sources import Sources
from azuresim.core.subscriptions import not_found

Json = dict[str, Any]
_SOURCES = ("managedDisk", "snapshot", "blobUri")


@dataclass(frozen=True, slots=True)
class ImageDisk:
    """One disk: what is on it and how it is shown. ``sized`` when the size is shown before the copy is done."""

    contents: Contents
    shown: Json
    lun: int | None = None
    sized: bool = False

    def document(self, *, with_size: bool) -> Json:
        """Members in the order of recorded answers."""
        size = {"diskSizeGB": self.contents.size_gib} if with_size or self.sized else {}
        lun = {} if self.lun is None else {"lun": self.lun}
        state: Json = {name: self.shown[name] for name in ("osType", "osState") if name in self.shown}
        return {**lun, **state, **size, **{name: value for name, value in self.shown.items() if name not in state}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDisks:
    """All disks of an image. ``data_shown``: whether an empty list is shown."""

    os_disk: ImageDisk
    data_disks: tuple[ImageDisk, ...]
    data_shown: bool
    zone_resilient: bool = False

    def shown(self, *, with_sizes: bool) -> Json:
        """The `storageProfile`."""
        profile: Json = {"osDisk": self.os_disk.document(with_size=with_sizes)}
        if self.data_shown:
            profile["dataDisks"] = [disk.document(with_size=with_sizes) for disk in self.data_disks]
        if self.zone_resilient:
            profile["zoneResilient"] = True
        return profile


def from_machine(text: str, location: str, generation: str | None, sources: Sources, *, zone_resilient: bool) -> ImageDisks:
    """All disks of a generalised machine. Raises 404, or 409 for one that is not, or that has Trusted Launch."""
    machine = sources.machine(text)
    parsed = ResourceId.parse(text)
    if machine is None:
        raise (
            not_found(parsed)
            if parsed
            else invalid_parameter(f"Id {text} is not a valid resource reference.", target="sourceVirtualMachine.id")
        )
    _check_region(machine, text, location)
    name = parsed.name if parsed else text
    if machine.security_type != "Standard":
        # hashicorp/packer#13189.
        raise ServiceError(
            409,
            "OperationNotAllowed",
            f"Creation of managed images are not supported for virtual machine with {machine.security_type} security type.",
        )
    if not machine.generalized:
        # ansible/ansible#37158.
        raise ServiceError(
            409, "OperationNotAllowed", f"The operation 'Create Image' requires the Virtual Machine '{name}' to be Generalized."
        )
    if machine.os_disk.ephemeral:
        raise ServiceError(409, "OperationNotAllowed", f"Image cannot be created from Virtual Machine '{name}' with an ephemeral OS disk.")
    contents = sources.on(machine.os_disk)
    _check_generation(generation, contents, text)
    os_disk = _of_machine(machine.os_disk, sources, {"osType": contents.os_type, "osState": "Generalized"})
    others = tuple(_of_machine(disk, sources, {}) for disk in machine.data_disks)
    return ImageDisks(os_disk=os_disk, data_disks=others, data_shown=True, zone_resilient=zone_resilient)


def from_profile(profile: Mapping[str, Any], location: str, generation: str | None, sources: Sources) -> ImageDisks:
    """Disks named one by one: managed disks, snapshots, blobs. Raises 400 and 404."""
    given = profile["osDisk"]
    os_disk = _named(given, location, sources, within="osDisk")
    if given.get("blobUri") and generation is None:
        raise invalid_parameter("Required parameter 'image.properties.hyperVGeneration' is missing (null).", target="hyperVGeneration")
    if not given.get("blobUri"):
        source = sources.disk((given.get("managedDisk") or given.get("snapshot") or {}).get("id", ""))
        if source is not None and "hyperVGeneration" in source.declared:
            _check_generation(generation, source.contents, str(source.id))
    contents = replace(os_disk.contents, os_type=given["osType"])
    data = profile.get("dataDisks")
    luns = [disk["lun"] for disk in data or ()]
    if len(set(luns)) < len(luns):
        raise invalid_parameter("Data disk 'lun' values must be unique.", target="dataDisks.lun")
    others = tuple(replace(_named(disk, location, sources, within="dataDisks"), lun=disk["lun"]) for disk in data or ())
    state: Json = {"osType": given["osType"], "osState": given["osState"]}
    return ImageDisks(
        os_disk=replace(os_disk, contents=contents, shown={**state, **os_disk.shown}),
        data_disks=others,
        data_shown=data is not None,
        zone_resilient=bool(profile.get("zoneResilient")),
    )


def _named(given: Mapping[str, Any], location: str, sources: Sources, *, within: str) -> ImageDisk:
    named = [name for name in _SOURCES if given.get(name)]
    if len(named) != 1:
        raise invalid_parameter(
            f"Exactly one of managedDisk, snapshot and blobUri must be given for the {within} of an image.", target=within
        )
    kept = {name: given[name] for name in (*_SOURCES, "diskEncryptionSet") if given.get(name)}
    shown = {**kept, "caching": given.get("caching") or "None", "storageAccountType": given.get("storageAccountType") or "Standard_LRS"}
    contents = _found(given, named[0], location, sources)
    size = int(given.get("diskSizeGB") or contents.size_gib)
    return ImageDisk(replace(contents, size_gib=max(size, contents.size_gib)), shown)


def _found(given: Mapping[str, Any], member: str, location: str, sources: Sources) -> Contents:
    if member == "blobUri":
        found = sources.vhd(given["blobUri"])
        if found is None or region_key(found.account.location) != region_key(location):
            raise invalid_parameter(
                f"The source blob {given['blobUri']} does not belong to a storage account in region {location}.", target="blobUri"
            )
        return found.contents(Contents(size_gib=1, os_type=given.get("osType"), generalized=True))
    text = given[member].get("id") or ""
    source = sources.disk(text)
    if source is None:
        parsed = ResourceId.parse(text)
        raise not_found(parsed) if parsed else invalid_parameter(f"Id {text} is not a valid resource reference.", target=f"{member}.id")
    _check_region(source, text, location)
    if not source.made or source.awaits_upload or source.state == "Deleting":
        raise ServiceError(
            409, "OperationNotAllowed", f"The source {text} cannot be used in state {source.state}: its data is not complete."
        )
    return source.contents


def _of_machine(disk: MachineDisk, sources: Sources, state: Json) -> ImageDisk:
    managed = sources.disks.find(disk.id) if disk.id is not None else None
    source = {"blobUri": disk.vhd} if disk.id is None else {"managedDisk": {"id": str(disk.id)}}
    account = managed.sku if managed is not None else "Standard_LRS"
    shown = {**state, **source, "caching": disk.settings.get("caching") or "None", "storageAccountType": account}
    # Recorded: an unmanaged disk's size is known at once.
    return ImageDisk(sources.on(disk), shown, disk.settings.get("lun"), sized=disk.id is None)


def _check_region(source: Machine | ManagedDisk, text: str, location: str) -> None:
    if region_key(source.location) != region_key(location):
        raise invalid_parameter(f"Source {text} is in region {source.location}; the image must be in the same region.", target="location")


def _check_generation(given: str | None, contents: Contents, text: str) -> None:
    """From a machine or a disk that knows its generation, the image has the same."""
    if given is not None and contents.os_type is not None and given != contents.generation:
        raise invalid_parameter(
            f"The resource with id '{text}' has a different Hypervisor generation ['{contents.generation}'] than the image ['{given}'].",
            target="hyperVGeneration",
        )
