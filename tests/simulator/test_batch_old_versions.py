"""What clients from before July 2024 send and see, as in the traffic recorded then."""

from __future__ import annotations

import json
from typing import Any

import pytest

from azuresim.schema import is_old_batch
from simulator.cloud import Cloud

OLD, NEW = "2024-02-01.19.0", "2025-06-01"
CLOUD_SERVICE = {"id": "p", "vmSize": "small", "cloudServiceConfiguration": {"osFamily": "4"}, "targetDedicatedNodes": 0}


def ask(cloud: Cloud, method: str, path: str, body: Any = None, *, version: str = OLD) -> Any:
    answer = cloud.ask(method, f"/batch/acct/{path}?api-version={version}", b"" if body is None else json.dumps(body).encode())
    return answer.status, answer.json() if answer.body else None


@pytest.mark.parametrize(
    ("version", "old"), [(OLD, True), ("2023-05-01.17.0", True), ("2024-07-01.20.0", False), (NEW, False), ("1", False), ("", False)]
)
def test_which_versions_are_old(version: str, *, old: bool) -> None:
    assert is_old_batch(version) is old


def test_a_pool_of_cloud_services_can_be_made_and_seen_by_old_clients_only(cloud: Cloud) -> None:
    assert ask(cloud, "POST", "pools", CLOUD_SERVICE, version=NEW)[0] == 400
    assert ask(cloud, "POST", "pools", CLOUD_SERVICE) == (201, None)
    _, shown = ask(cloud, "GET", "pools/p")
    assert shown["cloudServiceConfiguration"] == {"osFamily": "4", "osVersion": "*"}
    _, shown = ask(cloud, "GET", "pools/p", version=NEW)
    assert not {"cloudServiceConfiguration", "virtualMachineConfiguration"} & shown.keys()


async def test_a_pool_of_cloud_services_gets_no_nodes_any_more(cloud: Cloud) -> None:
    ask(cloud, "POST", "pools", {**CLOUD_SERVICE, "targetDedicatedNodes": 1})
    cloud.clock.advance(60)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, [e.code for e in pool.resize_errors or ()]) == ("steady", ["AllocationFailed"])


def test_properties_are_replaced_as_recorded(cloud: Cloud) -> None:
    ask(cloud, "POST", "pools", CLOUD_SERVICE)
    _, before = ask(cloud, "GET", "pools/p")
    assert not {"certificateReferences", "targetNodeCommunicationMode", "startTask"} & before.keys()
    task = {"commandLine": "cmd /c echo updated", "waitForSuccess": True}
    body = {"startTask": task, "certificateReferences": [], "applicationPackageReferences": [], "metadata": []}
    assert ask(cloud, "POST", "pools/p/updateproperties", body) == (204, None)
    _, shown = ask(cloud, "GET", "pools/p")
    assert (shown["certificateReferences"], shown["targetNodeCommunicationMode"]) == ([], "default")
    assert shown["startTask"]["userIdentity"] == {"autoUser": {"scope": "pool", "elevationLevel": "nonadmin"}}
    assert "metadata" not in shown


def test_dropped_members_of_pools_of_machines_are_kept_for_old_clients(cloud: Cloud) -> None:
    machines = {"imageReference": {"publisher": "debian", "offer": "debian-12", "sku": "12"}, "nodeAgentSKUId": "batch.node.debian 12"}
    body = {"id": "p", "vmSize": "standard_d2s_v3", "virtualMachineConfiguration": machines}
    extra = {"targetNodeCommunicationMode": "simplified", "resourceTags": {"a": "b"}}
    assert ask(cloud, "POST", "pools", {**body, **extra})[0] == 201
    cloud.clock.advance(10)
    ask(cloud, "PATCH", "pools/p", {"targetNodeCommunicationMode": "classic"})
    _, shown = ask(cloud, "GET", "pools/p")
    assert (shown["targetNodeCommunicationMode"], shown["resourceTags"]) == ("classic", {"a": "b"})
    _, listed = ask(cloud, "GET", "pools")
    assert listed["value"][0]["resourceTags"] == {"a": "b"}
    assert not extra.keys() & ask(cloud, "GET", "pools/p", version=NEW)[1].keys()


def test_node_counts_grew_by_two_states(cloud: Cloud) -> None:
    ask(cloud, "POST", "pools", CLOUD_SERVICE)
    old = ask(cloud, "GET", "nodecounts")[1]["value"][0]["dedicated"]
    new = ask(cloud, "GET", "nodecounts", version=NEW)[1]["value"][0]["dedicated"]
    assert new.keys() - old.keys() == {"deallocated", "deallocating"}
