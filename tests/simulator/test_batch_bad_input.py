"""What nobody should send to Batch: it is refused in the service's words, and the world goes on."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from azuresim import Response
from simulator.cloud import SIZE, UBUNTU, Cloud

API = "api-version=2025-06-01"
POOLS = f"/batch/acct/pools?{API}"
MACHINES = {
    "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
    "nodeAgentSKUId": UBUNTU,
}
HUGE = "9" * 5000
YEAR = 366 * 86_400.0


def create(cloud: Cloud, **members: Any) -> Response:
    body = {"id": "p", "vmSize": SIZE, "virtualMachineConfiguration": MACHINES, **members}
    return cloud.ask("POST", POOLS, json.dumps(body).encode())


def details(answer: Response) -> dict[str, str]:
    return {item["key"]: item["value"] for item in answer.json().get("values", ())}


@pytest.mark.parametrize(
    ("members", "name"),
    [
        pytest.param({"taskSchedulingPolicy": {"nodeFillType": "banana"}}, "taskSchedulingPolicy/nodeFillType", id="word"),
        pytest.param(
            {"startTask": {"commandLine": "x", "userIdentity": {"autoUser": {"scope": "world"}}}},
            "startTask/userIdentity/autoUser/scope",
            id="word further in",
        ),
        pytest.param(
            {"virtualMachineConfiguration": {**MACHINES, "dataDisks": [{"lun": 0, "diskSizeGB": 1, "caching": "always"}]}},
            "virtualMachineConfiguration/dataDisks[0]/caching",
            id="word in a list",
        ),
        pytest.param(
            {"virtualMachineConfiguration": {**MACHINES, "diskEncryptionConfiguration": {"targets": ["osdisk", "moon"]}}},
            "virtualMachineConfiguration/diskEncryptionConfiguration/targets",
            id="list of words",
        ),
        pytest.param({"targetDedicatedNodes": 2**31}, "targetDedicatedNodes", id="more nodes than a number holds"),
        pytest.param({"targetDedicatedNodes": 10**400}, "targetDedicatedNodes", id="a number beyond all numbers"),
        pytest.param({"targetDedicatedNodes": HUGE}, "targetDedicatedNodes", id="the same as text"),
        pytest.param({"targetDedicatedNodes": 1.5}, "targetDedicatedNodes", id="a part of a node"),
        pytest.param({"targetDedicatedNodes": True}, "targetDedicatedNodes", id="truth"),
        pytest.param({"resizeTimeout": f"PT{HUGE}S"}, "resizeTimeout", id="a time beyond all times"),
        pytest.param({"resizeTimeout": "soon"}, "resizeTimeout", id="no time"),
        pytest.param({"startTask": {"commandLine": "exit 1", "maxTaskRetryCount": 10**350}}, "startTask/maxTaskRetryCount", id="retries"),
        pytest.param({"metadata": [None]}, "metadata[0]", id="nothing in a list"),
        pytest.param({"id": "größe"}, "id", id="letters"),
        pytest.param({"id": ""}, "id", id="no letters"),
    ],
)
def test_values_that_cannot_be_name_their_property(cloud: Cloud, members: dict[str, Any], name: str) -> None:
    answer = create(cloud, **members)
    assert (answer.status, answer.json()["code"], details(answer)["PropertyName"]) == (400, "InvalidPropertyValue", name)
    assert not cloud.account.pools


@pytest.mark.parametrize(
    ("query", "code"),
    [
        pytest.param(f"maxresults={quote('²')}", "OutOfRangeQueryParameterValue", id="a digit that is no number"),
        pytest.param(f"maxresults={quote('٣')}", "OutOfRangeQueryParameterValue", id="a number in other digits"),
        pytest.param(f"maxresults={HUGE}", "OutOfRangeQueryParameterValue", id="a page beyond all pages"),
        pytest.param(f"$filter={quote(f'taskSlotsPerNode eq {HUGE}')}", "InvalidQueryParameterValue", id="a filter beyond all numbers"),
    ],
)
@pytest.mark.parametrize("path", ["/batch/acct/pools", "/batch/acct/jobs", "/batch/acct/nodecounts", "/batch/acct/supportedimages"])
def test_queries_that_cannot_be(cloud: Cloud, path: str, query: str, code: str) -> None:
    answer = cloud.ask("GET", f"{path}?{API}&{query}")
    assert (answer.status, answer.json()["code"]) == (400, code)


def test_a_key_that_is_given_twice_is_no_harm(cloud: Cloud) -> None:
    assert cloud.ask("GET", f"{POOLS}&{API}&maxresults=1&maxresults=2").status == 200


def test_null_is_as_good_as_absent_at_any_depth(cloud: Cloud) -> None:
    start = {
        "commandLine": "exit 0",
        "maxTaskRetryCount": None,
        "waitForSuccess": None,
        "userIdentity": {"autoUser": None, "username": "u"},
    }
    policy = {
        "mode": "automatic",
        "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": True},
        "rollingUpgradePolicy": {"maxBatchInstancePercent": None},
    }
    machines = {**MACHINES, "osDisk": {"caching": None}, "securityProfile": None}
    assert create(cloud, startTask=start, upgradePolicy=policy, virtualMachineConfiguration=machines, targetDedicatedNodes=1).status == 201
    cloud.clock.advance(86_400)
    shown = cloud.ask("GET", f"/batch/acct/pools/p?{API}").json()
    assert shown["startTask"] == {
        "commandLine": "exit 0",
        "userIdentity": {"username": "u"},
        "maxTaskRetryCount": 0,
        "waitForSuccess": True,
    }
    assert shown["currentDedicatedNodes"] == 1
    assert "null" not in json.dumps(shown)


@pytest.mark.parametrize(
    "formula",
    [
        "$TargetDedicatedNodes = 1e999",
        "$TargetDedicatedNodes = 0 * 1e999",
        "$TargetDedicatedNodes = 1e30",
        "$x = time() + TimeInterval_Year * 1e300",
        '$x = time("9999-12-31") + TimeInterval_Year',
        '$x = time("0001-01-01T00:00:00+10:00")',
        "$x = val(range(1, 2), 1e999)",
        "$x = $ActiveTasks.GetSample(1e999)",
        "$x = percentile(range(1, 2), 1e999 - 1e999)",
        "$x = TimeInterval_Year * 1e300 * 1e300",
        "$x = exp(1000)",
    ],
)
def test_numbers_and_times_beyond_all_bounds_fail_the_run_and_not_the_world(cloud: Cloud, formula: str) -> None:
    assert create(cloud, enableAutoScale=True, autoScaleFormula=formula).status == 201
    cloud.clock.advance(3600)
    pool = cloud.ask("GET", f"/batch/acct/pools/p?{API}").json()
    assert pool["autoScaleRun"]["error"]["code"] == "AutoScalingFormulaEvaluationError"
    assert (pool["allocationState"], pool["targetDedicatedNodes"]) == ("steady", 0)


def test_a_formula_may_be_a_chain_as_long_as_formulas_may_be(cloud: Cloud) -> None:
    assert create(cloud, enableAutoScale=True, autoScaleFormula="$TargetDedicatedNodes=1" + "-1+1" * 2000).status == 201
    cloud.clock.advance(3600)
    assert cloud.ask("GET", f"/batch/acct/pools/p?{API}").json()["currentDedicatedNodes"] == 1
    answer = create(cloud, id="q", enableAutoScale=True, autoScaleFormula="$x=time()" + ".year" * 1000)
    assert (answer.status, answer.json()["code"]) == (400, "AutoScalingFormulaSyntaxError")


def test_a_command_may_sleep_longer_than_anybody_waits(cloud: Cloud) -> None:
    task = {"commandLine": f"sleep {'9' * 400}", "maxTaskRetryCount": 3}
    assert create(cloud, targetDedicatedNodes=1, startTask=task).status == 201
    cloud.clock.advance(YEAR)
    (node,) = cloud.ask("GET", f"/batch/acct/pools/p/nodes?{API}").json()["value"]
    assert (node["state"], node["startTaskInfo"]["retryCount"]) == ("waitingforstarttask", 0)
    assert cloud.ask("GET", f"/batch/acct/pools/p/nodes/{node['id']}/files?{API}&recursive=true").status == 200


def test_a_task_may_depend_on_more_tasks_than_there_are(cloud: Cloud) -> None:
    create(cloud, targetDedicatedNodes=1)
    cloud.clock.advance(100)
    job = {"id": "j", "poolInfo": {"poolId": "p"}, "usesTaskDependencies": True}
    assert cloud.ask("POST", f"/batch/acct/jobs?{API}", json.dumps(job).encode()).status == 201
    task = {"id": "t", "commandLine": "exit 0", "dependsOn": {"taskIdRanges": [{"start": 1, "end": 2**60}]}}
    assert cloud.ask("POST", f"/batch/acct/jobs/j/tasks?{API}", json.dumps(task).encode()).status == 201
    assert cloud.ask("GET", f"/batch/acct/jobs/j/tasks/t?{API}").json()["state"] == "active"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "jobschedules"),
        ("POST", "jobschedules/s/disable"),
        ("GET", "applications/a"),
        ("GET", "poolusagemetrics"),
        ("POST", "pools/p/nodes/n/users"),
        ("POST", "pools/p/nodes/n/uploadbatchservicelogs"),
        ("GET", "pools/p/nodes/n/extensions/e"),
        ("GET", "jobs/j/tasks/t/files/stdout.txt"),
        ("GET", "jobs/j/jobpreparationandreleasetaskstatus"),
    ],
)
def test_what_is_not_simulated_says_so(cloud: Cloud, method: str, path: str) -> None:
    answer = cloud.ask(method, f"/batch/acct/{path}?{API}")
    assert (answer.status, answer.json()["code"]) == (501, "NotImplemented")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", "pools/p", 405, "UnsupportedHttpVerb"),
        ("GET", "pools/p/resize", 405, "UnsupportedHttpVerb"),
        ("GET", "pool", 400, "InvalidUri"),
    ],
)
def test_what_does_not_exist(cloud: Cloud, method: str, path: str, status: int, code: str) -> None:
    answer = cloud.ask(method, f"/batch/acct/{path}?{API}")
    assert (answer.status, answer.json()["code"]) == (status, code)
