"""Network interfaces made on their own, before a machine has them."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import machines as vm
from simulator.cloud import API, Cloud

JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"


def nic(location: Any = "westus", tags: Any = None, **properties: Any) -> dict[str, Any]:
    whole = {"ipConfigurations": [vm.ADDRESS], **properties}
    made = {name: value for name, value in whole.items() if value is not None}
    return {"location": location, "properties": made, **({} if tags is None else {"tags": tags})}


async def test_a_nic_is_made_used_changed_and_freed(cloud: Cloud) -> None:
    made = vm.sent(cloud, "PUT", vm.NIC, nic(enableAcceleratedNetworking=True, tags={"a": "b"}))
    assert (made.status, made.json()["properties"]["provisioningState"], made.headers["Retry-After"]) == (201, "Succeeded", "10")
    assert cloud.ask("GET", made.headers["Azure-AsyncOperation"].removeprefix(cloud.world.base_url)).json()["status"] == "Succeeded"
    (address,) = made.json()["properties"]["ipConfigurations"]
    assert (address["name"], address["properties"]["subnet"]) == ("ip", {"id": vm.SUBNET})
    await vm.made(cloud, networkProfile={"networkInterfaces": [{"id": vm.NIC, "properties": {"deleteOption": "Detach"}}]})
    again = vm.sent(cloud, "PUT", vm.NIC, nic(tags={"c": "d"}))
    kept = ("macAddress", "resourceGuid")
    assert [again.json()["properties"][name] for name in kept] == [made.json()["properties"][name] for name in kept]
    assert (again.status, again.json()["properties"]["virtualMachine"]["id"], again.json()["tags"]) == (200, vm.MACHINE, {"c": "d"})
    assert again.json()["properties"]["enableAcceleratedNetworking"] is False
    assert vm.sent(cloud, "PATCH", vm.NIC, {"tags": {"e": "f"}}).json()["tags"] == {"e": "f"}
    assert vm.sent(cloud, "DELETE", vm.NIC).json()["error"]["code"] == "NicInUse"
    await cloud.compute.virtual_machines.begin_delete("rg", "vm", polling=False)
    cloud.clock.advance(60)
    assert vm.sent(cloud, "DELETE", vm.NIC).headers["Retry-After"] == "10"
    assert vm.sent(cloud, "PUT", vm.NIC, nic()).status == 200
    cloud.clock.advance(2)
    # What was deleted is not what was made meanwhile.
    assert vm.sent(cloud, "GET", vm.NIC).status == 200


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        pytest.param(vm.NIC, nic(location=None), "LocationRequired", id="no location"),
        pytest.param(vm.NIC, nic(location="atlantis"), "LocationNotAvailableForResourceType", id="no such region"),
        pytest.param(vm.NIC, nic(location=7), "InvalidRequestContent", id="location is a number"),
        pytest.param(vm.NIC, nic(tags="x"), "InvalidRequestContent", id="tags are a text"),
        pytest.param(f"{vm.NIC}.", nic(), "InvalidResourceName", id="name"),
        pytest.param(vm.NIC, nic(ipConfigurations=[]), "InvalidRequestFormat", id="no address"),
        pytest.param(vm.NIC, nic(ipConfigurations={}), "InvalidRequestFormat", id="addresses are no list"),
        pytest.param(vm.NIC, nic(ipConfigurations=[None]), "InvalidRequestFormat", id="an address is nothing"),
        pytest.param(vm.NIC, nic(ipConfigurations=["a"]), "InvalidRequestFormat", id="an address is a text"),
        pytest.param(vm.NIC, nic(ipConfigurations=[{"name": 1}]), "InvalidRequestFormat", id="its name is a number"),
        pytest.param(vm.NIC, nic(ipConfigurations=[{"properties": {"subnet": "x"}}]), "InvalidRequestFormat", id="its subnet is a text"),
        pytest.param(vm.NIC, nic(ipConfigurations=[{"properties": {"primary": "x"}}]), "InvalidRequestFormat", id="primary is a text"),
        pytest.param(vm.NIC, nic(enableIPForwarding="x"), "InvalidRequestFormat", id="a flag is a text"),
        pytest.param(vm.NIC, {"location": "westus", "properties": None}, "InvalidRequestFormat", id="no properties"),
        pytest.param(vm.NIC, {"location": "westus", "properties": []}, "InvalidRequestFormat", id="properties are a list"),
    ],
)
def test_nics_that_are_refused(cloud: Cloud, path: str, body: dict[str, Any], code: str) -> None:
    answer = vm.sent(cloud, "PUT", path, body)
    assert (answer.status, answer.json()["error"]["code"]) == (400, code)
    assert cloud.world.virtual.network.all() == []


def test_a_nic_joins_only_a_subnet_its_maker_may_join(cloud: Cloud) -> None:
    cloud.world.permissions.deny(JOIN)
    assert vm.sent(cloud, "PUT", vm.NIC, nic()).json()["error"]["code"] == "LinkedAuthorizationFailed"


async def test_a_nic_serves_machines_of_its_region_and_its_maker(cloud: Cloud) -> None:
    vm.sent(cloud, "PUT", vm.NIC, nic(location="eastus"))
    reference = {"networkInterfaces": [{"id": vm.NIC}]}
    answer = vm.sent(cloud, "PUT", vm.MACHINE, vm.body(networkProfile=reference))
    assert (answer.status, answer.json()["error"]["code"]) == (400, "InvalidResourceReference")
    assert list(cloud.world.sources.disks) == []
    await vm.made(cloud)
    cloud.world.permissions.deny("Microsoft.Network/networkInterfaces/join/action")
    answer = vm.sent(cloud, "PATCH", vm.MACHINE, {"properties": {"networkProfile": reference}})
    assert answer.json()["error"]["code"] == "LinkedAuthorizationFailed"


def test_an_operation_is_found_at_its_own_address_only(cloud: Cloud) -> None:
    address = vm.sent(cloud, "PUT", vm.MACHINE, vm.body()).headers["Azure-AsyncOperation"].removeprefix(cloud.world.base_url)
    path = address.partition("?")[0]
    wrong = (path.replace("/operations/", "/DiskOperations/"), path.replace("-000000000001/", "-000000000002/"))
    assert [cloud.ask("GET", f"{each}?{API}").status for each in (path, *wrong)] == [200, 404, 404]
