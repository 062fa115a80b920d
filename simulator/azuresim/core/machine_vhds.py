"""Unmanaged disks: VHDs that machines keep in storage accounts, and what `capture` makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from azuresim.core.blob_addresses import locate
from azuresim.core.contents import Contents, OsType
from azuresim.core.errors import ServiceError
from azuresim.core.kernel import Kernel
from azuresim.core.machine import Machine, MachineDisk
from azuresim.core.storage import Storage, StorageAccount
from azuresim.core.vhd import FOOTER_BYTES, GIB

Json = dict[str, Any]
_MIB_OF_GIB = 1024


class MachineVhds:
    """``blob_base`` is what all blob endpoints begin with."""

    def __init__(self, kernel: Kernel, storage: Storage, blob_base: Callable[[], str]) -> None:
        self._kernel = kernel
        self._storage = storage
        self._blob_base = blob_base
        # What is in a VHD is known only for those that machines and captures have made.
        self._contents: dict[str, Contents] = {}

    def known(self, uri: str) -> Contents | None:
        """What a machine or a capture has put there."""
        return self._contents.get(uri.lower())

    def contents(self, uri: str, os_type: str) -> Contents:
        """Of an existing VHD. Raises 404 when there is none."""
        account, container, name = self._place(uri)
        blob = account.blob(container, name)
        size = -(-(blob.content.size - FOOTER_BYTES) // GIB)
        return self.known(uri) or Contents(size_gib=size, os_type=cast("OsType", os_type))

    def make(self, uri: str, contents: Contents) -> Contents:
        """A VHD for a new machine. Raises 409 when its address is taken."""
        account, container, name = self._place(uri)
        if container in account.containers and name in account.containers[container].blobs:
            raise ServiceError(
                409,
                "StorageAccountAlreadyTaken",
                f"Blob {uri} already exists. Please provide a different blob URI as target for disk '{name}'.",
            )
        self._storage.put_vhd(account, container, name, size_mib=contents.size_gib * _MIB_OF_GIB)
        self.remember(uri, contents)
        return contents

    def remember(self, uri: str, contents: Contents) -> None:
        """What is in a VHD now."""
        self._contents[uri.lower()] = contents

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
        account, container, name = self._place(source)
        path = f"Microsoft.Compute/Images/{body['destinationContainerName']}/{body['vhdPrefix']}-{kind}.{machine.vm_id}.vhd"
        system = account.containers.get("system")
        if system is not None and path in system.blobs and not body["overwriteVhds"]:
            raise ServiceError(409, "BlobAlreadyExists", f"Blob {path} already exists and overwriteVhds is false.")
        size = contents.size_gib * _MIB_OF_GIB
        made = self._storage.put_vhd(account, "system", path, size_mib=size)
        held = account.containers.get(container)
        original = held.blobs.get(name) if held is not None else None
        if original is not None:
            made.content.resize(original.content.size)
            for start, end in original.content.ranges():
                made.content.write(start, original.content.read(start, end))
        uri = f"{source.removesuffix(f'{container}/{name}')}system/{path}"
        self.remember(uri, contents)
        return uri

    def _place(self, uri: str) -> tuple[StorageAccount, str, str]:
        return locate(uri, self._storage, self._blob_base())


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
