from __future__ import annotations

import base64
from typing import Any

import pytest

from simulator import machines as vm
from simulator.cloud import DEFINITION, GROUP, SUBSCRIPTION, Cloud

NO_SUCH = {**vm.UBUNTU, "sku": "none"}
ARM_IMAGE = {"id": DEFINITION}


ED25519 = f"ssh-ed25519 {base64.b64encode(b'%c%c%c%cssh-ed25519' % (0, 0, 0, 11) + bytes(36)).decode()} me"


def key(bits: int) -> str:
    """An OpenSSH RSA key of that many bits."""
    parts = [b"ssh-rsa", b"\1\0\1", b"\0" + ((1 << bits) - 1).to_bytes(bits // 8, "big")]
    raw = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"ssh-rsa {base64.b64encode(raw).decode()} me"


def ssh(text: str) -> dict[str, Any]:
    """A user that signs in by key only."""
    keys = [{"path": "/home/builder/.ssh/authorized_keys", "keyData": text}]
    return {
        "computerName": "vm",
        "adminUsername": "builder",
        "linuxConfiguration": {"disablePasswordAuthentication": True, "ssh": {"publicKeys": keys}},
    }


@pytest.mark.parametrize(
    ("changes", "status", "code", "words"),
    [
        pytest.param({"size": "Standard_Nothing"}, 400, "InvalidParameter", "is not valid", id="unknown size"),
        pytest.param({"hardwareProfile": {}}, 400, "InvalidParameter", "vmSize", id="no size"),
        pytest.param({"size": "Standard_D2_v3"}, 400, "BadRequest", "cannot boot Hypervisor Generation '2'", id="generation"),
        pytest.param({"size": "Standard_D2ps_v5"}, 400, "BadRequest", "CPU Architecture", id="architecture"),
        pytest.param(
            {"securityProfile": {"securityType": "TrustedLaunch"}, "image": vm.UBUNTU_GEN1},
            400,
            "BadRequest",
            "TrustedLaunch setting is not supported",
            id="Trusted Launch needs generation 2",
        ),
        pytest.param(
            {"securityProfile": {"securityType": "TrustedLaunch"}, "size": "Standard_DC2as_v5"}, 0, "", "", id="Trusted Launch in order"
        ),
        pytest.param({"image": NO_SUCH}, 404, "PlatformImageNotFound", "Canonical:ubuntu-24_04-lts:none:latest", id="no such image"),
        pytest.param({"image": {**vm.UBUNTU, "version": "1.2.3"}}, 404, "PlatformImageNotFound", "1.2.3", id="no such version"),
        pytest.param({"image": ARM_IMAGE}, 404, "GalleryImageNotFound", "is not available in westus region", id="no gallery image"),
        pytest.param({"image": {"id": vm.MACHINE}}, 400, "InvalidParameter", "imageReference.id", id="no image at all"),
        pytest.param(
            {"image": {"id": f"{GROUP}/providers/Microsoft.Compute/images/i"}}, 404, "NotFound", "cannot be found", id="no managed image"
        ),
        pytest.param({"image": None}, 400, "InvalidParameter", "imageReference", id="no image"),
        pytest.param({"osProfile": None}, 400, "InvalidParameter", "'osProfile' is missing", id="generalised without a profile"),
        pytest.param({"osProfile": {**vm.USER, "adminPassword": None}}, 400, "InvalidParameter", "adminPassword", id="no password"),
        pytest.param({"osProfile": {**vm.USER, "adminUsername": "root"}}, 400, "InvalidParameter", "not allowed", id="user name"),
        pytest.param({"osProfile": {**vm.USER, "computerName": None}}, 400, "InvalidParameter", "computerName", id="no computer name"),
        pytest.param({"osProfile": ssh("")}, 400, "InvalidParameter", "keyData", id="empty key"),
        pytest.param({"osProfile": ssh("ssh-rsa !!")}, 400, "InvalidParameter", "keyData", id="key is no base64"),
        pytest.param({"osProfile": ssh(key(1024))}, 400, "InvalidParameter", "keyData", id="key too short"),
        pytest.param({"osProfile": ssh(key(2048))}, 0, "", "", id="key in order"),
        pytest.param({"osProfile": ssh(ED25519)}, 0, "", "", id="key of another kind"),
        pytest.param({"osProfile": ssh(ED25519.replace("ssh-ed25519", "ssh-dss"))}, 400, "InvalidParameter", "keyData", id="key kind"),
        pytest.param(
            {"osProfile": {**vm.USER, "linuxConfiguration": {"disablePasswordAuthentication": True}}},
            400,
            "InvalidParameter",
            "must be enabled",
            id="no way to sign in",
        ),
        pytest.param({"osProfile": {**vm.USER, "windowsConfiguration": {}}}, 400, "InvalidParameter", "not allowed", id="Windows on Linux"),
        pytest.param(
            {"image": vm.WINDOWS, "osProfile": {**vm.USER, "computerName": "a-name-of-16-let"}},
            400,
            "InvalidParameter",
            "Windows computer name",
            id="computer name of Windows",
        ),
        pytest.param({"networkProfile": {}}, 400, "InvalidParameter", "networkProfile", id="no NIC"),
        pytest.param(
            {"networkProfile": {"networkInterfaceConfigurations": [vm.VANISHING_NIC]}},
            400,
            "InvalidParameter",
            "networkApiVersion",
            id="no api-version for the NIC",
        ),
        pytest.param(
            {"networkProfile": {"networkInterfaces": [{"id": vm.DISK}]}}, 400, "InvalidParameter", "networkInterfaces.id", id="no NIC's id"
        ),
        pytest.param(
            {"networkProfile": {"networkInterfaces": [{"id": "nic"}]}}, 400, "InvalidParameter", "networkInterfaces.id", id="no id at all"
        ),
        pytest.param(
            {"os_disk": {"createOption": "Attach", "osType": "Linux", "managedDisk": {"id": vm.DISK}}},
            400,
            "InvalidParameter",
            "Cannot attach an existing OS disk",
            id="an image and a disk",
        ),
        pytest.param(
            {"os_disk": {"createOption": "Attach", "managedDisk": {"id": vm.DISK}}, "image": None},
            400,
            "InvalidParameter",
            "osType",
            id="a disk of unsaid kind",
        ),
        pytest.param(
            {"os_disk": {"createOption": "Attach", "osType": "Linux"}, "image": None},
            400,
            "InvalidParameter",
            "managedDisk.id",
            id="no disk",
        ),
        pytest.param(
            {"os_disk": {"createOption": "Attach", "osType": "Linux", "managedDisk": {"id": vm.DISK}}, "image": None},
            404,
            "ResourceNotFound",
            "disks/os",
            id="no such disk",
        ),
        pytest.param(
            {"os_disk": {"image": {"uri": vm.VHD}}}, 400, "InvalidParameter", "'osDisk.image' is not allowed", id="image by address"
        ),
        pytest.param({"os_disk": {"vhd": {"uri": vm.VHD}}}, 400, "BadRequest", "have been retired", id="unmanaged"),
        pytest.param({"os_disk": {"diskSizeGB": 0}}, 400, "InvalidParameter", "out of range", id="disk of nothing"),
        pytest.param({"os_disk": {"diskSizeGB": 8}}, 409, "OperationNotAllowed", "smaller than", id="disk too small"),
        pytest.param(
            {"size": "Standard_D2_v3", "image": vm.UBUNTU_GEN1, "os_disk": {"managedDisk": {"storageAccountType": "Premium_LRS"}}},
            400,
            "InvalidParameter",
            "does not support the storage account type Premium_LRS",
            id="Premium on a size without",
        ),
        pytest.param(
            {"data_disks": [{"lun": 0, "createOption": "Empty", "diskSizeGB": 1}] * 2}, 400, "InvalidParameter", "LUN", id="one LUN twice"
        ),
        pytest.param(
            {"data_disks": [{"lun": 0, "createOption": "Empty"}]}, 400, "InvalidParameter", "diskSizeGB", id="a data disk of no size"
        ),
        pytest.param(
            {"data_disks": [{"lun": 0, "createOption": "FromImage"}]}, 400, "InvalidParameter", "FromImage", id="no such disk in the image"
        ),
        pytest.param(
            {"data_disks": [{"lun": 0, "createOption": "Attach"}]}, 400, "InvalidParameter", "managedDisk.id", id="nothing to attach"
        ),
    ],
)
async def test_machines_that_are_refused(cloud: Cloud, changes: dict[str, Any], status: int, code: str, words: str) -> None:
    answer = vm.sent(cloud, "PUT", vm.MACHINE, vm.body(**changes))
    if not status:
        assert answer.status == 201
        return
    assert (answer.status, answer.json()["error"]["code"]) == (status, code)
    assert words in answer.json()["error"]["message"]
    assert vm.sent(cloud, "GET", vm.MACHINE).status == 404


def test_names_are_held_to_what_a_host_can_be_called(cloud: Cloud) -> None:
    assert vm.sent(cloud, "PUT", f"{vm.MACHINE[:-2]}a*b", vm.body()).json()["error"]["code"] == "InvalidParameter"


def test_an_image_of_trusted_launch_makes_nothing_else(cloud: Cloud) -> None:
    version = cloud.image(security_type="TrustedLaunch")
    refused = vm.sent(cloud, "PUT", vm.MACHINE, vm.body(image={"id": version})).json()["error"]
    assert "only supports creation of VMs" in refused["message"]
    asked = vm.body(image={"id": version}, securityProfile={"securityType": "TrustedLaunch"})
    assert vm.sent(cloud, "PUT", vm.MACHINE, asked).status == 201
    refused = vm.sent(
        cloud, "PUT", f"{vm.MACHINE}2", vm.body(size="Standard_HB120rs_v3", securityProfile={"securityType": "TrustedLaunch"})
    )
    assert "is not supported for creation of VMs" in refused.json()["error"]["message"]


def test_a_specialised_image_takes_no_profile(cloud: Cloud) -> None:
    version = cloud.image(os_state="Specialized")
    assert "not allowed" in vm.sent(cloud, "PUT", vm.MACHINE, vm.body(image={"id": version})).json()["error"]["message"]
    assert vm.sent(cloud, "PUT", vm.MACHINE, vm.body(image={"id": version}, osProfile=None)).status == 201
    late = vm.sent(cloud, "PATCH", vm.MACHINE, {"properties": {"osProfile": {"computerName": "vm"}}})
    assert (late.status, late.json()["error"]["code"]) == (409, "PropertyChangeNotAllowed")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"osProfile": {"computerName": "other"}}, "PropertyChangeNotAllowed", id="computer name"),
        pytest.param({"osProfile": {"adminPassword": "another-One-2"}}, "PropertyChangeNotAllowed", id="password"),
        pytest.param({"osProfile": {"linuxConfiguration": ssh(key(2048))["linuxConfiguration"]}}, "PropertyChangeNotAllowed", id="keys"),
        pytest.param({"storageProfile": {"imageReference": vm.UBUNTU_GEN1}}, "PropertyChangeNotAllowed", id="image"),
        pytest.param({"storageProfile": {"osDisk": {"createOption": "Attach"}}}, "PropertyChangeNotAllowed", id="origin of the disk"),
        pytest.param(
            {"storageProfile": {"osDisk": {"createOption": "FromImage", "managedDisk": {"id": vm.DISK}}}},
            "PropertyChangeNotAllowed",
            id="disk",
        ),
        pytest.param(
            {"storageProfile": {"osDisk": {"createOption": "FromImage", "vhd": {"uri": vm.VHD}}}}, "PropertyChangeNotAllowed", id="VHD"
        ),
        pytest.param(
            {"storageProfile": {"osDisk": {"createOption": "FromImage", "managedDisk": {"storageAccountType": "Standard_LRS"}}}},
            "OperationNotAllowed",
            id="kind of the disk",
        ),
        pytest.param(
            {"storageProfile": {"osDisk": {"createOption": "FromImage", "diskSizeGB": 64}}}, "OperationNotAllowed", id="size, running"
        ),
    ],
)
async def test_what_an_update_cannot_change(cloud: Cloud, change: dict[str, Any], code: str) -> None:
    await vm.made(cloud)
    call = cloud.compute.virtual_machines.begin_update("rg", "vm", {"properties": change}, polling=False)
    assert (await vm.refused(call))[:2] == (409, code)
    assert (await cloud.compute.virtual_machines.get("rg", "vm")).properties.provisioning_state == "Succeeded"


async def test_no_vhd_joins_a_machine_after_the_retirement(cloud: Cloud) -> None:
    await vm.made(cloud)
    disk = {"lun": 0, "createOption": "Empty", "diskSizeGB": 1, "vhd": {"uri": vm.VHD}}
    call = cloud.compute.virtual_machines.begin_update("rg", "vm", {"properties": {"storageProfile": {"dataDisks": [disk]}}}, polling=False)
    assert (await vm.refused(call))[:2] == (400, "BadRequest")


async def test_a_disk_grows_while_its_machine_is_deallocated(cloud: Cloud) -> None:
    await vm.made(cloud)
    await vm.stopped(cloud)
    machines = cloud.compute.virtual_machines
    grow = {"properties": {"storageProfile": {"osDisk": {"createOption": "FromImage", "diskSizeGB": 64}}}}
    await machines.begin_update("rg", "vm", grow, polling=False)
    assert vm.contents(cloud).size_gib == 64
    shrink = {"properties": {"storageProfile": {"osDisk": {"createOption": "FromImage", "diskSizeGB": 32}}}}
    assert (await vm.refused(machines.begin_update("rg", "vm", shrink, polling=False)))[0] == 409


async def test_a_restricted_size_and_a_used_up_quota(cloud: Cloud) -> None:
    cloud.world.catalogue.restrict("westus", "Standard_D2s_v3")
    machines = cloud.compute.virtual_machines
    call = machines.begin_create_or_update("rg", "vm", vm.body(), polling=False)
    assert (await vm.refused(call))[:2] == (409, "SkuNotAvailable")
    cloud.world.virtual.machines.quotas.set_limit(SUBSCRIPTION, "westus", "standardDSv3Family", 6)
    await vm.made(cloud, "first", size="Standard_D4s_v3")
    call = machines.begin_create_or_update("rg", "vm", vm.body(size="Standard_D4s_v3"), polling=False)
    status, code, sentence = await vm.refused(call)
    assert (status, code) == (409, "OperationNotAllowed")
    assert "Current Limit: 6, Current Usage: 4, Additional Required: 4, (Minimum) New Limit Required: 8" in sentence
    larger = {"properties": {"hardwareProfile": {"vmSize": "Standard_D8s_v3"}}}
    assert "quota" in (await vm.refused(machines.begin_update("rg", "first", larger, polling=False)))[2]


async def test_actions_against_the_state_of_power(cloud: Cloud) -> None:
    machines = cloud.compute.virtual_machines
    await vm.made(cloud)
    status, code, sentence = await vm.refused(machines.generalize("rg", "vm"))
    assert (status, code, sentence) == (
        409,
        "OperationNotAllowed",
        "Operation 'generalize' is not allowed on VM 'vm' since the VM is running.",
    )
    await vm.stopped(cloud)
    for call in (machines.begin_power_off, machines.begin_restart):
        assert "either deallocated or marked to be deallocated" in (await vm.refused(call("rg", "vm", polling=False)))[2]
    await machines.generalize("rg", "vm")
    await machines.generalize("rg", "vm")
    assert await vm.statuses(cloud) == ["ProvisioningState/succeeded", "OSState/generalized", "PowerState/deallocated"]
    for call in (machines.begin_start, machines.begin_restart, machines.begin_redeploy):
        status, code, sentence = await vm.refused(call("rg", "vm", polling=False))
        assert (status, code) == (409, "OperationNotAllowed")
        assert sentence.endswith("since the VM is generalized.")
    assert (await vm.refused(machines.begin_start("rg", "none", polling=False)))[:2] == (404, "ResourceNotFound")
