from __future__ import annotations

from typing import Any

from conformance.judge import GROUP, Judge

RG = ("--resource-group", "rg")
VM = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm1"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/default"
API = "2026-04-01"
# `az vm create` goes through Microsoft.Resources/deployments and Microsoft.Network, which are not simulated.
BODY = {
    "location": "westus",
    "properties": {
        "hardwareProfile": {"vmSize": "Standard_D2s_v3"},
        "storageProfile": {
            "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"},
            "osDisk": {"createOption": "FromImage", "managedDisk": {"storageAccountType": "Standard_LRS"}},
        },
        "osProfile": {"computerName": "vm1", "adminUsername": "azureuser", "adminPassword": "only-4-the-Simulator"},
        "networkProfile": {
            "networkApiVersion": "2022-11-01",
            "networkInterfaceConfigurations": [
                {
                    "name": "nic",
                    "properties": {
                        "ipConfigurations": [
                            {
                                "name": "ip",
                                "properties": {
                                    "subnet": {"id": f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/default"}
                                },
                            }
                        ]
                    },
                }
            ],
        },
    },
}


def statuses(view: Any) -> set[str]:
    return {status["code"] for status in view["instanceView"]["statuses"]}


def test_a_machine_is_stopped_generalised_and_made_an_image_of(judge: Judge) -> None:
    judge.rest("put", VM, API, BODY)
    judge.az("vm", "wait", *RG, "--name", "vm1", "--created", "--interval", "1")
    assert "PowerState/running" in statuses(judge.az("vm", "get-instance-view", *RG, "--name", "vm1"))
    judge.az("vm", "deallocate", *RG, "--name", "vm1")
    seen = judge.compute.virtual_machines.instance_view("rg", "vm1")
    assert "PowerState/deallocated" in {status.code for status in seen.statuses}
    judge.az("vm", "generalize", *RG, "--name", "vm1")
    assert "OSState/generalized" in statuses(judge.az("vm", "get-instance-view", *RG, "--name", "vm1"))
    judge.az("image", "create", *RG, "--name", "of-vm1", "--source", "vm1", "--location", "westus", "--hyper-v-generation", "V2")
    assert judge.compute.images.get("rg", "of-vm1").source_virtual_machine.id.lower() == VM.lower()
    assert "vm1" in {machine["name"] for machine in judge.az("vm", "list", *RG)}
    judge.az("vm", "delete", *RG, "--name", "vm1", "--yes")
    assert list(judge.compute.virtual_machines.list("rg")) == []


def test_sizes_and_what_is_used_of_them(judge: Judge) -> None:
    assert "Standard_D2s_v3" in {size["name"] for size in judge.az("vm", "list-skus", "--location", "westus", "--size", "Standard_D2s_v3")}
    assert judge.az("vm", "list-usage", "--location", "westus")
