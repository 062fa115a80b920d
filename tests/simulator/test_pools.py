from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from azure.batch.models import (
    BatchMetadataItem,
    BatchPoolReplaceOptions,
    BatchPoolResizeOptions,
    BatchPoolUpdateOptions,
    BatchStartTask,
    BatchVmImageReference,
)
from azure.core.exceptions import HttpResponseError

from simulator.cloud import DEFINITION, GALLERY, SIZE, Cloud, machines, pool_options


async def refused(call: Any) -> tuple[int | None, str | None, dict[str, str]]:
    """Status, code and the details of a refusal."""
    with pytest.raises(HttpResponseError) as caught:
        await call
    model = caught.value.model
    details = {v.key: v.value for v in (model.error_values or ())} if model is not None else {}
    return caught.value.status_code, caught.value.error.code if caught.value.error else None, details


async def settled(cloud: Cloud, pool_id: str = "p", **options: Any) -> Any:
    """A pool whose first resize is over."""
    await cloud.batch.create_pool(pool_options(pool_id, **options))
    cloud.clock.advance(60)
    return await cloud.batch.get_pool(pool_id)


async def test_a_new_pool_resizes_and_its_nodes_go_from_creating_to_idle(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=2, target_low_priority_nodes=1))
    seen = []
    for pause in (0, 19, 1, 11, 30):
        cloud.clock.advance(pause)
        pool = await cloud.batch.get_pool("p")
        nodes = [n.state for n in [n async for n in cloud.batch.list_nodes("p")]]
        seen.append((pool.allocation_state, pool.current_dedicated_nodes, pool.current_low_priority_nodes, nodes))
    assert seen == [
        ("resizing", 0, 0, []),
        ("resizing", 0, 0, []),
        ("steady", 2, 1, ["creating"] * 3),
        ("steady", 2, 1, ["starting"] * 3),
        ("steady", 2, 1, ["idle"] * 3),
    ]


async def test_an_empty_pool_settles_within_seconds_and_shows_its_defaults(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options())
    assert (await cloud.batch.get_pool("p")).allocation_state == "resizing"
    cloud.clock.advance(1.5)
    pool = await cloud.batch.get_pool("p")
    assert pool.allocation_state == "steady"
    assert pool.resize_timeout == timedelta(minutes=15)
    assert pool.task_slots_per_node == 1
    assert pool.task_scheduling_policy is not None
    assert pool.task_scheduling_policy.node_fill_type == "Spread"
    assert pool.virtual_machine_configuration is not None
    assert pool.virtual_machine_configuration.image_reference.version == "latest"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"vm_size": "Standard_Nope"}, (400, "InvalidPropertyValue", "vmSize"), id="size"),
        pytest.param(
            {"virtual_machine_configuration": machines(agent="batch.node.amiga")},
            (400, "InvalidPropertyValue", "nodeAgentSKUId"),
            id="agent",
        ),
        pytest.param({"id": "no spaces"}, (400, "InvalidPropertyValue", "id"), id="id"),
        pytest.param({"resize_timeout": timedelta(minutes=4)}, (400, "InvalidPropertyValue", "resizeTimeout"), id="time-out too short"),
        pytest.param({"task_slots_per_node": 257}, (400, "InvalidPropertyValue", "taskSlotsPerNode"), id="slots"),
        pytest.param({"target_dedicated_nodes": -1}, (400, "InvalidPropertyValue", "targetDedicatedNodes"), id="negative target"),
        pytest.param(
            {"virtual_machine_configuration": None}, (400, "MissingRequiredProperty", "virtualMachineConfiguration"), id="no machines"
        ),
        pytest.param({"image": f"{DEFINITION}/versions/1.0.0"}, (400, "InvalidPropertyValue", "virtualMachineImageId"), id="no such image"),
        pytest.param({"image": f"{GALLERY}"}, (400, "InvalidPropertyValue", "virtualMachineImageId"), id="gallery, not image"),
        pytest.param({"image": "/subscriptions/s/x"}, (400, "InvalidPropertyValue", "virtualMachineImageId"), id="no resource id"),
    ],
)
async def test_pools_that_are_refused_name_the_property(cloud: Cloud, change: dict[str, Any], expected: tuple[int, str, str]) -> None:
    status, code, details = await refused(cloud.batch.create_pool(pool_options(**change)))
    assert (status, code, details["PropertyName"]) == expected
    assert cloud.account.pools == {}


async def test_an_unsupported_marketplace_image_is_refused_as_recorded(cloud: Cloud) -> None:
    unknown = machines()
    unknown.image_reference = BatchVmImageReference(publisher="a", offer="b", sku="c")
    _status, _code, details = await refused(cloud.batch.create_pool(pool_options(virtual_machine_configuration=unknown)))
    assert details == {
        "PropertyName": "imageReference",
        "Reason": "The specified imageReference with publisher a offer b sku c is not supported.",
    }


@pytest.mark.parametrize(
    ("regions", "definition", "accepted"),
    [
        pytest.param(("westus",), {}, True, id="here"),
        pytest.param(("eastus",), {}, False, id="elsewhere"),
        pytest.param(("eastus", "westus"), {}, True, id="home elsewhere"),
        pytest.param(("westus",), {"os_state": "Specialized"}, False, id="specialized"),
    ],
)
async def test_an_image_must_be_generalized_and_in_the_region_of_the_account(
    cloud: Cloud, regions: tuple[str, ...], definition: dict[str, str], *, accepted: bool
) -> None:
    image = cloud.image(regions=regions, **definition)
    if accepted:
        await cloud.batch.create_pool(pool_options(image=image))
    else:
        assert (await refused(cloud.batch.create_pool(pool_options(image=image))))[:2] == (400, "InvalidPropertyValue")


async def test_ids_are_unique_without_regard_to_case(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options("Pool"))
    assert (await refused(cloud.batch.create_pool(pool_options("pool"))))[:2] == (409, "PoolExists")
    assert (await cloud.batch.get_pool("POOL")).id == "Pool"


async def test_the_pool_quota(cloud: Cloud) -> None:
    cloud.account.pool_quota = 1
    await cloud.batch.create_pool(pool_options("one"))
    assert (await refused(cloud.batch.create_pool(pool_options("two"))))[:2] == (409, "PoolQuotaReached")


async def test_the_etag_moves_on_configuration_writes_only(cloud: Cloud) -> None:
    tags = [(await settled(cloud)).etag]
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=3))
    tags.append((await cloud.batch.get_pool("p")).etag)
    await cloud.batch.begin_stop_pool_resize("p")
    cloud.clock.advance(60)
    tags.append((await cloud.batch.get_pool("p")).etag)
    await cloud.batch.update_pool("p", BatchPoolUpdateOptions(metadata=[]))
    tags.append((await cloud.batch.get_pool("p")).etag)
    await cloud.batch.replace_pool_properties("p", BatchPoolReplaceOptions({"applicationPackageReferences": [], "metadata": []}))
    tags.append((await cloud.batch.get_pool("p")).etag)
    assert [a == b for a, b in pairwise(tags)] == [False, True, False, False]
    assert not any('"' in tag for tag in tags)


async def test_a_resize_is_refused_while_another_runs(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=1))
    call = cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=2))
    assert (await refused(call))[:2] == (409, "PoolBeingResized")


async def test_a_resize_needs_a_target_and_leaves_the_other_one(cloud: Cloud) -> None:
    await settled(cloud, target_low_priority_nodes=2)
    assert (await refused(cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions())))[:2] == (400, "MissingRequiredProperty")
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=1))
    pool = await cloud.batch.get_pool("p")
    assert (pool.target_dedicated_nodes, pool.target_low_priority_nodes) == (1, 2)


def test_targets_may_come_as_text(cloud: Cloud) -> None:
    body = b'{"id": "p", "vmSize": "Standard_D2s_v3", "targetDedicatedNodes": "3", "virtualMachineConfiguration": {"nodeAgentSKUId": "batch.node.ubuntu 24.04", "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}}}'  # noqa: E501  # one body
    assert cloud.ask("POST", "/batch/acct/pools?api-version=1", body).status == 201
    assert cloud.account.pools["p"].target.dedicated == 3


async def test_stopping_leaves_the_target_and_says_so(cloud: Cloud) -> None:
    await settled(cloud)
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=0, target_low_priority_nodes=3))
    await cloud.batch.begin_stop_pool_resize("p")
    assert (await cloud.batch.get_pool("p")).allocation_state == "stopping"
    cloud.clock.advance(5)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.target_low_priority_nodes, pool.current_low_priority_nodes) == ("steady", 3, 0)
    assert [(e.code, e.message) for e in pool.resize_errors or ()] == [
        ("ResizeStopped", "Desired number of low priority nodes could not be allocated due to a stop resize operation")
    ]
    assert (await refused(cloud.batch.begin_stop_pool_resize("p")))[:2] == (409, "OperationInvalidForCurrentState")


async def test_errors_stay_until_the_next_resize(cloud: Cloud) -> None:
    await settled(cloud, target_dedicated_nodes=1)
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=5))
    await cloud.batch.begin_stop_pool_resize("p")
    cloud.clock.advance(5)
    await cloud.batch.update_pool("p", BatchPoolUpdateOptions(metadata=[]))
    assert (await cloud.batch.get_pool("p")).resize_errors
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=1))
    assert not (await cloud.batch.get_pool("p")).resize_errors


async def test_shrinking_takes_the_newest_nodes_and_stopping_it_keeps_them(cloud: Cloud) -> None:
    await settled(cloud, target_dedicated_nodes=3)
    before = list(cloud.account.pools["p"].nodes)
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=1))
    (counted,) = [c async for c in cloud.batch.list_pool_node_counts()]
    counts = counted.dedicated
    assert counts is not None
    assert (counts.leaving_pool, counts.total) == (2, 3)
    await cloud.batch.begin_stop_pool_resize("p")
    cloud.clock.advance(30)
    assert list(cloud.account.pools["p"].nodes) == before
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=1))
    cloud.clock.advance(15)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes) == ("steady", 1)
    assert list(cloud.account.pools["p"].nodes) == before[:1]


async def test_metadata_packages_and_start_task_change_while_nodes_run(cloud: Cloud) -> None:
    await settled(cloud, target_dedicated_nodes=1)
    update = BatchPoolUpdateOptions(start_task=BatchStartTask(command_line="true"), metadata=[BatchMetadataItem(name="only", value="one")])
    await cloud.batch.update_pool("p", update)
    pool = await cloud.batch.get_pool("p")
    assert [(m.name, m.value) for m in pool.metadata or ()] == [("only", "one")]
    assert pool.start_task is not None
    assert pool.start_task.wait_for_success is True
    assert pool.start_task.user_identity is not None
    assert pool.start_task.user_identity.auto_user is not None
    assert pool.start_task.user_identity.auto_user.scope == "pool"


@pytest.mark.parametrize(
    "update",
    [
        BatchPoolUpdateOptions(vm_size="Standard_D4s_v3"),
        BatchPoolUpdateOptions(virtual_machine_configuration=machines()),
        BatchPoolUpdateOptions(task_slots_per_node=4),
        BatchPoolUpdateOptions(display_name="x"),
    ],
)
async def test_the_rest_needs_a_pool_without_nodes(cloud: Cloud, update: BatchPoolUpdateOptions) -> None:
    await settled(cloud, target_dedicated_nodes=1)
    assert (await refused(cloud.batch.update_pool("p", update)))[:2] == (409, "OperationInvalidForCurrentState")
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=0))
    cloud.clock.advance(60)
    await cloud.batch.update_pool("p", update)


async def test_an_update_is_checked_like_a_creation(cloud: Cloud) -> None:
    await settled(cloud)
    update = BatchPoolUpdateOptions(virtual_machine_configuration=machines(f"{DEFINITION}/versions/1.0.0"))
    assert (await refused(cloud.batch.update_pool("p", update)))[:2] == (400, "InvalidPropertyValue")


async def test_replacing_properties_removes_what_is_left_out_and_needs_the_lists(cloud: Cloud) -> None:
    await settled(cloud, start_task=BatchStartTask(command_line="true"))
    assert (await refused(cloud.batch.replace_pool_properties("p", BatchPoolReplaceOptions({"metadata": []}))))[:2] == (
        400,
        "MissingRequiredProperty",
    )
    await cloud.batch.replace_pool_properties("p", BatchPoolReplaceOptions({"applicationPackageReferences": [], "metadata": []}))
    pool = await cloud.batch.get_pool("p")
    assert (pool.start_task, pool.metadata) == (None, None)


async def test_deletion_is_seen_for_a_while_and_then_the_id_is_free(cloud: Cloud) -> None:
    await settled(cloud, target_dedicated_nodes=2)
    await cloud.batch.begin_delete_pool("p")
    assert (await cloud.batch.get_pool("p")).state == "deleting"
    calls: list[Callable[[], Any]] = [
        lambda: cloud.batch.begin_delete_pool("p"),
        lambda: cloud.batch.update_pool("p", BatchPoolUpdateOptions(metadata=[])),
        lambda: cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=1)),
        lambda: cloud.batch.create_pool(pool_options()),
    ]
    for call in calls:
        assert (await refused(call()))[:2] == (409, "PoolBeingDeleted")
    cloud.clock.advance(45)
    assert (await refused(cloud.batch.get_pool("p")))[:2] == (404, "PoolNotFound")
    assert cloud.account.family_cores.total() == 0
    await cloud.batch.create_pool(pool_options())


async def test_secrets_are_not_shown(cloud: Cloud) -> None:
    accounts = [{"name": "me", "password": "secret", "linuxUserConfiguration": {"uid": 1, "gid": 1, "sshPrivateKey": "secret"}}]
    await settled(cloud, user_accounts=accounts)
    assert b"secret" not in cloud.ask("GET", "/batch/acct/pools/p?api-version=1").body


async def test_disks_security_and_network_are_shown_in_the_spelling_of_the_service(cloud: Cloud) -> None:
    configuration = machines()
    configuration["osDisk"] = {"caching": "readwrite", "diskSizeGB": 100}
    configuration["dataDisks"] = [{"lun": 0, "diskSizeGB": 10}]
    configuration["securityProfile"] = {"securityType": "trustedLaunch"}
    await settled(cloud, virtual_machine_configuration=configuration, network_configuration={"enableAcceleratedNetworking": True})
    settings = cloud.account.pools["p"].settings
    shown = settings["virtualMachineConfiguration"]
    assert shown["osDisk"] == {"ephemeralOSDiskSettings": {}, "caching": "ReadWrite", "diskSizeGB": 100}
    assert shown["dataDisks"] == [{"managedDisk": {"storageAccountType": "standard_lrs"}, "lun": 0, "diskSizeGB": 10, "caching": "none"}]
    assert shown["securityProfile"] == {"securityType": "trustedlaunch"}
    assert settings["networkConfiguration"] == {"dynamicVNetAssignmentScope": "none", "enableAcceleratedNetworking": True}
    assert settings["vmSize"] == SIZE
