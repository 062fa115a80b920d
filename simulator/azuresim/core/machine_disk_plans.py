"""The disks a request asks of a machine: each refused before anything is made, or planned so that making it cannot fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from azuresim.core.arm_rules import check_entity_name
from azuresim.core.catalogue import VmSize
from azuresim.core.contents import Contents
from azuresim.core.disk_attachment import DisksOfMachines
from azuresim.core.disk_origins import Origin, at_least
from azuresim.core.disk_performance import MAX_GIB, known_sku
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.kernel import Kernel
from azuresim.core.machine import Machine, MachineDisk
from azuresim.core.machine_images import BootImage
from azuresim.core.machine_model import check_disk
from azuresim.core.machine_rules import check_managed
from azuresim.core.machine_vhds import MachineVhds
from azuresim.core.resource_id import ResourceId

Json = dict[str, Any]
Plan = Callable[[], MachineDisk]
_KEPT = ("caching", "writeAcceleratorEnabled", "diffDiskSettings", "encryptionSettings", "vhd", "detachOption", "sourceResource")
_MANAGED_KEPT = ("diskEncryptionSet", "securityProfile", "additionalDiskProperties")
_COPIES = frozenset({"copy", "restore"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """What a new machine boots from. ``wants_profile``: it is generalised, so that the machine must say who it is."""

    contents: Contents
    image: BootImage | None
    wants_profile: bool


@dataclass(frozen=True, slots=True)
class Host:
    """The machine that disks are for, made or not. ``running``: it has hardware."""

    id: ResourceId
    location: str
    size: VmSize
    running: bool = True


class DiskPlans:
    """Every method raises 400, 404 or 409 for what the service refuses, and changes nothing."""

    def __init__(self, kernel: Kernel, disks: DisksOfMachines, vhds: MachineVhds) -> None:
        self._kernel = kernel
        self._disks = disks
        self._vhds = vhds

    def os_disk(self, host: Host, given: Mapping[str, Any], boot: Boot) -> Plan:
        """From the image, or an existing disk."""
        _check(given, host.size)
        prefix = boot.image.prefix if boot.image is not None else ""
        settings = {"osType": boot.contents.os_type or "Linux", **self._settings(given, f"{host.id.name}_{prefix}", caching="ReadWrite")}
        if given.get("vhd") is not None:
            make = self._vhds.plan(given["vhd"]["uri"], boot.contents) if boot.image is not None else lambda: boot.contents

            def standing() -> MachineDisk:
                disk = MachineDisk(settings=settings, own=_sized(make(), given))
                self._vhds.hold(given["vhd"]["uri"])
                return disk

            return standing
        if (given.get("diffDiskSettings") or {}).get("option") == "Local":
            settings |= {"caching": given.get("caching", "ReadOnly"), "deleteOption": "Delete"}
            return lambda: MachineDisk(settings=settings, own=_sized(boot.contents, given))
        if boot.image is None:
            return self._attached(host, given, settings)
        return self._created(host, given, settings, Origin(boot.contents, creation=boot.image.creation))

    def data_disk(self, host: Host, given: Mapping[str, Any], number: int, image: BootImage | None = None) -> Plan:
        """By its `createOption`; ``image`` is what a new machine is made from, ``number`` goes into a name that is not given."""
        _check(given, host.size)
        option, lun = str(given.get("createOption")).lower(), given["lun"]
        settings = {"lun": lun, **self._settings(given, f"{host.id.name}_disk{number}", caching="None"), "toBeDetached": False}
        contents = image.data_disks.get(lun) if image is not None and option == "fromimage" else None
        if given.get("vhd") is not None:
            check_managed(self._kernel.moment)
            return lambda: MachineDisk(settings=settings, own=contents or Contents(size_gib=given.get("diskSizeGB") or 0))
        if option == "attach":
            return self._attached(host, given, settings)
        if contents is not None and image is not None:
            creation = {name: {**value, "lun": lun} if isinstance(value, dict) else value for name, value in image.creation.items()}
            return self._created(host, given, settings, Origin(contents, creation=creation))
        if option in _COPIES:
            return self._created(host, given, settings, self._copied(host, given))
        if option != "empty":
            raise invalid_parameter(
                f"The value '{given.get('createOption')}' of parameter dataDisk.createOption is invalid.", target="dataDisk"
            )
        if not given.get("diskSizeGB"):
            raise invalid_parameter("Required parameter 'dataDisk.diskSizeGB' is missing (null).", target="dataDisk.diskSizeGB")
        return self._created(host, given, settings, Origin(Contents(size_gib=given["diskSizeGB"]), creation={"createOption": "Empty"}))

    def change(self, machine: Machine, disk: MachineDisk, given: Mapping[str, Any], path: str) -> Callable[[], None]:
        """Of a disk the machine has: caching, what becomes of it, and its size while nothing runs."""
        found = self._disks.find(disk.id) if disk.id is not None else None
        check_disk(machine, disk, given, path, sku=found.sku if found is not None else None)
        size = given.get("diskSizeGB")
        _check_range(size)
        grows = found is not None and size is not None and size != found.contents.size_gib
        if grows and machine.allocated:
            # Azure/azure-cli#4833.
            raise ServiceError(
                409, "OperationNotAllowed", f"Cannot resize disk {disk.name} while it is attached to running VM {machine.id}."
            )
        if found is not None and size is not None and size < found.contents.size_gib:
            raise ServiceError(409, "OperationNotAllowed", f"Disk {disk.name} cannot be made smaller.", target=f"{path}.diskSizeGB")

        def change() -> None:
            if grows and found is not None and size is not None:
                self._disks.grow(found.id, size)
            for name in ("caching", "deleteOption", "writeAcceleratorEnabled", "encryptionSettings"):
                if given.get(name) is not None:
                    disk.settings[name] = given[name]

        return change

    def _settings(self, given: Mapping[str, Any], prefix: str, *, caching: str) -> Json:
        managed = {name: value for name, value in (given.get("managedDisk") or {}).items() if name in _MANAGED_KEPT}
        attached = ResourceId.parse(str((given.get("managedDisk") or {}).get("id") or ""))
        return {
            "name": given.get("name") or (attached.name if attached is not None else f"{prefix}_{self._kernel.ids.hex(32)}"),
            "createOption": given.get("createOption", "FromImage"),
            "caching": caching,
            "deleteOption": given.get("deleteOption", "Detach"),
            **{name: given[name] for name in _KEPT if given.get(name) is not None},
            **({"managedDisk": managed} if managed else {}),
        }

    def _attached(self, host: Host, given: Mapping[str, Any], settings: Json) -> Plan:
        parsed = ResourceId.parse(str((given.get("managedDisk") or {}).get("id") or ""))
        if parsed is None:
            raise invalid_parameter("Required parameter 'managedDisk.id' is missing (null).", target="managedDisk.id")
        self._disks.check_attach(parsed, host.id, location=host.location)
        found = self._disks.find(parsed)
        if found is not None and host.id.key in {machine.lower() for machine in found.machines}:
            raise ServiceError(
                409,
                "AttachDiskWhileBeingDetached",
                f"Cannot attach data disk '{parsed.name}' to VM '{host.id.name}' because the disk is attached to it, currently being "
                "detached or the last detach operation failed. Please wait until the disk is completely detached and then try again or "
                "delete/detach the disk explicitly again.",
            )
        return lambda: MachineDisk(
            settings=settings, id=self._disks.attach(parsed, host.id, location=host.location, running=host.running).id
        )

    def _copied(self, host: Host, given: Mapping[str, Any]) -> Origin:
        text = (given.get("sourceResource") or {}).get("id")
        if not text:
            raise invalid_parameter(
                "Required parameter 'dataDisk.sourceResource.id' is missing (null).", target="dataDisk.sourceResource.id"
            )
        creation = {"createOption": given["createOption"], "sourceResourceId": text}
        origin = self._disks.origin(creation, host.location)
        return replace(origin, creation={**creation, **origin.creation})

    def _created(self, host: Host, given: Mapping[str, Any], settings: Json, origin: Origin) -> Plan:
        disk_id = ResourceId(host.id.subscription, host.id.group, host.id.namespace, ("disks",), (settings["name"],))
        self._disks.check_free(disk_id)
        size = given.get("diskSizeGB")
        if size is not None and size < origin.contents.size_gib:
            # hitachienergy/epiphany#1049.
            raise ServiceError(
                409,
                "OperationNotAllowed",
                f"The specified disk size {size} GB is smaller than the size of the corresponding disk in the VM image: "
                f"{origin.contents.size_gib} GB. This is not allowed. Please choose equal or greater size or do not specify an explicit "
                "size.",
                target="osDisk.diskSizeGB" if origin.contents.os_type else "dataDisk.diskSizeGB",
            )
        default = "Premium_LRS" if host.size.premium_io else "Standard_LRS"
        sku = known_sku((given.get("managedDisk") or {}).get("storageAccountType") or default, "managedDisk.storageAccountType")

        def make() -> MachineDisk:
            contents = at_least(origin, size).contents
            self._disks.create_for_machine(
                disk_id,
                location=host.location,
                contents=contents,
                bits=origin.bits,
                machine=host.id,
                creation=origin.creation,
                sku=sku,
                running=host.running,
            )
            return MachineDisk(settings=settings, id=disk_id)

        return make


def check_distinct(disks: Iterable[Mapping[str, Any]]) -> None:
    """No LUN, no name and no disk twice."""
    listed = list(disks)
    luns = [disk["lun"] for disk in listed if "lun" in disk]
    if len(set(luns)) < len(luns):
        raise invalid_parameter("A disk at that LUN already exists. LUNs of data disks must be unique.", target="dataDisk.lun")
    for what, said in (
        ("name", [disk.get("name") for disk in listed]),
        ("managedDisk.id", [(disk.get("managedDisk") or {}).get("id") for disk in listed]),
    ):
        named = [str(each).lower() for each in said if each]
        twice = next((each for each in named if named.count(each) > 1), None)
        if twice is not None:
            raise invalid_parameter(f"The value '{twice}' of parameter {what} is used by more than one disk.", target=what)


def _sized(contents: Contents, given: Mapping[str, Any]) -> Contents:
    return replace(contents, size_gib=given.get("diskSizeGB") or contents.size_gib)


def _check(given: Mapping[str, Any], size: VmSize) -> None:
    kind = str((given.get("managedDisk") or {}).get("storageAccountType") or "")
    if kind.lower().startswith("premium") and not size.premium_io:
        raise invalid_parameter(
            f"Requested operation cannot be performed because the VM size {size.name} does not support the storage account type {kind} of "
            f"disk '{given.get('name') or ''}'. Consider updating the VM to a size that supports Premium storage.",
            target="managedDisk.storageAccountType",
        )
    _check_range(given.get("diskSizeGB"))
    if given.get("name") is not None:
        check_entity_name(given["name"], "disk.name")


def _check_range(size: int | None) -> None:
    if size is not None and not 1 <= size <= MAX_GIB:
        raise invalid_parameter(
            f"The value '{size}' of parameter diskSizeGB is out of range. Value must be between '1' and '{MAX_GIB}', inclusive.",
            target="diskSizeGB",
        )
