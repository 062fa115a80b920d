"""The disks of virtual machines: planned, made, attached, changed, let go of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from azuresim.core.catalogue import VmSize
from azuresim.core.contents import Contents
from azuresim.core.disk_attachment import DisksOfMachines
from azuresim.core.disk_performance import MAX_GIB
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.kernel import Kernel
from azuresim.core.machine import Machine, MachineDisk
from azuresim.core.machine_images import BootImage, BootImages
from azuresim.core.machine_model import check_disk
from azuresim.core.machine_rules import check_managed
from azuresim.core.machine_vhds import MachineVhds
from azuresim.core.resource_id import ResourceId
from azuresim.core.subscriptions import not_found

Json = dict[str, Any]
_KEPT = ("caching", "writeAcceleratorEnabled", "diffDiskSettings", "encryptionSettings", "vhd", "detachOption")
_MANAGED_KEPT = ("diskEncryptionSet", "securityProfile", "additionalDiskProperties")


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """What a new machine boots from. ``wants_profile``: it is generalised, so that the machine must say who it is."""

    contents: Contents
    image: BootImage | None
    wants_profile: bool


class MachineStorage:
    """All that machines do with disks."""

    def __init__(self, kernel: Kernel, disks: DisksOfMachines, images: BootImages, vhds: MachineVhds) -> None:
        self._kernel = kernel
        self._disks = disks
        self._images = images
        self._vhds = vhds

    def boot(self, profile: Mapping[str, Any], location: str, subscription: str) -> Boot:
        """Raises 400 for contradictions, 404 for what is not there."""
        disk = profile.get("osDisk") or {}
        reference = profile.get("imageReference")
        if disk.get("image") is not None:
            # hashicorp/packer-plugin-azure#584.
            raise invalid_parameter("Parameter 'osDisk.image' is not allowed.", target="osDisk.image")
        if any(each.get("vhd") is not None for each in (disk, *(profile.get("dataDisks") or ()))):
            check_managed(self._kernel.moment)
        if str(disk.get("createOption", "FromImage")).lower() != "attach":
            if reference is None:
                raise invalid_parameter("Required parameter 'imageReference' is missing (null).", target="imageReference")
            image = self._images.find(reference, location, subscription)
            return Boot(contents=image.contents, image=image, wants_profile=not image.specialized)
        if reference is not None:
            # Azure/azure-powershell#24884.
            raise invalid_parameter(
                "Cannot attach an existing OS disk if the VM is created from a platform, user or a shared gallery image.",
                target="osDisk.createOption",
            )
        if not disk.get("osType"):
            raise invalid_parameter("Required parameter 'osDisk.osType' is missing (null).", target="osDisk.osType")
        return Boot(contents=self._attached(disk), image=None, wants_profile=False)

    def make(
        self, machine: ResourceId, profile: Mapping[str, Any], boot: Boot, size: VmSize, location: str
    ) -> tuple[MachineDisk, list[MachineDisk]]:
        """The OS disk and the data disks, attached. What can be refused is refused before anything is made."""
        given = list(profile.get("dataDisks") or ())
        _check_luns(given)
        for disk in (profile.get("osDisk") or {}, *given):
            _check_premium(disk, size)
            _check_range(disk.get("diskSizeGB"))
        origin = dict(boot.image.data_disks) if boot.image is not None else {}
        os_disk = self._os_disk(machine, profile.get("osDisk") or {}, boot, size, location)
        wanted = {disk["lun"]: disk for disk in given}
        data = []
        for number, lun in enumerate(sorted({*origin, *wanted}), start=2):
            disk = wanted.get(lun) or {"lun": lun, "createOption": "FromImage"}
            if lun in origin and boot.image is not None and str(disk.get("createOption")).lower() == "fromimage":
                creation = {name: value if name == "createOption" else {**value, "lun": lun} for name, value in boot.image.creation.items()}
                data.append(self._data_disk(machine, disk, number, size, location, contents=origin[lun], creation=creation))
            else:
                data.append(self._data_disk(machine, disk, number, size, location))
        return os_disk, data

    def update(self, machine: Machine, profile: Mapping[str, Any], size: VmSize) -> list[MachineDisk]:
        """Changes of an existing machine's disks; answers with those to detach when the update ends."""
        os_disk = profile.get("osDisk")
        if os_disk is not None:
            self._change(machine, machine.os_disk, os_disk, "osDisk")
        if profile.get("dataDisks") is None:
            return []
        given = list(profile["dataDisks"])
        _check_luns(given)
        present = {disk.settings["lun"]: disk for disk in machine.data_disks}
        wanted = {disk["lun"] for disk in given if not disk.get("toBeDetached")}
        for disk in given:
            known = present.get(disk["lun"])
            if known is not None:
                self._change(machine, known, disk, "dataDisk")
            else:
                _check_premium(disk, size)
                _check_range(disk.get("diskSizeGB"))
                number = len(machine.data_disks) + 2
                machine.data_disks.append(self._data_disk(machine.id, disk, number, size, machine.location))
        leaving = [disk for lun, disk in present.items() if lun not in wanted]
        for leaver in leaving:
            leaver.settings["toBeDetached"] = True
        return leaving

    def detach(self, machine: Machine, disk: MachineDisk) -> None:
        """One data disk leaves its machine."""
        machine.data_disks.remove(disk)
        self._let_go(machine, disk)

    def release(self, machine: Machine) -> None:
        """The machine is gone: disks vanish with it or become free."""
        for disk in machine.disks:
            self._let_go(machine, disk)

    def convert(self, machine: Machine) -> None:
        """Managed disks in place of all VHDs; the blobs stay."""
        for disk in machine.disks:
            if disk.own is None or disk.vhd is None:
                continue
            group = machine.id
            made = self._disks.create_for_machine(
                ResourceId(group.subscription, group.group, group.namespace, ("disks",), (disk.name,)),
                location=machine.location,
                contents=disk.own,
                machine=machine.id,
                creation={"createOption": "Import", "sourceUri": disk.vhd},
                running=machine.allocated,
            )
            self._vhds.free(disk.vhd)
            del disk.settings["vhd"]
            disk.id, disk.own = made.id, None

    def _let_go(self, machine: Machine, disk: MachineDisk) -> None:
        if disk.vhd is not None:
            self._vhds.free(disk.vhd)
        if disk.id is None:
            return
        if disk.vanishes:
            self._disks.remove(disk.id)
        else:
            self._disks.detach(disk.id, machine.id)

    def _attached(self, disk: Mapping[str, Any]) -> Contents:
        if disk.get("vhd") is not None:
            return self._vhds.contents(disk["vhd"]["uri"], disk["osType"])
        parsed = ResourceId.parse(str((disk.get("managedDisk") or {}).get("id") or ""))
        if parsed is None:
            raise invalid_parameter("Required parameter 'osDisk.managedDisk.id' is missing (null).", target="osDisk.managedDisk.id")
        found = self._disks.find(parsed)
        if found is None:
            raise not_found(parsed)
        return replace(found.contents, os_type=found.contents.os_type or disk["osType"])

    def _os_disk(self, machine: ResourceId, given: Mapping[str, Any], boot: Boot, size: VmSize, location: str) -> MachineDisk:
        prefix = boot.image.prefix if boot.image is not None else ""
        settings = {"osType": boot.contents.os_type or "Linux", **self._settings(given, f"{machine.name}_{prefix}", caching="ReadWrite")}
        if given.get("vhd") is not None:
            contents = self._vhds.make(given["vhd"]["uri"], boot.contents) if boot.image is not None else boot.contents
            self._vhds.hold(given["vhd"]["uri"])
            return MachineDisk(settings=settings, own=replace(contents, size_gib=given.get("diskSizeGB") or contents.size_gib))
        if (given.get("diffDiskSettings") or {}).get("option") == "Local":
            settings |= {"caching": given.get("caching", "ReadOnly"), "deleteOption": "Delete"}
            return MachineDisk(settings=settings, own=replace(boot.contents, size_gib=given.get("diskSizeGB") or boot.contents.size_gib))
        if boot.image is None:
            return self._attach(machine, given, settings, location)
        return self._create(machine, given, settings, size, location, contents=boot.contents, creation=boot.image.creation)

    def _data_disk(
        self,
        machine: ResourceId,
        given: Mapping[str, Any],
        number: int,
        size: VmSize,
        location: str,
        *,
        contents: Contents | None = None,
        creation: Json | None = None,
    ) -> MachineDisk:
        option = str(given.get("createOption")).lower()
        settings = {"lun": given["lun"], **self._settings(given, f"{machine.name}_disk{number}", caching="None"), "toBeDetached": False}
        if given.get("vhd") is not None:
            check_managed(self._kernel.moment)
            return MachineDisk(settings=settings, own=contents or Contents(size_gib=given.get("diskSizeGB") or 0))
        if option == "attach":
            return self._attach(machine, given, settings, location)
        if contents is None and option != "empty":
            raise invalid_parameter(
                f"The value '{given.get('createOption')}' of parameter dataDisk.createOption is invalid.", target="dataDisk"
            )
        if contents is None and not given.get("diskSizeGB"):
            raise invalid_parameter("Required parameter 'dataDisk.diskSizeGB' is missing (null).", target="dataDisk.diskSizeGB")
        made = contents or Contents(size_gib=given["diskSizeGB"])
        return self._create(machine, given, settings, size, location, contents=made, creation=creation or {"createOption": "Empty"})

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

    def _attach(self, machine: ResourceId, given: Mapping[str, Any], settings: Json, location: str) -> MachineDisk:
        parsed = ResourceId.parse(str((given.get("managedDisk") or {}).get("id") or ""))
        if parsed is None:
            raise invalid_parameter("Required parameter 'managedDisk.id' is missing (null).", target="managedDisk.id")
        found = self._disks.attach(parsed, machine, location=location)
        return MachineDisk(settings=settings, id=found.id)

    def _create(
        self,
        machine: ResourceId,
        given: Mapping[str, Any],
        settings: Json,
        size: VmSize,
        location: str,
        *,
        contents: Contents,
        creation: Json,
    ) -> MachineDisk:
        default = "Premium_LRS" if size.premium_io else "Standard_LRS"
        made = self._disks.create_for_machine(
            ResourceId(machine.subscription, machine.group, machine.namespace, ("disks",), (settings["name"],)),
            location=location,
            contents=contents,
            machine=machine,
            creation=creation,
            sku=(given.get("managedDisk") or {}).get("storageAccountType") or default,
            size_gib=given.get("diskSizeGB"),
        )
        return MachineDisk(settings=settings, id=made.id)

    def _change(self, machine: Machine, disk: MachineDisk, given: Mapping[str, Any], path: str) -> None:
        found = self._disks.find(disk.id) if disk.id is not None else None
        check_disk(machine, disk, given, path, sku=found.sku if found is not None else None)
        size = given.get("diskSizeGB")
        _check_range(size)
        if size is not None and found is not None and size != found.contents.size_gib:
            if machine.allocated:
                # Azure/azure-cli#4833.
                raise ServiceError(
                    409, "OperationNotAllowed", f"Cannot resize disk {disk.name} while it is attached to running VM {machine.id}."
                )
            if size < found.contents.size_gib:
                raise ServiceError(409, "OperationNotAllowed", f"Disk {disk.name} cannot be made smaller.", target=f"{path}.diskSizeGB")
            self._disks.set_contents(found.id, replace(found.contents, size_gib=size))
        for name in ("caching", "deleteOption", "writeAcceleratorEnabled", "encryptionSettings"):
            if given.get(name) is not None:
                disk.settings[name] = given[name]


def _check_luns(given: list[Json]) -> None:
    luns = [disk.get("lun") for disk in given]
    if len(set(luns)) < len(luns):
        raise invalid_parameter("A disk at that LUN already exists. LUNs of data disks must be unique.", target="dataDisk.lun")


def _check_range(size: int | None) -> None:
    if size is not None and not 1 <= size <= MAX_GIB:
        raise invalid_parameter(
            f"The value '{size}' of parameter diskSizeGB is out of range. Value must be between '1' and '{MAX_GIB}', inclusive.",
            target="diskSizeGB",
        )


def _check_premium(disk: Mapping[str, Any], size: VmSize) -> None:
    kind = str((disk.get("managedDisk") or {}).get("storageAccountType") or "")
    if kind.startswith("Premium") and not size.premium_io:
        raise invalid_parameter(
            f"Requested operation cannot be performed because the VM size {size.name} does not support the storage account type {kind} of "
            f"disk '{disk.get('name') or ''}'. Consider updating the VM to a size that supports Premium storage.",
            target="managedDisk.storageAccountType",
        )
