from __future__ import annotations

from typing import Any

import pytest
from azure.batch.models import BatchNodeDisableSchedulingOptions, BatchNodeRemoveOptions, BatchStartTask
from azure.batch.models._models import BatchNodeDeallocateOptions, BatchNodeRebootOptions, BatchNodeReimageOptions

from azuresim import Durations, FailNode, FaultRule
from simulator.batch_steps import errors, grown, job_with, refused, states, task_states, version_of_machine
from simulator.cloud import DEFINITION, Cloud, machines, pool_options

# Allocation after 20 s, then creating for 11 s and starting for 30 s.
UP = 61


def start_task(line: str, **options: Any) -> BatchStartTask:
    return BatchStartTask(command_line=line, **options)


async def one(cloud: Cloud) -> Any:
    """The pool's only node."""
    (node,) = [n async for n in cloud.batch.list_nodes("p")]
    return node


def file_error(cloud: Cloud, node: str, path: str, **headers: str) -> tuple[int, str]:
    """Why a file cannot be had: the SDK does not read the body of such an answer."""
    answer = cloud.ask("GET", f"/batch/acct/pools/p/nodes/{node}/files/{path}?api-version=2025-06-01", b"", **headers)
    return answer.status, answer.json()["code"]


async def test_a_node_waits_for_its_start_task_and_tells_of_it(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=UP, start_task=start_task("/bin/bash -c 'sleep 60; echo ready'"))
    node = await one(cloud)
    assert node["state"] == "waitingforstarttask"
    assert dict(node["startTaskInfo"]) == {"state": "running", "startTime": "2027-01-15T08:01:01Z", "retryCount": 0}
    assert "nodeAgentInfo" in node
    cloud.clock.advance(60)
    node = await one(cloud)
    assert (node["state"], node["stateTransitionTime"]) == ("idle", "2027-01-15T08:02:01Z")
    info = node["startTaskInfo"]
    assert (info["state"], info["result"], info["exitCode"], info["endTime"]) == ("completed", "success", 0, "2027-01-15T08:02:01Z")
    assert node["startTask"]["commandLine"] == "/bin/bash -c 'sleep 60; echo ready'"


async def test_a_start_task_that_fails_is_tried_again_and_then_fails_the_node(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=UP + 25, start_task=start_task("/bin/sh -c 'sleep 10; exit 3'", max_task_retry_count=2))
    node = await one(cloud)
    info = node["startTaskInfo"]
    assert (node["state"], info["state"], info["retryCount"], info["exitCode"]) == ("waitingforstarttask", "running", 2, 3)
    assert info["lastRetryTime"] == "2027-01-15T08:01:21Z"
    cloud.clock.advance(10)
    node = await one(cloud)
    info = node["startTaskInfo"]
    assert (node["state"], info["state"], info["result"], info["retryCount"]) == ("starttaskfailed", "completed", "failure", 2)
    assert (info["failureInfo"]["category"], info["failureInfo"]["code"]) == ("usererror", "FailureExitCode")
    (counted,) = [c async for c in cloud.batch.list_pool_node_counts()]
    assert counted.dedicated is not None
    assert (counted.dedicated.start_task_failed, counted.dedicated.total) == (1, 1)


@pytest.mark.parametrize(
    ("line", "options", "state"),
    [
        pytest.param("exit 1", {"wait_for_success": False}, "idle", id="nobody waits for it"),
        pytest.param("exit 1", {"max_task_retry_count": -1}, "waitingforstarttask", id="tried for ever"),
        pytest.param("exit 0", {}, "idle", id="success"),
        pytest.param("apt-get install -y ffmpeg", {}, "idle", id="a command the shell does not know"),
    ],
)
async def test_what_becomes_of_a_node(cloud: Cloud, line: str, options: dict[str, Any], state: str) -> None:
    await grown(cloud, 1, wait=600, start_task=start_task(line, **options))
    assert await states(cloud) == [state]


async def test_the_files_of_a_start_task(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=40, start_task=start_task("/bin/bash -c 'echo one; echo oops >&2; sleep 60; echo two'"))
    node = (await one(cloud)).id
    assert file_error(cloud, node, "startup/stdout.txt") == (409, "NodeBeingStarted")
    cloud.clock.advance(UP - 40 + 1)

    async def text(name: str, **options: Any) -> bytes:
        return b"".join([part async for part in await cloud.batch.download_node_file("p", node, name, **options)])

    assert await text("startup/stdout.txt") == b"one\n"
    cloud.clock.advance(60)
    assert await text("startup/stdout.txt") == b"one\ntwo\n"
    assert await text("startup/stderr.txt") == b"oops\n"
    assert await text("startup/stdout.txt", ocp_range="bytes=4-6") == b"two"
    assert await text("startup/stdout.txt", ocp_range="bytes=4-") == b"two\n"
    assert file_error(cloud, node, "startup/stdout.txt", ocp_range="bytes=8-") == (416, "InvalidRange")
    assert file_error(cloud, node, "startup/none.txt") == (404, "FileNotFound")
    properties = await cloud.batch.get_node_file_properties("p", node, "startup/stdout.txt")
    assert (properties.content_length, properties.is_directory) == (8, False)
    assert [f.name async for f in cloud.batch.list_node_files("p", node)] == [
        "applications",
        "fsmounts",
        "shared",
        "startup",
        "volatile",
        "workitems",
    ]
    below = {f.name: f async for f in cloud.batch.list_node_files("p", node, recursive=True, filter="startswith(name, 'startup/')")}
    assert list(below) == ["startup/stderr.txt", "startup/stdout.txt", "startup/wd"]
    assert below["startup/stderr.txt"].properties is not None
    assert (below["startup/stderr.txt"].properties.content_length, below["startup/wd"].is_directory) == (5, True)


async def test_files_can_be_deleted_and_directories_with_what_is_in_them(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100, start_task=start_task("echo hello"))
    node = (await one(cloud)).id
    await cloud.batch.delete_node_file("p", node, "startup/stdout.txt")
    assert file_error(cloud, node, "startup/stdout.txt") == (404, "FileNotFound")
    assert (await refused(cloud.batch.delete_node_file("p", node, "startup")))[:2] == (409, "OperationInvalidForCurrentState")
    await cloud.batch.delete_node_file("p", node, "startup", recursive=True)
    assert not [f async for f in cloud.batch.list_node_files("p", node, recursive=True, filter="startswith(name, 'startup')")]
    assert file_error(cloud, node, "shared") == (409, "OperationInvalidForCurrentState")


async def test_nodes_look_as_recorded(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=2))
    cloud.clock.advance(35)
    nodes = cloud.ask("GET", "/batch/acct/pools/p/nodes?api-version=2025-06-01").json()["value"]
    by_address = {n["ipAddress"]: n for n in nodes}
    assert set(by_address) == {"10.0.0.4", "10.0.0.5"}
    node = by_address["10.0.0.5"]
    assert node["state"] == "starting"
    assert not {"lastBootTime", "nodeAgentInfo", "startTask", "errors", "recentTasks"} & node.keys()
    (endpoint,) = node["endpointConfiguration"]["inboundEndpoints"]
    assert (endpoint["name"], endpoint["frontendPort"], endpoint["backendPort"]) == ("SSHRule.1", 50001, 22)
    settings = await cloud.batch.get_node_remote_login_settings("p", node["id"])
    assert (settings.remote_login_ip_address, settings.remote_login_port) == (endpoint["publicIPAddress"], 50001)


async def test_a_reboot_runs_the_start_task_as_it_is_now(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    node = (await one(cloud)).id
    cloud.account.pools["p"].settings["startTask"] = {"commandLine": "exit 5", "maxTaskRetryCount": 0, "waitForSuccess": True}
    await cloud.batch.begin_reboot_node("p", node, BatchNodeRebootOptions(node_reboot_kind="requeue"))
    seen = []
    for pause in (0, 20, 30, 1):
        cloud.clock.advance(pause)
        seen += await states(cloud)
    assert seen == ["rebooting", "starting", "waitingforstarttask", "starttaskfailed"]


async def test_deallocation_and_start(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    node = (await one(cloud)).id
    assert (await refused(cloud.batch.begin_start_node("p", node)))[:2] == (409, "OperationNotValidOnNode")
    await cloud.batch.begin_deallocate_node("p", node, BatchNodeDeallocateOptions(node_deallocate_option="requeue"))
    assert await states(cloud) == ["deallocating"]
    cloud.clock.advance(15)
    assert await states(cloud) == ["deallocated"]
    await cloud.batch.begin_start_node("p", node)
    assert await states(cloud) == ["starting"]
    cloud.clock.advance(30)
    assert await states(cloud) == ["idle"]


async def test_a_reimage_is_refused_as_recorded(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    status, code, details = await refused(
        cloud.batch.begin_reimage_node("p", (await one(cloud)).id, BatchNodeReimageOptions({"nodeReimageOption": "requeue"}))
    )
    assert (status, code) == (409, "OperationNotValidOnNode")
    assert details == {"Reason": "Operation reimage can be invoked only on pools created with cloudServiceConfiguration"}


@pytest.mark.parametrize(
    ("wait", "state", "code"),
    [
        (25, None, "NodeBeingCreated"),
        (40, None, "NodeBeingStarted"),
        (UP + 1, None, "NodeBeingStarted"),
        (200, "unusable", "NodeStateUnusable"),
        (200, "preempted", "OperationNotValidOnNode"),
    ],
)
async def test_reboots_from_other_states_than_idle_and_running(cloud: Cloud, wait: float, state: str | None, code: str) -> None:
    await grown(cloud, 0, 1, wait=wait, start_task=start_task("sleep 60"))
    if state == "unusable":
        cloud.world.pools.break_nodes(cloud.account, "p", 1)
    if state == "preempted":
        cloud.world.pools.preempt_nodes(cloud.account, "p", 1)
    assert (await refused(cloud.batch.begin_reboot_node("p", (await one(cloud)).id, BatchNodeRebootOptions(node_reboot_kind="requeue"))))[
        :2
    ] == (409, code)


async def test_scheduling_can_be_disabled_once(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    node = (await one(cloud)).id
    await cloud.batch.disable_node_scheduling("p", node, BatchNodeDisableSchedulingOptions(node_disable_scheduling_option="requeue"))
    assert ((await one(cloud))["state"], (await one(cloud))["schedulingState"]) == ("offline", "disabled")
    assert (
        await refused(
            cloud.batch.disable_node_scheduling("p", node, BatchNodeDisableSchedulingOptions(node_disable_scheduling_option="requeue"))
        )
    )[:2] == (
        409,
        "NodeAlreadyInTargetSchedulingState",
    )
    await job_with(cloud, "sleep 10")
    assert await task_states(cloud) == ["active"]
    await cloud.batch.enable_node_scheduling("p", node)
    assert (await states(cloud), await task_states(cloud)) == (["running"], ["running"])
    assert (await refused(cloud.batch.enable_node_scheduling("p", node)))[:2] == (409, "NodeAlreadyInTargetSchedulingState")


@pytest.mark.parametrize(
    ("option", "node", "task"),
    [("requeue", "offline", "active"), ("terminate", "offline", "completed"), ("taskcompletion", "running", "running")],
)
async def test_what_disabled_scheduling_does_to_running_tasks(cloud: Cloud, option: str, node: str, task: str) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, "sleep 1000")
    name = (await one(cloud)).id
    await cloud.batch.disable_node_scheduling("p", name, BatchNodeDisableSchedulingOptions(node_disable_scheduling_option=option))
    assert (await states(cloud), await task_states(cloud)) == ([node], [task])
    cloud.clock.advance(1000)
    assert await states(cloud) == ["offline"]


async def test_a_reboot_can_wait_for_the_tasks(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, "sleep 100", "sleep 100")
    node = (await one(cloud)).id
    await cloud.batch.begin_reboot_node("p", node, BatchNodeRebootOptions(node_reboot_kind="taskcompletion"))
    assert (await states(cloud), await task_states(cloud)) == (["running"], ["running", "active"])
    cloud.clock.advance(100)
    assert (await states(cloud), await task_states(cloud)) == (["rebooting"], ["completed", "active"])
    cloud.clock.advance(50)
    assert (await states(cloud), await task_states(cloud)) == (["running"], ["completed", "running"])


async def test_removing_nodes_lowers_the_target(cloud: Cloud) -> None:
    await grown(cloud, 3, 2, wait=100)
    nodes = [n async for n in cloud.batch.list_nodes("p")]
    chosen = [next(n.id for n in nodes if n.is_dedicated), next(n.id for n in nodes if not n.is_dedicated)]
    before = (await cloud.batch.get_pool("p")).etag
    await cloud.batch.begin_remove_nodes("p", BatchNodeRemoveOptions(node_ids=chosen))
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.target_dedicated_nodes, pool.target_low_priority_nodes) == ("resizing", 2, 1)
    assert pool.etag != before
    assert {(await cloud.batch.get_node("p", name))["state"] for name in chosen} == {"leavingpool"}
    cloud.clock.advance(15)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes, pool.current_low_priority_nodes) == ("steady", 2, 1)
    assert not {n.id async for n in cloud.batch.list_nodes("p")} & set(chosen)


async def test_removals_that_are_refused(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    node = (await one(cloud)).id
    for names, expected in (
        ([], (400, "InvalidPropertyValue")),
        ([f"n{number}" for number in range(101)], (400, "InvalidPropertyValue")),
        (["none"], (404, "NodeNotFound")),
    ):
        assert (await refused(cloud.batch.begin_remove_nodes("p", BatchNodeRemoveOptions(node_ids=names))))[:2] == expected
    await cloud.batch.begin_remove_nodes("p", BatchNodeRemoveOptions(node_ids=[node]))
    assert (await refused(cloud.batch.begin_remove_nodes("p", BatchNodeRemoveOptions(node_ids=[node]))))[:2] == (409, "PoolBeingResized")
    cloud.clock.advance(60)
    await cloud.batch.begin_delete_pool("p")
    assert (await refused(cloud.batch.begin_remove_nodes("p", BatchNodeRemoveOptions(node_ids=[node]))))[:2] == (409, "PoolBeingDeleted")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        pytest.param(FailNode(state="unusable", code="DiskFull", message="There is no space."), ["DiskFull"], id="with errors"),
        pytest.param(FailNode(state="unusable"), [], id="lost contact"),
        pytest.param(FailNode(state="starttaskfailed"), [], id="start task"),
    ],
)
async def test_boots_can_be_made_to_fail(cloud: Cloud, fault: FailNode, told: list[str]) -> None:
    cloud.app.faults.add(FaultRule(action=fault, path="^p$"))
    await grown(cloud, 1, wait=100, start_task=start_task("/bin/bash -c 'echo fine'"))
    node = await one(cloud)
    assert (node["state"], [e["code"] for e in node.get("errors", ())]) == (fault.state, told)


@pytest.mark.parametrize(("deprovisioned", "later", "last"), [(False, "starting", "unusable"), (True, "idle", "idle")])
async def test_a_node_turns_idle_only_from_a_machine_that_was_deprovisioned(*, deprovisioned: bool, later: str, last: str) -> None:
    cloud = Cloud(durations=Durations(node_give_up=600))
    cloud.world.add_definition(DEFINITION, location="westus")
    image = await version_of_machine(cloud, deprovisioned=deprovisioned)
    pool = await grown(cloud, 1, wait=600, virtual_machine_configuration=machines(image))
    node = await one(cloud)
    assert (pool.current_dedicated_nodes, errors(pool), node["state"]) == (1, [], later)
    assert ("nodeAgentInfo" in node) is deprovisioned
    cloud.clock.advance(60)
    assert await states(cloud) == [last]


async def test_a_preempted_node_loses_its_files_and_its_tasks_move(cloud: Cloud) -> None:
    await grown(cloud, 0, 2, wait=100)
    await job_with(cloud, "sleep 1000", "sleep 1000")
    cloud.world.pools.preempt_nodes(cloud.account, "p", 1)
    assert (await states(cloud), sorted(await task_states(cloud))) == (["preempted", "running"], ["active", "running"])
    cloud.clock.advance(200)
    assert (await states(cloud), await task_states(cloud)) == (["running"] * 2, ["running"] * 2)
    assert sorted([t["executionInfo"]["requeueCount"] async for t in cloud.batch.list_tasks("j")]) == [0, 1]


async def test_nobody_reads_files_of_a_node_that_is_out_of_reach(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100, start_task=start_task("echo hello"))
    (node,) = cloud.world.pools.break_nodes(cloud.account, "p", 1, state="unknown")
    assert file_error(cloud, node, "startup/stdout.txt") == (409, "OperationNotValidOnNode")
