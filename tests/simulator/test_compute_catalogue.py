from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from azuresim.core.regions import region_keys
from simulator import machines as vm
from simulator.cloud import BATCH, GALLERY, GROUP, SUBSCRIPTION, Cloud

HERE = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute"
WESTUS = f"{HERE}/locations/westus"
CENTOS = f"{WESTUS}/publishers/OpenLogic/artifacttypes/vmimage/offers/CentOS/skus/7.5"
PERMISSIONS = "providers/Microsoft.Authorization/permissions"
GENERALIZE = "Microsoft.Compute/virtualMachines/generalize/action"


def names(answer: Any) -> list[str]:
    return [item["name"] for item in answer.json()]


async def test_the_marketplace_is_read_from_publishers_to_versions(cloud: Cloud) -> None:
    images = cloud.compute.virtual_machine_images
    assert "Canonical" in [p.name for p in await images.list_publishers("westus")]
    assert "ubuntu-24_04-lts" in [o.name for o in await images.list_offers("westus", "canonical")]
    assert [s.name for s in await images.list_skus("westus", "Canonical", "ubuntu-24_04-lts")] == ["server", "server-gen1"]
    versions = [v.name for v in await images.list("westus", "Canonical", "ubuntu-24_04-lts", "server")]
    newest = await images.list("westus", "Canonical", "ubuntu-24_04-lts", "server", top=1, orderby="name desc")
    assert [v.name for v in newest] == versions[-1:]
    shown = await images.get("westus", "Canonical", "ubuntu-24_04-lts", "server", versions[0])
    assert shown.id.startswith(f"/Subscriptions/{SUBSCRIPTION}/Providers/Microsoft.Compute/Locations/westus/Publishers/Canonical/")
    assert (shown.properties.hyper_v_generation, shown.properties.os_disk_image.operating_system) == ("V2", "Linux")
    windows = await images.list("westus", "MicrosoftWindowsServer", "WindowsServer", "2022-datacenter-g2")
    found = await images.get("westus", "MicrosoftWindowsServer", "WindowsServer", "2022-datacenter-g2", windows[0].name)
    assert found.properties.os_disk_image.operating_system == "Windows"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$filter=startswith(name,'7.5.2018')", ["7.5.20180815", "7.5.20181010"]),
        ("$orderby=name", ["7.5.9", "7.5.20180815", "7.5.20181010"]),
        ("$orderby=name%20desc&$top=2", ["7.5.20181010", "7.5.20180815"]),
    ],
)
def test_how_versions_are_listed(cloud: Cloud, query: str, expected: list[str]) -> None:
    for version in ("7.5.20181010", "7.5.9", "7.5.20180815"):
        cloud.world.virtual.marketplace.adopt(f"{CENTOS}/versions/{version}", {"properties": {"hyperVGeneration": "V1"}})
    assert names(vm.sent(cloud, "GET", f"{CENTOS}/versions?{query}")) == expected


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{WESTUS}/publishers/none/artifacttypes/vmimage/offers", 404),
        (f"{WESTUS}/publishers/Canonical/artifacttypes/vmimage/offers/none/skus", 404),
        (f"{CENTOS}/versions", 404),
        (f"{CENTOS}/versions/1", 404),
        (f"{WESTUS}/publishers/Canonical/artifacttypes/vmimage/offers/ubuntu-24_04-lts/skus/server/versions/1", 404),
        (f"{HERE}/locations/atlantis/publishers", 400),
    ],
)
def test_what_the_marketplace_does_not_have(cloud: Cloud, path: str, status: int) -> None:
    assert vm.sent(cloud, "GET", path).status == status


@pytest.mark.parametrize("query", ["$filter=name", "$top=all", "$top=²"])
def test_queries_the_marketplace_refuses(cloud: Cloud, query: str) -> None:
    path = f"{WESTUS}/publishers/Canonical/artifacttypes/vmimage/offers/ubuntu-24_04-lts/skus/server/versions"
    assert vm.sent(cloud, "GET", f"{path}?{query}").status == 400


def test_an_adopted_image_shows_what_it_showed_and_makes_machines(cloud: Cloud) -> None:
    upgrades = {"automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": False}}
    shown = {
        "hyperVGeneration": "V1",
        "architecture": "x64",
        "replicaType": "Unmanaged",
        "features": [{"name": "IsHibernateSupported", "value": "True"}],
        "osDiskImage": {"operatingSystem": "Linux", "sizeInBytes": 32212255232},
        **upgrades,
    }
    marketplace = cloud.world.virtual.marketplace
    marketplace.adopt(CENTOS, {"properties": upgrades})
    marketplace.adopt(f"{CENTOS}/versions/7.5.1", {"properties": shown})
    assert vm.sent(cloud, "GET", CENTOS.rpartition("/")[0]).json()[0]["properties"] == upgrades
    found = marketplace.version("openlogic", "centos", "7.5", "latest")[0]
    assert (found.contents.size_gib, found.security_type, dict(found.shown or {})) == (30, "Standard", shown)
    with pytest.raises(ValueError, match="not the id of a Marketplace image"):
        marketplace.adopt(vm.MACHINE, {})


async def test_usages_count_what_there_is(cloud: Cloud) -> None:
    cloud.image()
    await vm.made(cloud)
    await vm.made(cloud, "spot", size="Standard_D4s_v3", priority="Spot")
    await vm.stopped(cloud, "spot")
    usages = {u.name.value: (u.current_value, u.limit) async for u in cloud.compute.usage.list("westus")}
    expected = {
        "cores": (2, 100),
        "virtualMachines": (2, 25_000),
        "lowPriorityCores": (4, 100),
        "standardDSv3Family": (2, 100),
        "standardDSv5Family": (0, 100),
        "PremiumDiskCount": (2, 50_000),
        "StandardSnapshotCount": (0, 75_000),
        "Gallery": (1, 100),
        "GalleryImageVersion": (1, 10_000),
    }
    assert {name: usages[name] for name in expected} == expected
    titles = {u.name.value: u.name.localized_value async for u in cloud.compute.usage.list("westus")}
    assert titles["standardDSv3Family"] == "Standard DSv3 Family vCPUs"
    assert titles["Standard NCASv3_T4 Family"] == "Standard NCASv3_T4 Family vCPUs"
    elsewhere = {u.name.value: u.current_value async for u in cloud.compute.usage.list("eastus")}
    assert elsewhere["cores"] == 0


async def test_low_priority_machines_have_a_quota_of_their_own(cloud: Cloud) -> None:
    cloud.world.virtual.machines.quotas.set_limit(SUBSCRIPTION, "westus", "lowPriorityCores", 1)
    call = cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", vm.body(priority="Spot"), polling=False)
    assert "LowPriorityCores" in (await vm.refused(call))[2]


async def test_sizes_say_what_a_planner_needs(cloud: Cloud) -> None:
    cloud.world.catalogue.restrict("westus", "Standard_D2s_v5")
    found = {sku.name: sku async for sku in cloud.compute.resource_skus.list(filter="location eq 'westus'")}

    def capability(size: str, name: str) -> str | None:
        return next((c.value for c in found[size].capabilities if c.name == name), None)

    assert {sku.resource_type for sku in found.values()} == {"virtualMachines"}
    assert [capability("Standard_D2s_v3", n) for n in ("MaxResourceVolumeMB", "HyperVGenerations", "MemoryGB")] == ["16384", "V1,V2", "8"]
    assert capability("Standard_D2s_v5", "MaxResourceVolumeMB") == "0"
    assert capability("Standard_D2ps_v5", "CpuArchitectureType") == "Arm64"
    assert (capability("Standard_D2_v3", "TrustedLaunchDisabled"), capability("Standard_D2s_v3", "TrustedLaunchDisabled")) == ("True", None)
    assert (capability("Standard_F2", "PremiumIO"), capability("Standard_F2s_v2", "PremiumIO")) == ("False", "True")
    assert [r.reason_code for r in found["Standard_D2s_v5"].restrictions] == ["NotAvailableForSubscription"]
    assert found["Standard_D2s_v3"].restrictions == []
    assert [sku async for sku in cloud.compute.resource_skus.list(filter="location eq 'atlantis'")] == []
    whole = [sku async for sku in cloud.compute.resource_skus.list()]
    assert len(whole) == len(found) * len(region_keys())
    assert cloud.ask("GET", f"{HERE}/skus?api-version=2019-04-01&$filter=name").status == 400


@pytest.mark.parametrize(
    "scope", [f"/subscriptions/{SUBSCRIPTION}", GROUP, vm.MACHINE, f"{GALLERY}/images/i", f"{GALLERY}/images/i/versions/1.0.0"]
)
def test_permissions_are_all_but_what_was_taken_away(cloud: Cloud, scope: str) -> None:
    permissions = cloud.world.permissions
    permissions.deny(GENERALIZE)
    permissions.deny("Microsoft.Compute/*/delete", vm.MACHINE)
    # The version azure-mgmt-authorization sends.
    (shown,) = cloud.ask("GET", f"{scope}/{PERMISSIONS}?api-version=2022-04-01").json()["value"]
    here = ["Microsoft.Compute/*/delete"] if scope == vm.MACHINE else []
    assert shown == {"actions": ["*"], "notActions": [GENERALIZE, *here], "dataActions": [], "notDataActions": []}


@pytest.mark.parametrize(
    ("denied", "method", "path"),
    [
        pytest.param(GENERALIZE, "POST", f"{vm.MACHINE}/generalize", id="an action"),
        pytest.param("microsoft.compute/virtualmachines/READ", "GET", vm.MACHINE, id="a read, whatever the case"),
        pytest.param("Microsoft.Compute/virtualMachines/read", "GET", f"{GROUP}/providers/Microsoft.Compute/virtualMachines", id="a list"),
        pytest.param("Microsoft.Compute/virtualMachines/runCommands/write", "PUT", f"{vm.MACHINE}/runCommands/c", id="a child"),
        pytest.param("*/delete", "DELETE", vm.MACHINE, id="everywhere"),
        pytest.param("Microsoft.Compute/locations/usages/read", "GET", f"{WESTUS}/usages", id="a place"),
        pytest.param("Microsoft.Batch/batchAccounts/listKeys/action", "POST", f"{BATCH}/listKeys", id="another provider"),
    ],
)
def test_what_was_taken_away_is_refused_in_arms_words(cloud: Cloud, denied: str, method: str, path: str) -> None:
    cloud.world.permissions.deny(denied)
    claims = base64.urlsafe_b64encode(json.dumps({"appid": "app", "oid": "object"}).encode()).decode().rstrip("=")
    answer = vm.sent(cloud, method, path, {}, authorization=f"Bearer head.{claims}.sign")
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (403, "AuthorizationFailed")
    assert error["message"].startswith("The client 'app' with object id 'object' does not have authorization to perform action '")
    cloud.world.permissions.allow(denied)
    assert vm.sent(cloud, method, path, {}).status != 403


async def test_an_operation_may_be_polled_by_whoever_began_it(cloud: Cloud) -> None:
    created = vm.sent(cloud, "PUT", vm.MACHINE, vm.body())
    cloud.world.permissions.deny("*/read")
    assert cloud.ask("GET", created.headers["Azure-AsyncOperation"].removeprefix(cloud.world.base_url)).status == 200


@pytest.mark.parametrize(
    ("linked", "profile"),
    [
        ("Microsoft.Network/virtualNetworks/subnets/join/action", vm.INLINE),
        ("Microsoft.Network/networkInterfaces/join/action", {"networkInterfaces": [{"id": vm.NIC}]}),
    ],
)
def test_a_machine_joins_only_what_its_maker_may_join(cloud: Cloud, linked: str, profile: dict[str, Any]) -> None:
    cloud.world.permissions.deny(linked)
    error = vm.sent(cloud, "PUT", vm.MACHINE, vm.body(networkProfile=profile)).json()["error"]
    assert error["code"] == "LinkedAuthorizationFailed"
    assert linked in error["message"]


async def test_nics_are_listed_and_adopted(cloud: Cloud) -> None:
    await vm.made(cloud)
    cloud.world.virtual.network.adopt(vm.parsed(vm.NIC), {"location": "westus", "properties": {"enableIPForwarding": True}})
    listed = vm.sent(cloud, "GET", f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/networkInterfaces").json()["value"]
    made, adopted = listed
    assert made["name"].startswith("nic-")
    assert made["properties"]["ipConfigurations"][0]["properties"]["subnet"] == {"id": vm.SUBNET}
    assert adopted["properties"]["enableIPForwarding"] is True
    assert vm.sent(cloud, "GET", f"{GROUP}/providers/Microsoft.Network/networkInterfaces").json()["value"] == listed
    gone = vm.sent(cloud, "DELETE", vm.NIC)
    cloud.clock.advance(2)
    assert cloud.ask("GET", gone.headers["Azure-AsyncOperation"].removeprefix(cloud.world.base_url)).json()["status"] == "Succeeded"
    assert vm.sent(cloud, "DELETE", vm.NIC).status == 204
