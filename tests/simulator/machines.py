"""Virtual machines for tests: bodies, ways to a machine in some state, what its instance view says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from azuresim.core.contents import Contents
from azuresim.core.machine import Machine
from azuresim.core.resource_id import ResourceId
from simulator.cloud import GROUP, Cloud

MACHINE = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm"
DISK = f"{GROUP}/providers/Microsoft.Compute/disks/os"
NIC = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/nic"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/default"
VHD = "https://azuresim.test/blob/vhds/disks/vm.vhd"
UBUNTU = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
UBUNTU_GEN1 = {**UBUNTU, "sku": "server-gen1"}
WINDOWS = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2", "version": "latest"}
USER = {"computerName": "vm", "adminUsername": "builder", "adminPassword": "not-Shown-1"}
ADDRESS = {"name": "ip", "properties": {"subnet": {"id": SUBNET}}}
VANISHING_NIC = {"name": "nic", "properties": {"primary": True, "deleteOption": "Delete", "ipConfigurations": [ADDRESS]}}
INLINE = {"networkApiVersion": "2022-11-01", "networkInterfaceConfigurations": [VANISHING_NIC]}


def body(*, image: Any = UBUNTU, os_disk: Any = None, data_disks: Any = None, size: str = "Standard_D2s_v3", **properties: Any) -> Any:
    """A machine that vanishes whole. A property given as None is left out."""
    storage = {
        "imageReference": image,
        "osDisk": {"createOption": "FromImage", "deleteOption": "Delete", **(os_disk or {})},
        "dataDisks": data_disks,
    }
    whole = {
        "hardwareProfile": {"vmSize": size},
        "storageProfile": {name: value for name, value in storage.items() if value is not None},
        "osProfile": USER,
        "networkProfile": INLINE,
        **properties,
    }
    return {"location": "westus", "properties": {name: value for name, value in whole.items() if value is not None}}


async def made(cloud: Cloud, name: str = "vm", **changes: Any) -> Machine:
    """A machine that runs, its agent ready."""
    await cloud.compute.virtual_machines.begin_create_or_update("rg", name, body(**changes), polling=False)
    cloud.clock.advance(60)
    return machine(cloud, name)


def parsed(text: str) -> ResourceId:
    """An id that is one."""
    found = ResourceId.parse(text)
    assert found is not None
    return found


def machine(cloud: Cloud, name: str = "vm") -> Machine:
    """The core's own."""
    cloud.world.settle()
    return cloud.world.virtual.machines.get(parsed(f"{MACHINE[:-2]}{name}"))


def contents(cloud: Cloud, name: str = "vm") -> Contents:
    """What is on its OS disk."""
    return cloud.world.virtual.guests.contents(machine(cloud, name).os_disk)


async def stopped(cloud: Cloud, name: str = "vm", *, deallocated: bool = True) -> None:
    """Power off, or deallocate."""
    machines = cloud.compute.virtual_machines
    await (machines.begin_deallocate if deallocated else machines.begin_power_off)("rg", name, polling=False)
    cloud.clock.advance(60)


async def statuses(cloud: Cloud, name: str = "vm") -> list[str]:
    """The codes of its instance view."""
    view = await cloud.compute.virtual_machines.instance_view("rg", name)
    return [status.code for status in view.statuses]


async def agent(cloud: Cloud, name: str = "vm") -> str | None:
    """What its agent says of itself; None without one."""
    view = await cloud.compute.virtual_machines.instance_view("rg", name)
    return None if view.vm_agent is None else view.vm_agent.statuses[0].display_status


async def refused(call: Any) -> tuple[int | None, str | None, str]:
    """Status, code and sentence of a refusal."""
    with pytest.raises(HttpResponseError) as caught:
        await call
    error = caught.value.error
    return caught.value.status_code, error.code if error else None, (error.message or "") if error else ""


def unmanaged(cloud: Cloud, *, running: bool = True) -> Any:
    """A machine on VHDs, as one has it from before their retirement; its blob is there."""
    cloud.world.add_vhd(VHD)
    shown = {
        "location": "westus",
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_DS1_v2"},
            "provisioningState": "Succeeded",
            "vmId": "00000000-0000-4000-8000-000000000001",
            "storageProfile": {
                "imageReference": {"publisher": "OpenLogic", "offer": "CentOS", "sku": "7.5", "version": "latest"},
                "osDisk": {
                    "osType": "Linux",
                    "name": "vm",
                    "createOption": "FromImage",
                    "vhd": {"uri": VHD},
                    "caching": "ReadWrite",
                    "deleteOption": "Detach",
                    "diskSizeGB": 1,
                },
                "dataDisks": [],
            },
            "osProfile": {"computerName": "vm", "adminUsername": "builder"},
            "networkProfile": {"networkInterfaces": [{"id": NIC}]},
            "instanceView": {"statuses": [{"code": f"PowerState/{'running' if running else 'deallocated'}"}]},
        },
        "etag": '"2"',
    }
    return cloud.world.virtual.adoption.adopt(parsed(MACHINE), shown)


def sent(cloud: Cloud, method: str, path: str, document: Any = None, **headers: str) -> Any:
    """One request without an SDK; ``path`` may have a query."""
    joint = "&" if "?" in path else "?"
    body = b"" if document is None else json.dumps(document).encode()
    return cloud.ask(method, f"{path}{joint}api-version=2024-07-01", body, **{"content_type": "application/json", **headers})
