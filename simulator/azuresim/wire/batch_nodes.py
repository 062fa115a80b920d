"""Batch nodes, node counts and supported images."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.node import Node, StartRun
from azuresim.core.pool import COUNTED_STATES, Pool
from azuresim.core.scheduling import exit_failure
from azuresim.schema import is_old_batch
from azuresim.wire.batch_envelope import (
    acted_headers,
    answer,
    common_headers,
    find_account,
    find_pool,
    page,
    root,
    selection,
    start_after,
)
from azuresim.wire.batch_filter import parse_filter
from azuresim.wire.batch_tasks import show_execution
from azuresim.wire.http import Response
from azuresim.wire.routing import Call, Route
from azuresim.wire.timestamps import batch_time

Json = dict[str, Any]
_AGENT_VERSION = "1.12.2"
_SSH, _RDP, _FIRST_PORT = 22, 3389, 50_000
# Not in the traffic of 2024.
_NEW_STATES = frozenset({"deallocated", "deallocating"})


def _public_address(pool: Pool) -> tuple[str, str]:
    """The address all nodes of a pool are behind, and its name: the same at every look."""
    digest = hashlib.sha256(f"{pool.id}:{pool.created}".encode()).hexdigest()
    name = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
    return f"20.{int(digest[:2], 16)}.{int(digest[2:4], 16)}.{int(digest[4:6], 16)}", f"dns{name}-azurebatch-cloudservice"


def _show_node(call: Call, account: BatchAccount, pool: Pool, node: Node) -> Json:
    state, since = node.state(call.now)
    base = root(call)
    address, name = _public_address(pool)
    endpoint = {
        "name": f"SSHRule.{node.number}",
        "protocol": "tcp",
        "publicIPAddress": address,
        "publicFQDN": f"{name}.{account.location}.cloudapp.azure.com",
        "frontendPort": _FIRST_PORT + node.number,
        "backendPort": _RDP if node.image.os_type == "windows" else _SSH,
    }
    shown: Json = {
        "id": node.id,
        "url": f"{base}/pools/{pool.id}/nodes/{node.id}",
        "state": state,
        "schedulingState": node.scheduling,
        "stateTransitionTime": batch_time(since),
        "allocationTime": batch_time(node.allocated),
        "ipAddress": node.address,
        "affinityId": f"TVM:{node.id}",
        "vmSize": pool.vm_size,
        "totalTasksRun": node.tasks_run,
        "totalTasksSucceeded": node.tasks_succeeded,
        "runningTasksCount": len(node.running),
        "runningTaskSlotsCount": node.slots_used,
        "isDedicated": node.dedicated,
        "endpointConfiguration": {"inboundEndpoints": [endpoint]},
        "virtualMachineInfo": {"imageReference": {**pool.image_reference, "exactVersion": node.image.exact_version}},
    }
    reported = node.reported(call.now)
    if reported is not None:
        # Both are absent until the agent reports, as recorded.
        shown["lastBootTime"] = batch_time(reported)
        shown["nodeAgentInfo"] = {"version": _AGENT_VERSION, "lastUpdateTime": batch_time(reported)}
    if node.boot.start is not None:
        shown["startTask"] = node.boot.start.task
        if node.boot.start.began <= call.now:
            shown["startTaskInfo"] = _show_start(node.boot.start, call.now)
    if node.recent:
        shown["recentTasks"] = [
            {
                "taskUrl": f"{base}/jobs/{task.job_id}/tasks/{task.id}",
                "jobId": task.job_id,
                "taskId": task.id,
                "taskState": task.state,
                "executionInfo": show_execution(task),
            }
            for task in node.recent
        ]
    errors = node.shown_errors(call.now)
    if errors:
        shown["errors"] = list(errors)
    return shown


def _show_start(start: StartRun, now: float) -> Json:
    attempt = start.attempt(now)
    shown: Json = {"state": "completed" if attempt.over else "running", "startTime": batch_time(start.began), "retryCount": attempt.number}
    if attempt.number:
        shown["lastRetryTime"] = batch_time(attempt.began)
    if attempt.over or attempt.number:
        # The outcome of the last execution that ended.
        failure = exit_failure(start.run.exit_code)
        shown |= {"exitCode": start.run.exit_code, "result": "success" if failure is None else "failure"}
        if failure is not None:
            shown["failureInfo"] = failure
    if attempt.over:
        shown["endTime"] = batch_time(attempt.began + start.run.seconds)
    return shown


def _list_nodes(call: Call) -> Response:
    account, pool, select = find_account(call), find_pool(call), selection(call)
    keep = parse_filter(call.request.query.get("$filter"))
    start = start_after(call)
    ordered = sorted(node_id for node_id in pool.nodes if start is None or node_id > start)
    shown = ((node_id, _show_node(call, account, pool, pool.nodes[node_id])) for node_id in ordered)
    return page(call, "nodes", ((name, select(node)) for name, node in shown if keep(node)))


def _found(call: Call) -> tuple[BatchAccount, Pool, Node]:
    account, pool = find_account(call), find_pool(call)
    return account, pool, call.world.pools.nodes.get(pool, call.params["node"])


def _get_node(call: Call) -> Response:
    account, pool, node = _found(call)
    metadata = {"odata.metadata": f"{root(call)}/$metadata#nodes/@Element"}
    return answer(200, {**metadata, **selection(call)(_show_node(call, account, pool, node))}, common_headers(call))


def _acting(act: Callable[[Call, BatchAccount, Pool, Node], None], status: int) -> Callable[[Call], Response]:
    """An action on one node; a pool that is being deleted refuses it."""

    def handle(call: Call) -> Response:
        account, pool, node = _found(call)
        call.world.pools.writable(account, pool.id)
        act(call, account, pool, node)
        return Response(status, acted_headers(call))

    return handle


_reboot = _acting(lambda call, account, pool, node: call.world.pools.nodes.reboot(account, pool, node, call.body or {}), 202)
_start = _acting(lambda call, account, pool, node: call.world.pools.nodes.start(account, pool, node), 202)
_reimage = _acting(lambda call, _account, _pool, _node: call.world.pools.nodes.reimage(), 202)
_deallocate = _acting(lambda call, account, pool, node: call.world.pools.nodes.deallocate(account, pool, node, call.body or {}), 202)
_disable = _acting(lambda call, account, pool, node: call.world.pools.nodes.disable_scheduling(account, pool, node, call.body or {}), 200)
_enable = _acting(lambda call, account, pool, node: call.world.pools.nodes.enable_scheduling(account, pool, node), 200)


def _remote_login(call: Call) -> Response:
    _, pool, node = _found(call)
    address, _ = _public_address(pool)
    metadata = f"{root(call)}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.ComputeNodeGetRemoteLoginSettingsResult"
    shown = {"odata.metadata": metadata, "remoteLoginIPAddress": address, "remoteLoginPort": _FIRST_PORT + node.number}
    return answer(200, shown, common_headers(call))


def _node_counts(call: Call) -> Response:
    keep = parse_filter(call.request.query.get("$filter"))
    pools = call.world.pools.after(find_account(call), start_after(call))
    hidden = _NEW_STATES if is_old_batch(call.api_version) else frozenset()
    states = {wire: state for state, wire in COUNTED_STATES.items() if state not in hidden}
    by_name = keep.members <= {"poolId"}

    def shown(pool: Pool) -> Json:
        kinds = {}
        for name, dedicated in (("dedicated", True), ("lowPriority", False)):
            counts = pool.counts(call.now, dedicated=dedicated)
            kinds[name] = {**{wire: counts[state] for wire, state in states.items()}, "total": counts.total()}
        return {"poolId": pool.id, **kinds}

    # A filter by name, the usual one, is asked before anything is counted.
    named = (pool for pool in pools if not by_name or keep({"poolId": pool.id}))
    counted = ((pool.id.lower(), shown(pool)) for pool in named)
    return page(call, "poolnodecounts", ((name, item) for name, item in counted if by_name or keep(item)))


def _supported_images(call: Call) -> Response:
    start = start_after(call)
    items = []
    for image in call.world.catalogue.images:
        shown: Json = {
            "nodeAgentSKUId": image.node_agent,
            "imageReference": {"publisher": image.publisher, "offer": image.offer, "sku": image.sku, "version": "latest"},
            "osType": image.os_type,
            "capabilities": ["DockerCompatible", "Generation2VMImage"] if image.generation == "V2" else ["DockerCompatible"],
            "verificationType": "verified" if image.verified else "unverified",
        }
        if image.end_of_life is not None:
            shown["batchSupportEndOfLife"] = image.end_of_life
        items.append((f"{image.node_agent}/{image.publisher}/{image.offer}/{image.sku}", shown))
    find_account(call)
    keep = parse_filter(call.request.query.get("$filter"))
    ordered = sorted(items, key=lambda item: item[0])
    return page(call, "supportedimages", ((n, s) for n, s in ordered if (start is None or n > start) and keep(s)))


_NODES = "/batch/{account}/pools/{pool}/nodes"
_NODE = f"{_NODES}/{{node}}"

ROUTES = (
    Route("GET", _NODES, "Nodes_List", _list_nodes, shows="batch.BatchNode"),
    Route("GET", _NODE, "Nodes_Get", _get_node, shows="batch.BatchNode"),
    Route("POST", f"{_NODE}/reboot", "Nodes_Reboot", _reboot, schema="batch.BatchNodeRebootOptions"),
    Route("POST", f"{_NODE}/start", "Nodes_Start", _start),
    Route("POST", f"{_NODE}/reimage", "Nodes_Reimage", _reimage, schema="batch.BatchNodeReimageOptions"),
    Route("POST", f"{_NODE}/deallocate", "Nodes_Deallocate", _deallocate, schema="batch.BatchNodeDeallocateOptions"),
    Route("POST", f"{_NODE}/disablescheduling", "Nodes_DisableScheduling", _disable, schema="batch.BatchNodeDisableSchedulingOptions"),
    Route("POST", f"{_NODE}/enablescheduling", "Nodes_EnableScheduling", _enable),
    Route(
        "GET",
        f"{_NODE}/remoteloginsettings",
        "Nodes_GetRemoteLoginSettings",
        _remote_login,
        shows="batch.BatchNodeRemoteLoginSettings",
    ),
    Route("GET", "/batch/{account}/nodecounts", "Pools_ListNodeCounts", _node_counts, shows="batch.BatchPoolNodeCounts"),
    Route("GET", "/batch/{account}/supportedimages", "Pools_ListSupportedImages", _supported_images, shows="batch.BatchSupportedImage"),
)
