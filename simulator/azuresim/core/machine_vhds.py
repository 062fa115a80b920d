"""Unmanaged disks: VHDs that machines keep in storage accounts, and what `capture` makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from azuresim.core.contents import Contents, OsType
from azuresim.core.errors import ServiceError
from azuresim.core.kernel import Kernel
from azuresim.core.leases import INFINITE
from azuresim.core.machine import Machine, MachineDisk
from azuresim.core.sources import Sources
from azuresim.core.storage import Blob
from azuresim.core.vhd_blobs import VhdBlob, pour
from azuresim.core.vhd_contents import described

Json = dict[str, Any]
_MIB_OF_GIB = 1024


def describe(sources: Sources, uri: str, contents: Contents) -> None:
    """Note on a VHD what is on it now; harmless when it lies outside this world."""
    blob = _blob(sources, uri)
    if blob is not None:
        blob.metadata.update(described(contents))


def hold(kernel: Kernel, sources: Sources, uri: str) -> None:
    """A machine's VHD has an infinite lease, so that nobody writes or deletes it; harmless when it lies outside this world."""
    blob = _blob(sources, uri)
    if blob is not None and not blob.lease.locks(kernel.moment):
        blob.lease.acquire(kernel.moment, proposed=None, duration=INFINITE, fresh=kernel.ids.guid())


def _blob(sources: Sources, uri: str) -> Blob | None:
    found = sources.vhd(uri)
    held = found.account.containers.get(found.container) if found is not None else None
    return held.blobs.get(found.name) if found is not None and held is not None else None


class MachineVhds:
    """What machines do with VHDs."""

    def __init__(self, kernel: Kernel, sources: Sources) -> None:
        self._kernel = kernel
        self._sources = sources

    def contents(self, uri: str, os_type: str) -> Contents:
        """Of an existing VHD. Raises 404 when it is in no account, 400 when it is no VHD, 409 while it is leased."""
        found = self._place(uri).contents(Contents(size_gib=0, os_type=cast("OsType", os_type)))
        blob = _blob(self._sources, uri)
        if blob is not None and blob.lease.locks(self._kernel.moment):
            name = uri.rpartition("/")[2]
            raise ServiceError(
                409,
                "AcquireDiskLeaseFailed",
                f"Failed to acquire lease while creating disk '{name}' using blob with URI {uri}. Blob is already in use.",
            )
        return found

    def hold(self, uri: str) -> None:
        """Lease it for as long as its machine has it."""
        hold(self._kernel, self._sources, uri)

    def free(self, uri: str) -> None:
        """The machine has it no more."""
        blob = _blob(self._sources, uri)
        if blob is not None:
            blob.lease.clear()

    def plan(self, uri: str, contents: Contents) -> Callable[[], Contents]:
        """A VHD for a new machine, to be made. Raises 409 when its address is taken."""
        place = self._place(uri)
        held = place.account.containers.get(place.container)
        if held is not None and place.name in held.blobs:
            raise ServiceError(
                409,
                "BlobAlreadyExists",
                f"Blob {uri} already exists. Please provide a different blob URI as target for disk '{place.name}'.",
            )

        def make() -> Contents:
            self._put(place, contents)
            return contents

        return make

    def capture(self, machine: Machine, body: Mapping[str, Any], contents: Callable[[MachineDisk], Contents], api_version: str) -> Json:
        """Copies of all VHDs under `system/Microsoft.Compute/Images`, and the template that makes a machine of them, as recorded."""
        captured = [
            self._copy(machine, disk, body, contents(disk), "osDisk" if disk is machine.os_disk else f"dataDisk-{disk.settings['lun']}")
            for disk in machine.disks
        ]
        fresh = self._kernel.ids.guid()
        home = (machine.os_disk.vhd or "").rsplit("/", 2)[0]
        profile: Json = {
            "osDisk": {
                "osType": machine.os_type,
                "name": captured[0].rpartition("/")[2],
                "createOption": "FromImage",
                "image": {"uri": captured[0]},
                "vhd": {"uri": f"{home}/vmcontainer{fresh}/osDisk.{fresh}.vhd"},
                "caching": machine.os_disk.settings["caching"],
            }
        }
        if len(captured) > 1:
            profile["dataDisks"] = [
                {
                    "lun": disk.settings["lun"],
                    "name": uri.rpartition("/")[2],
                    "createOption": "FromImage",
                    "image": {"uri": uri},
                    "vhd": {"uri": f"{home}/vmcontainer{fresh}/dataDisk-{disk.settings['lun']}.{fresh}.vhd"},
                    "caching": disk.settings["caching"],
                }
                for disk, uri in zip(machine.data_disks, captured[1:], strict=True)
            ]
        return _template(machine, profile, api_version)

    def _copy(self, machine: Machine, disk: MachineDisk, body: Mapping[str, Any], contents: Contents, kind: str) -> str:
        source = disk.vhd or ""
        place = self._place(source)
        path = f"Microsoft.Compute/Images/{body['destinationContainerName']}/{body['vhdPrefix']}-{kind}.{machine.vm_id}.vhd"
        system = place.account.containers.get("system")
        if system is not None and path in system.blobs and not body["overwriteVhds"]:
            raise ServiceError(409, "BlobAlreadyExists", f"Blob {path} already exists and overwriteVhds is false.")
        made = self._put(VhdBlob(place.account, "system", path), contents)
        held = place.account.containers.get(place.container)
        original = held.blobs.get(place.name) if held is not None else None
        if original is not None:
            made.content.resize(original.content.size)
            pour(original.content, made.content, original.content.size)
        return f"{source.removesuffix(f'{place.container}/{place.name}')}system/{path}"

    def _put(self, place: VhdBlob, contents: Contents) -> Blob:
        storage = self._sources.storage
        made = storage.put_vhd(place.account, place.container, place.name, size_mib=contents.size_gib * _MIB_OF_GIB)
        made.metadata.update(described(contents))
        return made

    def _place(self, uri: str) -> VhdBlob:
        found = self._sources.vhd(uri)
        if found is None:
            raise ServiceError(
                404,
                "StorageAccountNotFound",
                f"Storage account of {uri} not found. Ensure storage account is not deleted and belongs to the same Azure location as the "
                "VM.",
            )
        return found


def _template(machine: Machine, profile: Json, api_version: str) -> Json:
    return {
        "$schema": "http://schema.management.azure.com/schemas/2014-04-01-preview/VM_IP.json",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "vmName": {"type": "string"},
            "vmSize": {"type": "string", "defaultValue": machine.size},
            "adminUserName": {"type": "string"},
            "adminPassword": {"type": "securestring"},
            "networkInterfaceId": {"type": "string"},
        },
        "resources": [
            {
                "name": "[parameters('vmName')]",
                "type": "Microsoft.Compute/virtualMachines",
                "location": machine.location,
                "apiVersion": api_version,
                "properties": {
                    "hardwareProfile": {"vmSize": "[parameters('vmSize')]"},
                    "provisioningState": 0,
                    "storageProfile": profile,
                    "osProfile": {
                        "computerName": "[parameters('vmName')]",
                        "adminUsername": "[parameters('adminUsername')]",
                        "adminPassword": "[parameters('adminPassword')]",
                    },
                    "networkProfile": {"networkInterfaces": [{"id": "[parameters('networkInterfaceId')]"}]},
                },
            }
        ],
    }
