"""Every member of a pool's configuration comes back: filled in by the service, without its secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator.batch_steps import refused
from simulator.cloud import GROUP, SIZE, Cloud

IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pull"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/batch"
MACHINES = {
    "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
    "nodeAgentSKUId": "batch.node.ubuntu 24.04",
}
USER = {"autoUser": {"scope": "pool", "elevationLevel": "nonadmin"}}


def created(cloud: Cloud, **members: Any) -> dict[str, Any]:
    """What a pool with these members shows."""
    cloud.account.applications = {"a": ("1",)}
    body = {"id": "p", "vmSize": SIZE, "virtualMachineConfiguration": MACHINES, **members}
    answer = cloud.ask("POST", "/batch/acct/pools?api-version=2025-06-01", json.dumps(body).encode())
    assert answer.status == 201, answer.json()
    shown: dict[str, Any] = cloud.ask("GET", "/batch/acct/pools/p?api-version=2025-06-01").json()
    return shown


@pytest.mark.parametrize(
    ("name", "given", "shown"),
    [
        pytest.param("displayName", "Frames", "Frames", id="display name"),
        pytest.param("taskSlotsPerNode", 4, 4, id="slots"),
        pytest.param(
            "taskSchedulingPolicy",
            {"nodeFillType": "pack", "jobDefaultOrder": "creationtime"},
            {"nodeFillType": "Pack", "jobDefaultOrder": "creationtime"},
            id="scheduling",
        ),
        pytest.param("enableInterNodeCommunication", True, True, id="inter-node communication"),
        pytest.param(
            "startTask",
            {
                "commandLine": "run",
                "environmentSettings": [{"name": "A", "value": "1"}],
                "resourceFiles": [{"httpUrl": "https://h/f", "filePath": "f"}],
                "containerSettings": {"imageName": "busybox"},
            },
            {
                "commandLine": "run",
                "environmentSettings": [{"name": "A", "value": "1"}],
                "resourceFiles": [{"httpUrl": "https://h/f", "filePath": "f"}],
                "containerSettings": {"imageName": "busybox"},
                "userIdentity": USER,
                "maxTaskRetryCount": 0,
                "waitForSuccess": True,
            },
            id="start task",
        ),
        pytest.param(
            "userAccounts",
            [{"name": "u", "password": "secret", "linuxUserConfiguration": {"uid": 5, "gid": 6, "sshPrivateKey": "secret"}}],
            [{"name": "u", "elevationLevel": "nonadmin", "linuxUserConfiguration": {"uid": 5, "gid": 6}}],
            id="user accounts",
        ),
        pytest.param(
            "applicationPackageReferences",
            [{"applicationId": "a", "version": "1"}],
            [{"applicationId": "a", "version": "1"}],
            id="packages",
        ),
        pytest.param("metadata", [{"name": "a", "value": "b"}], [{"name": "a", "value": "b"}], id="metadata"),
        pytest.param(
            "mountConfiguration",
            [
                {
                    "azureBlobFileSystemConfiguration": {
                        "accountName": "a",
                        "containerName": "c",
                        "relativeMountPath": "m",
                        "accountKey": "secret",
                        "sasKey": "secret",
                        "identityReference": {"resourceId": IDENTITY},
                    }
                },
                {"cifsMountConfiguration": {"username": "u", "source": "s", "relativeMountPath": "c", "password": "secret"}},
                {"nfsMountConfiguration": {"source": "s", "relativeMountPath": "n"}},
            ],
            [
                {
                    "azureBlobFileSystemConfiguration": {
                        "accountName": "a",
                        "containerName": "c",
                        "relativeMountPath": "m",
                        "identityReference": {"resourceId": IDENTITY},
                    }
                },
                {"cifsMountConfiguration": {"username": "u", "source": "s", "relativeMountPath": "c"}},
                {"nfsMountConfiguration": {"source": "s", "relativeMountPath": "n"}},
            ],
            id="mounts",
        ),
        pytest.param(
            "networkConfiguration",
            {"subnetId": SUBNET, "publicIPAddressConfiguration": {"provision": "nopublicipaddresses"}},
            {
                "subnetId": SUBNET,
                "publicIPAddressConfiguration": {"provision": "nopublicipaddresses"},
                "dynamicVNetAssignmentScope": "none",
            },
            id="network",
        ),
        pytest.param(
            "upgradePolicy",
            {"mode": "automatic", "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": True}},
            {"mode": "automatic", "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": True}},
            id="upgrade policy",
        ),
    ],
)
def test_members_of_the_pool(cloud: Cloud, name: str, given: Any, shown: Any) -> None:
    pool = created(cloud, **{name: given})
    assert pool[name] == shown
    assert "secret" not in json.dumps(pool)


@pytest.mark.parametrize(
    ("name", "given", "shown"),
    [
        pytest.param(
            "osDisk",
            {"caching": "readonly", "diskSizeGB": 64, "ephemeralOSDiskSettings": {"placement": "cachedisk"}},
            {"caching": "ReadOnly", "diskSizeGB": 64, "ephemeralOSDiskSettings": {"placement": "cachedisk"}},
            id="OS disk",
        ),
        pytest.param(
            "dataDisks",
            [{"lun": 1, "diskSizeGB": 10, "managedDisk": {"storageAccountType": "premium_lrs"}}],
            [{"lun": 1, "diskSizeGB": 10, "managedDisk": {"storageAccountType": "premium_lrs"}, "caching": "none"}],
            id="data disks",
        ),
        pytest.param(
            "containerConfiguration",
            {
                "type": "dockerCompatible",
                "containerImageNames": ["i"],
                "containerRegistries": [{"registryServer": "r", "username": "u", "password": "secret"}],
            },
            {
                "type": "dockerCompatible",
                "containerImageNames": ["i"],
                "containerRegistries": [{"registryServer": "r", "username": "u"}],
            },
            id="containers",
        ),
        pytest.param(
            "securityProfile",
            {"securityType": "trustedLaunch", "encryptionAtHost": True, "uefiSettings": {"vTpmEnabled": True}},
            {"securityType": "trustedlaunch", "encryptionAtHost": True, "uefiSettings": {"vTpmEnabled": True}},
            id="security",
        ),
        pytest.param("nodePlacementConfiguration", {"policy": "zonal"}, {"policy": "zonal"}, id="placement"),
        pytest.param("windowsConfiguration", {"enableAutomaticUpdates": False}, {"enableAutomaticUpdates": False}, id="windows"),
        pytest.param("licenseType", "Windows_Server", "Windows_Server", id="licence"),
        pytest.param("diskEncryptionConfiguration", {"targets": ["temporarydisk"]}, {"targets": ["temporarydisk"]}, id="disk encryption"),
        pytest.param(
            "extensions",
            [{"name": "e", "publisher": "p", "type": "t", "settings": {"a": "b"}, "protectedSettings": {"k": "secret"}}],
            [
                {
                    "name": "e",
                    "publisher": "p",
                    "type": "t",
                    "settings": {"a": "b"},
                    "autoUpgradeMinorVersion": False,
                    "enableAutomaticUpgrade": False,
                }
            ],
            id="extensions",
        ),
    ],
)
def test_members_of_the_machines(cloud: Cloud, name: str, given: Any, shown: Any) -> None:
    pool = created(cloud, virtualMachineConfiguration={**MACHINES, name: given})
    assert pool["virtualMachineConfiguration"][name] == shown
    assert "secret" not in json.dumps(pool)


def test_a_mount_has_exactly_one_file_system(cloud: Cloud) -> None:
    body = {"id": "p", "vmSize": SIZE, "virtualMachineConfiguration": MACHINES, "mountConfiguration": [{}]}
    answer = cloud.ask("POST", "/batch/acct/pools?api-version=2025-06-01", json.dumps(body).encode())
    assert (answer.status, answer.json()["code"]) == (400, "InvalidPropertyValue")


async def test_the_identity_is_set_by_the_management_plane_and_shown_by_the_data_plane(cloud: Cloud) -> None:
    identity = {"type": "UserAssigned", "userAssignedIdentities": [{"resourceId": IDENTITY}]}
    body = {"id": "p", "vmSize": SIZE, "virtualMachineConfiguration": MACHINES, "identity": identity}
    batch: Any = cloud.batch
    assert (await refused(batch.create_pool(body)))[:2] == (400, "InvalidPropertyValue")
    cloud.world.pools.create(cloud.account, body)
    assert (await cloud.batch.get_pool("p"))["identity"] == identity


async def test_a_pool_as_the_service_shows_it_can_be_adopted(cloud: Cloud) -> None:
    body = created(cloud, startTask={"commandLine": "run"}, metadata=[{"name": "a", "value": "b"}])
    body |= {"id": "q", "allocationState": "steady", "currentDedicatedNodes": 2, "targetDedicatedNodes": 3, "eTag": "0x8DBAEB9737D2CB2"}
    body |= {"enableAutoScale": False, "resizeErrors": [{"code": "ResizeStopped", "message": "…"}]}
    cloud.world.pools.adopt(cloud.account, body)
    shown = cloud.ask("GET", "/batch/acct/pools/q?api-version=2025-06-01").json()
    assert {n: v for n, v in shown.items() if n != "url"} == {n: v for n, v in body.items() if n != "url"}
    assert [n["state"] async for n in cloud.batch.list_nodes("q")] == ["idle", "idle"]


async def test_an_adopted_pool_goes_on_scaling(cloud: Cloud) -> None:
    body = created(cloud) | {
        "id": "q",
        "enableAutoScale": True,
        "autoScaleFormula": "$TargetDedicatedNodes=1",
        "autoScaleEvaluationInterval": "PT6M",
    }
    cloud.world.pools.adopt(cloud.account, body)
    cloud.clock.advance(100)
    pool = await cloud.batch.get_pool("q")
    assert (pool["autoScaleEvaluationInterval"], pool.current_dedicated_nodes) == ("PT6M", 1)
