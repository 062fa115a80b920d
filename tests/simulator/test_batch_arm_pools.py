"""Pools through ARM: the same pools as on the data plane."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError

from azuresim import Response
from simulator.cloud import API, BATCH, GROUP, SIZE, UBUNTU, Cloud, pool_options

POOL = f"{BATCH}/pools/p"
IMAGE = {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/who"


def properties(dedicated: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "vmSize": SIZE,
        "deploymentConfiguration": {"virtualMachineConfiguration": {"imageReference": IMAGE, "nodeAgentSkuId": UBUNTU}},
        "scaleSettings": {"fixedScale": {"targetDedicatedNodes": dedicated}},
        **more,
    }


def write(cloud: Cloud, method: str, given: dict[str, Any], **headers: str) -> Response:
    return cloud.ask(method, f"{POOL}?{API}", json.dumps(given).encode(), **headers)


def put(cloud: Cloud, dedicated: int = 0, **more: Any) -> Response:
    return write(cloud, "PUT", {"properties": properties(dedicated, **more)})


def patch(cloud: Cloud, **given: Any) -> Response:
    return write(cloud, "PATCH", {"properties": given})


def code(answer: Response) -> tuple[int, str]:
    return answer.status, answer.json()["error"]["code"]


@pytest.fixture
def steady(cloud: Cloud) -> Cloud:
    """A pool of two nodes that have arrived."""
    assert put(cloud, 2).status == 200
    cloud.clock.advance(120)
    cloud.world.settle()
    return cloud


async def test_a_pool_made_here_is_seen_there(cloud: Cloud) -> None:
    pools: Any = cloud.management.pool
    body = {
        "properties": properties(
            2,
            displayName="Frames",
            interNodeCommunication="Enabled",
            metadata=[{"name": "a", "value": "b"}],
            startTask={"commandLine": "echo", "userIdentity": {"autoUser": {"scope": "Task", "elevationLevel": "Admin"}}},
            userAccounts=[{"name": "me", "password": "secret", "elevationLevel": "NonAdmin"}],
        ),
        "tags": {"owner": "test"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
    }
    made = await pools.create("rg", "acct", "p", body)
    assert (made.name, made.tags, made.properties.allocation_state) == ("p", {"owner": "test"}, "Resizing")
    assert made.properties.inter_node_communication == "Enabled"
    assert made.properties.start_task.user_identity.auto_user.elevation_level == "Admin"
    assert made.properties.resize_operation_status.target_dedicated_nodes == 2
    assert list(made.identity.user_assigned_identities) == [IDENTITY]
    there = await cloud.batch.get_pool("p")
    assert there.enable_inter_node_communication is True
    assert there.identity is not None
    assert [i.resource_id for i in there.identity.user_assigned_identities or ()] == [IDENTITY]
    assert there.start_task is not None
    assert there.start_task.user_identity is not None
    assert there.start_task.user_identity.auto_user is not None
    assert there.start_task.user_identity.auto_user.elevation_level == "admin"
    assert made.etag == f'"{there.etag}"'


async def test_a_pool_made_there_is_seen_here(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options(target_low_priority_nodes=1))
    cloud.clock.advance(120)
    pools: Any = cloud.management.pool
    (shown,) = [pool async for pool in pools.list_by_batch_account("rg", "acct")]
    assert (shown.name, shown.tags, shown.identity) == ("p", None, None)
    assert shown.properties.scale_settings.fixed_scale.target_low_priority_nodes == 1
    assert (shown.properties.current_low_priority_nodes, shown.properties.allocation_state) == (1, "Steady")
    configuration = shown.properties.deployment_configuration.virtual_machine_configuration
    assert (configuration.node_agent_sku_id, configuration.image_reference.version) == (UBUNTU, "latest")
    assert shown.properties.provisioning_state == "Succeeded"


def test_a_gallery_image_is_called_id_here(cloud: Cloud) -> None:
    version = cloud.image()
    machines = {"virtualMachineConfiguration": {"imageReference": {"id": version}, "nodeAgentSkuId": UBUNTU}}
    shown = put(cloud, deploymentConfiguration=machines).json()["properties"]["deploymentConfiguration"]["virtualMachineConfiguration"]
    assert shown["imageReference"] == {"id": version}
    assert cloud.account.pools["p"].image_reference == {"virtualMachineImageId": version}


def test_with_nodes_only_live_members_and_the_scale_change(steady: Cloud) -> None:
    assert patch(steady, metadata=[{"name": "a", "value": "b"}], startTask={"commandLine": "echo"}).status == 200
    assert code(patch(steady, applicationPackages=[{"id": f"{BATCH}/applications/app"}])) == (409, "InvalidApplicationPackageReferences")
    steady.account.applications = {"app": ("1",)}
    assert patch(steady, applicationPackages=[{"id": f"{BATCH}/applications/app"}]).status == 200
    assert code(patch(steady, taskSlotsPerNode=4)) == (409, "OperationInvalidForCurrentState")
    grown = patch(steady, scaleSettings={"fixedScale": {"targetDedicatedNodes": 3, "resizeTimeout": "PT10M"}}).json()["properties"]
    assert (grown["allocationState"], grown["resizeOperationStatus"]["targetDedicatedNodes"]) == ("Resizing", 3)
    assert grown["scaleSettings"]["fixedScale"]["resizeTimeout"] == "PT10M"
    assert grown["applicationPackages"] == [{"id": f"{BATCH}/applications/app"}]
    assert code(patch(steady, scaleSettings={"fixedScale": {"targetDedicatedNodes": 5}})) == (409, "PoolBeingResized")
    assert patch(steady, scaleSettings={"fixedScale": {"targetDedicatedNodes": 3}}).status == 200


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        pytest.param({"autoScale": {"formula": "$x="}}, (400, "AutoScalingFormulaSyntaxError"), id="formula"),
        pytest.param(
            {"autoScale": {"formula": "$x=1", "evaluationInterval": "PT1M"}}, (400, "InvalidPropertyValue"), id="interval too short"
        ),
        pytest.param({"fixedScale": {"targetDedicatedNodes": -1}}, (400, "InvalidPropertyValue"), id="fewer than no nodes"),
        pytest.param(
            {"fixedScale": {"targetDedicatedNodes": 5, "resizeTimeout": "PT1M"}}, (400, "InvalidPropertyValue"), id="time limit too short"
        ),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_scale_that_is_refused_changes_nothing_else(steady: Cloud, method: str, scale: dict[str, Any], expected: tuple[int, str]) -> None:
    before = steady.ask("GET", f"{POOL}?{API}").json()
    given = {"properties": {**(properties() if method == "PUT" else {}), "metadata": [{"name": "a", "value": "b"}], "scaleSettings": scale}}
    assert code(write(steady, method, given)) == expected
    assert steady.ask("GET", f"{POOL}?{API}").json() == before


def test_without_nodes_everything_changes(cloud: Cloud) -> None:
    put(cloud)
    cloud.clock.advance(10)
    assert patch(cloud, taskSlotsPerNode=4, displayName="other").json()["properties"]["taskSlotsPerNode"] == 4
    assert patch(cloud, vmSize="Standard_Nothing").status == 400
    assert cloud.account.pools["p"].settings["displayName"] == "other"


def test_a_put_replaces_what_it_leaves_out(cloud: Cloud) -> None:
    put(cloud, displayName="Frames", metadata=[{"name": "a", "value": "b"}], taskSlotsPerNode=4)
    cloud.clock.advance(10)
    shown = put(cloud).json()["properties"]
    assert {"displayName", "metadata"}.isdisjoint(shown)
    assert shown["taskSlotsPerNode"] == 1


def test_a_put_of_the_same_leaves_nodes_alone(steady: Cloud) -> None:
    nodes = list(steady.account.pools["p"].nodes)
    assert put(steady, 2).json()["properties"]["allocationState"] == "Steady"
    assert put(steady, 2, metadata=[{"name": "a", "value": "b"}]).status == 200
    assert list(steady.account.pools["p"].nodes) == nodes
    assert code(put(steady, 2, taskSlotsPerNode=2)) == (409, "OperationInvalidForCurrentState")
    assert put(steady, 0).json()["properties"]["resizeOperationStatus"]["targetDedicatedNodes"] == 0


def test_a_scale_that_was_not_reached_is_tried_again(cloud: Cloud) -> None:
    cloud.account.dedicated_quota = 2
    put(cloud, 2)
    cloud.clock.advance(120)
    status = cloud.ask("GET", f"{POOL}?{API}").json()["properties"]["resizeOperationStatus"]
    assert [error["code"] for error in status["errors"]] == ["AccountCoreQuotaReached"]
    cloud.account.dedicated_quota = 100
    assert patch(cloud, scaleSettings={"fixedScale": {"targetDedicatedNodes": 2}}).json()["properties"]["allocationState"] == "Resizing"
    cloud.clock.advance(120)
    after = cloud.ask("GET", f"{POOL}?{API}").json()["properties"]
    assert (after["currentDedicatedNodes"], "errors" in after["resizeOperationStatus"]) == (2, False)
    assert after["resizeOperationStatus"]["startTime"] > status["startTime"]


def test_a_resize_is_stopped(cloud: Cloud) -> None:
    put(cloud, 2)
    answer = cloud.ask("POST", f"{POOL}/stopResize?{API}")
    assert (answer.status, answer.json()["properties"]["allocationState"]) == (200, "Stopping")
    cloud.clock.advance(10)
    assert code(cloud.ask("POST", f"{POOL}/stopResize?{API}")) == (409, "OperationInvalidForCurrentState")


def test_a_deletion_is_polled(steady: Cloud) -> None:
    answer = steady.ask("DELETE", f"{POOL}?{API}")
    location = answer.headers["Location"].removeprefix(steady.world.base_url)
    assert (answer.status, location.startswith(f"{BATCH}/poolOperationResults/delete-p-")) == (202, True)
    assert steady.ask("GET", f"{POOL}?{API}").json()["properties"]["provisioningState"] == "Deleting"
    assert steady.ask("GET", location).status == 202
    assert code(patch(steady, metadata=[])) == (409, "PoolBeingDeleted")
    steady.clock.advance(60)
    assert steady.ask("GET", location).status == 200
    assert steady.ask("GET", f"{POOL}?{API}").status == 404
    assert steady.ask("DELETE", f"{POOL}?{API}").status == 204
    assert steady.ask("GET", f"{BATCH}/poolOperationResults/none?{API}").status == 404


async def test_the_sdk_deletes_a_pool(steady: Cloud) -> None:
    pools: Any = steady.management.pool
    await (await pools.begin_delete("rg", "acct", "p")).result()
    assert not steady.account.pools


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("PUT", {"if_none_match": "*"}, 412),
        ("PUT", {"if_match": '"0x1"'}, 412),
        ("PATCH", {"if_match": '"0x1"'}, 412),
        ("PATCH", {"if_none_match": "*"}, 412),
        ("PATCH", {"if_match": "*"}, 200),
        ("PATCH", {"if_match": "ETAG"}, 200),
        ("PUT", {"if_match": "ETAG"}, 200),
    ],
)
def test_conditions_on_a_pool_that_is_there(cloud: Cloud, method: str, headers: dict[str, str], status: int) -> None:
    etag = put(cloud).headers["ETag"]
    cloud.clock.advance(10)
    stated = {name: value.replace("ETAG", etag) for name, value in headers.items()}
    assert write(cloud, method, {"properties": properties()}, **stated).status == status


def test_conditions_on_a_pool_that_is_not(cloud: Cloud) -> None:
    assert write(cloud, "PUT", {"properties": properties()}, if_match="*").status == 412
    assert write(cloud, "PATCH", {"properties": {}}).status == 404
    assert write(cloud, "PUT", {"properties": properties()}, if_none_match="*").status == 200


async def test_the_sdks_conditions_hold(cloud: Cloud) -> None:
    pools: Any = cloud.management.pool
    made = await pools.create("rg", "acct", "p", {"properties": properties()})
    cloud.clock.advance(10)
    body = {"properties": {"metadata": [{"name": "a", "value": "b"}]}}
    await pools.update("rg", "acct", "p", body, etag=made.etag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(HttpResponseError) as refused:
        await pools.update("rg", "acct", "p", body, etag=made.etag, match_condition=MatchConditions.IfNotModified)
    assert refused.value.status_code == 412


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"properties": {"vmSize": SIZE}}, "MissingRequiredProperty", id="no machines"),
        pytest.param({"properties": properties(vmSize=None)}, "MissingRequiredProperty", id="no size"),
        pytest.param({"properties": properties(-1)}, "InvalidPropertyValue", id="fewer than no nodes"),
        pytest.param(
            {"properties": properties(), "identity": {"type": "UserAssigned", "userAssignedIdentities": {}}},
            "InvalidRequestBody",
            id="nobody",
        ),
        pytest.param({"properties": properties(), "colour": "red"}, "BadRequest", id="no such member"),
        pytest.param({"properties": properties(interNodeCommunication="Perhaps")}, "InvalidPropertyValue", id="no such word"),
        pytest.param({"properties": {**properties(), "vmsize": SIZE}}, "BadRequest", id="no such property"),
    ],
)
def test_pools_that_cannot_be(cloud: Cloud, given: dict[str, Any], expected: str) -> None:
    assert code(write(cloud, "PUT", given)) == (400, expected)
    assert not cloud.account.pools


def test_lists_are_filtered_selected_and_paged(cloud: Cloud) -> None:
    for name in ("a", "b", "c"):
        cloud.world.pools.create(cloud.account, pool_options(name, vm_size=SIZE if name != "b" else "Standard_F2s_v2").as_dict())
    pools = f"{BATCH}/pools?{API}"
    chosen = cloud.ask("GET", f"{pools}&$filter=properties/vmSize%20eq%20'{SIZE}'&$select=properties/vmSize").json()["value"]
    assert [(pool["name"], pool["properties"]) for pool in chosen] == [("a", {"vmSize": SIZE}), ("c", {"vmSize": SIZE})]
    page = cloud.ask("GET", f"{pools}&maxresults=2").json()
    assert [pool["name"] for pool in page["value"]] == ["a", "b"]
    rest = cloud.ask("GET", page["nextLink"].removeprefix(cloud.world.base_url)).json()
    assert ([pool["name"] for pool in rest["value"]], "nextLink" in rest) == (["c"], False)
    assert code(cloud.ask("GET", f"{pools}&maxresults=0")) == (400, "OutOfRangeQueryParameterValue")
    assert code(cloud.ask("GET", f"{pools}&$filter=nonsense")) == (400, "InvalidQueryParameterValue")


def test_tags_and_identity_are_replaced_only_when_given(cloud: Cloud) -> None:
    put(cloud)
    given = {"tags": {"a": "b"}, "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}}
    assert write(cloud, "PATCH", given).json()["tags"] == {"a": "b"}
    shown = patch(cloud, metadata=[]).json()
    assert (shown["tags"], list(shown["identity"]["userAssignedIdentities"])) == ({"a": "b"}, [IDENTITY])
    cleared = write(cloud, "PATCH", {"tags": {}, "identity": {"type": "None"}}).json()
    assert {"tags", "identity"}.isdisjoint(cleared)


def test_a_pool_is_adopted_as_the_service_shows_it(cloud: Cloud) -> None:
    put(cloud, 1, displayName="Frames")
    cloud.clock.advance(120)
    shown = cloud.ask("GET", f"{POOL}?{API}").json()
    other = Cloud()
    other.world.arm_pools.adopt(other.account, "p", shown)
    other.clock.advance(120)
    again = other.ask("GET", f"{POOL}?{API}").json()
    same = {"displayName", "vmSize", "deploymentConfiguration", "scaleSettings", "currentDedicatedNodes", "taskSlotsPerNode"}
    assert {name: again["properties"][name] for name in same} == {name: shown["properties"][name] for name in same}
