from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from azure.batch.models import (
    BatchAutoPoolSpecification,
    BatchJobConstraints,
    BatchJobCreateOptions,
    BatchJobDisableOptions,
    BatchJobManagerTask,
    BatchJobUpdateOptions,
    BatchPoolInfo,
    BatchPoolSpecification,
    BatchTaskConstraints,
    BatchTaskCreateOptions,
    BatchTaskDependencies,
)
from azure.batch.models._models import BatchJobTerminateOptions
from azure.core import MatchConditions

from simulator.batch_steps import grown, job_with, refused, states, task_states
from simulator.cloud import SIZE, Cloud, machines

FAILS = "/bin/sh -c 'sleep 10; exit 3'"


def a_task(name: str, line: str = "sleep 10", **options: Any) -> BatchTaskCreateOptions:
    return BatchTaskCreateOptions(id=name, command_line=line, **options)


async def job_state(cloud: Cloud) -> str:
    state: str = (await cloud.batch.get_job("j"))["state"]
    return state


async def test_a_job_shows_its_defaults_as_recorded(cloud: Cloud) -> None:
    await job_with(cloud)
    shown = cloud.ask("GET", "/batch/acct/jobs/j?api-version=2025-06-01").json()
    assert shown.pop("eTag")
    times = ("lastModified", "creationTime", "stateTransitionTime")
    assert {shown.pop(name) for name in times} == {"2027-01-15T08:00:00Z"}
    assert shown == {
        "odata.metadata": "https://azuresim.test/batch/acct/$metadata#jobs/@Element",
        "id": "j",
        "url": "https://azuresim.test/batch/acct/jobs/j",
        "state": "active",
        "priority": 0,
        "maxParallelTasks": -1,
        "usesTaskDependencies": False,
        "allowTaskPreemption": False,
        "constraints": {"maxWallClockTime": "P10675199DT2H48M5.4775807S", "maxTaskRetryCount": 0},
        "poolInfo": {"poolId": "p"},
        "executionInfo": {"startTime": "2027-01-15T08:00:00Z", "poolId": "p"},
        "onAllTasksComplete": "noaction",
        "onTaskFailure": "noaction",
    }


async def test_a_task_runs_for_as_long_as_it_says(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, "/bin/bash -c 'echo hello; sleep 30'")
    task = await cloud.batch.get_task("j", "t0")
    assert (task["state"], task["executionInfo"]["startTime"]) == ("running", "2027-01-15T08:01:40Z")
    cloud.clock.advance(30)
    task = await cloud.batch.get_task("j", "t0")
    info = task["executionInfo"]
    assert (task["state"], task["previousState"]) == ("completed", "running")
    assert (info["exitCode"], info["result"], info["endTime"]) == (0, "success", "2027-01-15T08:02:10Z")
    (node,) = [n async for n in cloud.batch.list_nodes("p")]
    assert (node["state"], node["totalTasksRun"], node["totalTasksSucceeded"], node["runningTasksCount"]) == ("idle", 1, 1, 0)
    assert [(t["taskId"], t["taskState"]) for t in node["recentTasks"]] == [("t0", "completed")]
    file = task["nodeInfo"]["taskRootDirectory"] + "/stdout.txt"
    assert b"".join([part async for part in await cloud.batch.download_node_file("p", node.id, file)]) == b"hello\n"


async def test_tasks_fail_with_their_exit_code_after_their_retries(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud)
    await cloud.batch.create_task("j", a_task("t", FAILS, constraints=BatchTaskConstraints(max_task_retry_count=2)))
    cloud.clock.advance(29)
    assert (await cloud.batch.get_task("j", "t"))["executionInfo"]["retryCount"] == 2
    cloud.clock.advance(1)
    info = (await cloud.batch.get_task("j", "t"))["executionInfo"]
    assert (info["exitCode"], info["result"], info["failureInfo"]["code"]) == (3, "failure", "FailureExitCode")
    counts = await cloud.batch.get_job_task_counts("j")
    assert (counts.task_counts.failed, counts.task_counts.completed, counts.task_counts.active) == (1, 1, 0)


async def test_a_limit_on_the_time_ends_a_task(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud)
    await cloud.batch.create_task("j", a_task("t", "sleep 100", constraints=BatchTaskConstraints(max_wall_clock_time=timedelta(seconds=5))))
    cloud.clock.advance(5)
    task = await cloud.batch.get_task("j", "t")
    assert (task["state"], task["executionInfo"]["failureInfo"]["code"]) == ("completed", "TaskEnded")


@pytest.mark.parametrize(
    ("slots", "options", "fill", "tasks", "spread"),
    [
        pytest.param(1, {}, "spread", 3, [1, 1], id="one slot each"),
        pytest.param(4, {}, "spread", 4, [2, 2], id="spread over the nodes"),
        pytest.param(4, {}, "pack", 4, [0, 4], id="packed on one node"),
        pytest.param(4, {"required_slots": 3}, "spread", 3, [1, 1], id="tasks of three slots"),
        pytest.param(1, {"required_slots": 2}, "spread", 1, [0, 0], id="more slots than a node has"),
    ],
)
async def test_tasks_share_nodes_by_slots(
    cloud: Cloud, *, slots: int, options: dict[str, Any], fill: str, tasks: int, spread: list[int]
) -> None:
    await grown(cloud, 2, wait=100, task_slots_per_node=slots, task_scheduling_policy={"nodeFillType": fill})
    await job_with(cloud)
    await cloud.batch.create_tasks("j", [a_task(f"t{n}", **options) for n in range(tasks)])
    assert sorted([n["runningTasksCount"] async for n in cloud.batch.list_nodes("p")]) == spread
    counts = await cloud.batch.get_job_task_counts("j")
    weight = options.get("required_slots", 1)
    assert (counts.task_counts.running, counts.task_slot_counts.running) == (sum(spread), sum(spread) * weight)
    assert counts.task_counts.active == tasks - sum(spread)


async def test_the_more_important_job_goes_first_and_a_job_can_be_limited(cloud: Cloud) -> None:
    await grown(cloud, 2, wait=30)
    await job_with(cloud, *["sleep 60"] * 3, job="late")
    await job_with(cloud, *["sleep 60"] * 3, job="early", priority=10, max_parallel_tasks=1)
    cloud.clock.advance(40)
    assert (await task_states(cloud, "early"), await task_states(cloud, "late")) == (
        ["running", "active", "active"],
        ["running", "active", "active"],
    )


async def test_tasks_wait_for_those_they_depend_on(cloud: Cloud) -> None:
    await grown(cloud, 3, wait=100)
    await job_with(cloud, uses_task_dependencies=True)
    await cloud.batch.create_task("j", a_task("1"))
    await cloud.batch.create_task("j", a_task("2", FAILS))
    forgiven = {"default": {"dependencyAction": "satisfy"}}
    await cloud.batch.create_task("j", a_task("3", FAILS, exit_conditions=forgiven))
    await cloud.batch.create_task("j", a_task("c", depends_on=BatchTaskDependencies(task_ids=["3"])))
    await cloud.batch.create_task("j", a_task("a", depends_on=BatchTaskDependencies(task_ids=["1"])))
    await cloud.batch.create_task("j", a_task("b", depends_on={"taskIdRanges": [{"start": 1, "end": 2}]}))
    assert await task_states(cloud) == ["running"] * 3 + ["active"] * 3
    cloud.clock.advance(10)
    assert await task_states(cloud) == ["completed"] * 3 + ["running", "active", "running"]


async def test_adding_tasks_that_are_refused(cloud: Cloud) -> None:
    await job_with(cloud, "sleep 1")
    assert (await refused(cloud.batch.create_task("j", a_task("T0"))))[:2] == (409, "TaskExists")
    assert (await refused(cloud.batch.create_task("none", a_task("t"))))[:2] == (404, "JobNotFound")
    dependent = a_task("d", depends_on=BatchTaskDependencies(task_ids=["t0"]))
    assert (await refused(cloud.batch.create_task("j", dependent)))[:2] == (400, "TaskDependenciesNotSpecifiedOnJob")
    assert (await refused(cloud.batch.get_task("j", "none")))[:2] == (404, "TaskNotFound")
    results = cloud.ask(
        "POST",
        "/batch/acct/jobs/j/addtaskcollection?api-version=2025-06-01",
        b'{"value": [{"id": "t0", "commandLine": "x"}, {"id": "t1", "commandLine": "x"}]}',
    ).json()["value"]
    assert [(r["status"], r["taskId"]) for r in results] == [("clienterror", "t0"), ("success", "t1")]
    assert results[0]["error"]["code"] == "TaskExists"
    await cloud.batch.begin_terminate_job("j", BatchJobTerminateOptions(termination_reason="enough"))
    assert (await refused(cloud.batch.create_task("j", a_task("t2"))))[:2] == (409, "JobBeingTerminated")
    cloud.clock.advance(10)
    assert (await refused(cloud.batch.create_task("j", a_task("t2"))))[:2] == (409, "JobCompleted")


async def test_tasks_can_be_ended_run_again_and_deleted(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, "sleep 100", "sleep 5")
    assert (await refused(cloud.batch.reactivate_task("j", "t0")))[:2] == (409, "TaskNotCompleted")
    await cloud.batch.terminate_task("j", "t0")
    assert await task_states(cloud) == ["completed", "running"]
    assert (await refused(cloud.batch.terminate_task("j", "t0")))[:2] == (409, "TaskCompleted")
    await cloud.batch.reactivate_task("j", "t0")
    cloud.clock.advance(5)
    assert await task_states(cloud) == ["running", "completed"]
    assert (await refused(cloud.batch.reactivate_task("j", "t1")))[:2] == (409, "TaskSucceeded")
    await cloud.batch.delete_task("j", "t0")
    assert (await task_states(cloud), await states(cloud)) == (["completed"], ["idle"])


@pytest.mark.parametrize(
    ("option", "at_once", "task", "later"),
    [
        ("requeue", "disabling", "active", "disabled"),
        ("terminate", "disabled", "completed", "disabled"),
        ("wait", "disabling", "running", "disabling"),
    ],
)
async def test_disabling_a_job(cloud: Cloud, option: str, at_once: str, task: str, later: str) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, "sleep 100")
    await cloud.batch.begin_disable_job("j", BatchJobDisableOptions(disable_tasks=option))
    assert (await job_state(cloud), await task_states(cloud)) == (at_once, [task])
    cloud.clock.advance(10)
    assert await job_state(cloud) == later
    cloud.clock.advance(100)
    assert await job_state(cloud) == "disabled"
    await cloud.batch.begin_enable_job("j")
    assert await task_states(cloud) == [{"active": "running", "running": "completed"}.get(task, task)]
    assert (await refused(cloud.batch.begin_enable_job("j")))[:2] == (409, "OperationInvalidForCurrentState")


async def test_the_pool_of_a_job_changes_only_while_it_is_disabled(cloud: Cloud) -> None:
    await job_with(cloud, "sleep 10")
    elsewhere = BatchJobUpdateOptions(pool_info=BatchPoolInfo(pool_id="q"))
    assert (await refused(cloud.batch.update_job("j", elsewhere)))[:2] == (409, "OperationInvalidForCurrentState")
    await cloud.batch.begin_disable_job("j", BatchJobDisableOptions(disable_tasks="requeue"))
    cloud.clock.advance(10)
    await cloud.batch.update_job("j", elsewhere)
    assert (await cloud.batch.get_job("j"))["executionInfo"]["poolId"] == "q"


async def test_a_job_is_patched_in_parts_and_replaced_as_a_whole(cloud: Cloud) -> None:
    await job_with(cloud, priority=5, constraints=BatchJobConstraints(max_task_retry_count=3))
    before = await cloud.batch.get_job("j")
    await cloud.batch.update_job("j", BatchJobUpdateOptions(priority=7))
    job = await cloud.batch.get_job("j")
    assert (job.priority, job.constraints.max_task_retry_count if job.constraints else None) == (7, 3)
    assert job.etag != before.etag
    stale: dict[str, Any] = {"etag": before.etag, "match_condition": MatchConditions.IfNotModified}
    assert (await refused(cloud.batch.update_job("j", BatchJobUpdateOptions(priority=1), **stale)))[:2] == (412, "ConditionNotMet")
    job.constraints = None
    await cloud.batch.replace_job("j", job)
    job = await cloud.batch.get_job("j")
    assert (job.priority, job.constraints.max_task_retry_count if job.constraints else None) == (7, 0)
    assert (await refused(cloud.batch.update_job("j", BatchJobUpdateOptions(priority=1001))))[:2] == (400, "InvalidPropertyValue")


async def test_jobs_end(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, "sleep 100", "sleep 100")
    await cloud.batch.begin_terminate_job("j", BatchJobTerminateOptions(termination_reason="enough"))
    assert (await job_state(cloud), await task_states(cloud), await states(cloud)) == ("terminating", ["completed"] * 2, ["idle"])
    cloud.clock.advance(2)
    job = await cloud.batch.get_job("j")
    assert (job["state"], job["executionInfo"]["terminateReason"]) == ("completed", "enough")
    assert (await refused(cloud.batch.begin_terminate_job("j", BatchJobTerminateOptions(termination_reason="x"))))[:2] == (
        409,
        "JobCompleted",
    )
    await cloud.batch.begin_delete_job("j")
    assert await job_state(cloud) == "deleting"
    assert (await refused(cloud.batch.begin_delete_job("j")))[:2] == (409, "JobBeingDeleted")
    cloud.clock.advance(2)
    assert (await refused(cloud.batch.get_job("j")))[:2] == (404, "JobNotFound")
    assert [j async for j in cloud.batch.list_jobs()] == []


@pytest.mark.parametrize(
    ("options", "lines", "reason"),
    [
        pytest.param({"all_tasks_complete_mode": "terminatejob"}, ["sleep 5", FAILS], "AllTasksComplete", id="all tasks are complete"),
        pytest.param(
            {"constraints": BatchJobConstraints(max_wall_clock_time=timedelta(seconds=30))},
            ["sleep 100"],
            "MaxWallClockTimeExpiry",
            id="time",
        ),
        pytest.param(
            {"job_manager_task": BatchJobManagerTask(id="m", command_line="sleep 3")}, ["sleep 100"], "JMComplete", id="the manager"
        ),
        pytest.param({}, ["sleep 1"], None, id="nothing ends it"),
    ],
)
async def test_what_ends_a_job_by_itself(cloud: Cloud, options: dict[str, Any], lines: list[str], reason: str | None) -> None:
    await grown(cloud, 2, wait=100)
    await job_with(cloud, *lines, **options)
    cloud.clock.advance(60)
    job = await cloud.batch.get_job("j")
    assert (job["state"], job["executionInfo"].get("terminateReason")) == ("completed" if reason else "active", reason)


async def test_a_failure_can_end_the_job(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, task_failure_mode="performexitoptionsjobaction")
    conditions = {"exitCodes": [{"code": 3, "exitOptions": {"jobAction": "terminate"}}]}
    await cloud.batch.create_task("j", a_task("t", FAILS, exit_conditions=conditions))
    cloud.clock.advance(20)
    assert (await cloud.batch.get_job("j"))["executionInfo"]["terminateReason"] == "TaskFailed"


async def test_a_job_can_have_a_pool_of_its_own(cloud: Cloud) -> None:
    described = BatchPoolSpecification(vm_size=SIZE, virtual_machine_configuration=machines(), target_dedicated_nodes=1)
    automatic = BatchAutoPoolSpecification(auto_pool_id_prefix="mine", pool_lifetime_option="job", pool=described)
    await cloud.batch.create_job(BatchJobCreateOptions(id="j", pool_info=BatchPoolInfo(auto_pool_specification=automatic)))
    (pool,) = [p.id async for p in cloud.batch.list_pools()]
    assert pool.startswith("mine_")
    assert (await cloud.batch.get_job("j"))["executionInfo"]["poolId"] == pool
    await cloud.batch.begin_delete_job("j")
    cloud.clock.advance(100)
    assert [p async for p in cloud.batch.list_pools()] == []


async def test_jobs_that_are_refused(cloud: Cloud) -> None:
    await job_with(cloud)
    assert (await refused(job_with(cloud)))[:2] == (409, "JobExists")
    nowhere = BatchJobCreateOptions(id="k", pool_info=BatchPoolInfo())
    assert (await refused(cloud.batch.create_job(nowhere)))[:2] == (400, "InvalidPropertyValue")


async def test_lists_of_jobs_and_tasks_are_paged_filtered_and_selected(cloud: Cloud) -> None:
    for name in ("a", "b", "c"):
        await job_with(cloud, "sleep 1", "sleep 1", job=name)
    pages = [[j.id async for j in page] async for page in cloud.batch.list_jobs(max_results=2).by_page()]
    assert pages == [["a", "b"], ["c"]]
    assert [j.id async for j in cloud.batch.list_jobs(filter="id ne 'b' and executionInfo/poolId eq 'p'")] == ["a", "c"]
    tasks = [dict(t) async for t in cloud.batch.list_tasks("a", filter="state eq 'active'", select=["id"], max_results=1)]
    assert tasks == [{"id": "t0"}, {"id": "t1"}]


def test_the_tasks_of_a_job_itself_show_their_defaults_as_recorded(cloud: Cloud) -> None:
    line = '{"commandLine": "cmd /c echo hello"}'
    body = f'{{"id": "j", "poolInfo": {{"poolId": "p"}}, "jobPreparationTask": {line}, "jobReleaseTask": {line}}}'
    assert cloud.ask("POST", "/batch/acct/jobs?api-version=2025-06-01", body.encode()).status == 201
    shown = cloud.ask("GET", "/batch/acct/jobs/j?api-version=2025-06-01").json()
    user = {"autoUser": {"scope": "pool", "elevationLevel": "nonadmin"}}
    assert shown["jobPreparationTask"] == {
        "id": "jobpreparation",
        "commandLine": "cmd /c echo hello",
        "constraints": {"maxWallClockTime": "P10675199DT2H48M5.4775807S", "retentionTime": "P7D", "maxTaskRetryCount": 0},
        "userIdentity": user,
        "waitForSuccess": True,
        "rerunOnNodeRebootAfterSuccess": True,
    }
    assert shown["jobReleaseTask"] == {
        "id": "jobrelease",
        "commandLine": "cmd /c echo hello",
        "maxWallClockTime": "PT15M",
        "retentionTime": "P7D",
        "userIdentity": user,
    }


async def test_only_the_constraints_of_a_task_can_be_replaced(cloud: Cloud) -> None:
    await job_with(cloud, "sleep 10")
    before = await cloud.batch.get_task("j", "t0")
    changed = {"constraints": {"maxTaskRetryCount": 4}}
    batch: Any = cloud.batch
    await batch.replace_task("j", "t0", changed)
    task = await cloud.batch.get_task("j", "t0")
    assert (task["constraints"]["maxTaskRetryCount"], task["commandLine"]) == (4, "sleep 10")
    assert task.etag != before.etag
    wrong = {"constraints": {"retentionTime": "for ever"}}
    assert (await refused(batch.replace_task("j", "t0", wrong)))[:2] == (400, "InvalidPropertyValue")


async def test_a_task_of_an_ended_job_is_not_run_again(cloud: Cloud) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, FAILS, all_tasks_complete_mode="terminatejob")
    cloud.clock.advance(60)
    assert (await refused(cloud.batch.reactivate_task("j", "t0")))[:2] == (409, "JobCompleted")


@pytest.mark.parametrize(
    ("conditions", "state"),
    [
        ({"exitCodes": [{"code": 4, "exitOptions": {"jobAction": "terminate"}}]}, "active"),
        ({"exitCodes": [{"code": 3, "exitOptions": {"jobAction": "none"}}], "default": {"jobAction": "terminate"}}, "active"),
        ({"exitCodeRanges": [{"start": 2, "end": 5, "exitOptions": {"jobAction": "terminate"}}]}, "completed"),
        ({"default": {"jobAction": "disable"}}, "disabled"),
        ({"default": {"jobAction": "terminate"}}, "completed"),
    ],
)
async def test_what_a_failure_does_to_the_job(cloud: Cloud, conditions: dict[str, Any], state: str) -> None:
    await grown(cloud, 1, wait=100)
    await job_with(cloud, task_failure_mode="performexitoptionsjobaction")
    await cloud.batch.create_task("j", a_task("t", FAILS, exit_conditions=conditions))
    cloud.clock.advance(20)
    assert await job_state(cloud) == state
