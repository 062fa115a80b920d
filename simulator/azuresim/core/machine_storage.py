"""The disks of virtual machines: made, attached, changed, let go of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from azuresim.core.contents import Contents
from azuresim.core.disk_attachment import DisksOfMachines
from azuresim.core.errors import invalid_parameter
from azuresim.core.kernel import Kernel
from azuresim.core.machine import Machine, MachineDisk
from azuresim.core.machine_disk_plans import Boot, DiskPlans, Host, Plan, check_distinct
from azuresim.core.machine_images import BootImages
from azuresim.core.machine_rules import check_managed
from azuresim.core.machine_vhds import MachineVhds
from azuresim.core.resource_id import ResourceId
from azuresim.core.subscriptions import not_found

Json = dict[str, Any]


class MachineStorage:
    """All that machines do with disks."""

    def __init__(self, kernel: Kernel, disks: DisksOfMachines, images: BootImages, vhds: MachineVhds) -> None:
        self._kernel = kernel
        self._disks = disks
        self._images = images
        self._vhds = vhds
        self._plans = DiskPlans(kernel, disks, vhds)

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

    def make(self, host: Host, profile: Mapping[str, Any], boot: Boot) -> tuple[MachineDisk, list[MachineDisk]]:
        """The OS disk and the data disks, attached. What can be refused is refused before anything is made."""
        os_disk, given = profile.get("osDisk") or {}, list(profile.get("dataDisks") or ())
        check_distinct((os_disk, *given))
        wanted = {disk["lun"]: disk for disk in given}
        luns = sorted({*wanted, *(boot.image.data_disks if boot.image is not None else ())})
        data = [wanted.get(lun) or {"lun": lun, "createOption": "FromImage"} for lun in luns]
        first = self._plans.os_disk(host, os_disk, boot)
        others = [self._plans.data_disk(host, disk, number, boot.image) for number, disk in enumerate(data, start=2)]
        return first(), [make() for make in others]

    def plan_update(self, machine: Machine, host: Host, profile: Mapping[str, Any]) -> Callable[[], list[MachineDisk]]:
        """Raises what is to be refused; what it returns makes the changes and answers with the disks to detach when the update ends."""
        given = None if profile.get("dataDisks") is None else list(profile["dataDisks"])
        check_distinct(given or ())
        changes: list[Callable[[], object]] = []
        if profile.get("osDisk") is not None:
            changes.append(self._plans.change(machine, machine.os_disk, profile["osDisk"], "osDisk"))
        present = {disk.settings["lun"]: disk for disk in machine.data_disks}
        joining: list[Plan] = []
        for disk in given or ():
            known = present.get(disk["lun"])
            if known is not None:
                changes.append(self._plans.change(machine, known, disk, "dataDisk"))
            else:
                joining.append(self._plans.data_disk(host, disk, len(present) + len(joining) + 2))
        wanted = present if given is None else {disk["lun"] for disk in given if not disk.get("toBeDetached")}

        def update() -> list[MachineDisk]:
            for change in changes:
                change()
            machine.data_disks.extend(make() for make in joining)
            leaving = [disk for lun, disk in present.items() if lun not in wanted]
            for leaver in leaving:
                leaver.settings["toBeDetached"] = True
            return leaving

        return update

    def detach(self, machine: Machine, disk: MachineDisk) -> None:
        """One data disk leaves its machine."""
        if disk in machine.data_disks:
            machine.data_disks.remove(disk)
            self._let_go(machine, disk, vanishes=False)

    def release(self, machine: Machine) -> None:
        """The machine is gone: disks vanish with it or become free."""
        for disk in machine.disks:
            self._let_go(machine, disk, vanishes=disk.vanishes)

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

    def _let_go(self, machine: Machine, disk: MachineDisk, *, vanishes: bool) -> None:
        if disk.vhd is not None:
            self._vhds.free(disk.vhd)
        if disk.id is None:
            return
        if vanishes:
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
