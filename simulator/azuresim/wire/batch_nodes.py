"""Batch nodes, node counts and supported images."""

from __future__ import annotations

from typing import Any

from azuresim.core.pool import COUNTED_STATES, Node, Pool
from azuresim.wire.batch_envelope import answer, common_headers, find_account, find_pool, page, root, selection, start_after
from azuresim.wire.batch_filter import parse_filter
from azuresim.wire.http import Response
from azuresim.wire.routing import Call, Route
from azuresim.wire.timestamps import batch_time

Json = dict[str, Any]


def _show_node(call: Call, pool: Pool, node: Node) -> Json:
    state, since = node.state(call.now)
    shown: Json = {
        "id": node.id,
        "url": f"{root(call)}/pools/{pool.id}/nodes/{node.id}",
        "state": state,
        "schedulingState": "enabled",
        "stateTransitionTime": batch_time(since),
        "allocationTime": batch_time(node.allocated),
        "ipAddress": node.address,
        "affinityId": f"TVM:{node.id}",
        "vmSize": pool.vm_size,
        "totalTasksRun": 0,
        "isDedicated": node.dedicated,
        "virtualMachineInfo": {"imageReference": {**pool.image_reference, "exactVersion": node.image_version}},
    }
    if call.now >= node.starting:
        # Absent while a node is being created, as recorded.
        shown["lastBootTime"] = batch_time(node.starting)
    if call.now >= node.ready:
        shown |= {"runningTasksCount": 0, "runningTaskSlotsCount": 0, "totalTasksSucceeded": 0}
        shown["nodeAgentInfo"] = {"version": "1.12.2", "lastUpdateTime": batch_time(node.ready)}
    if node.errors:
        shown["errors"] = list(node.errors)
    return shown


def _list_nodes(call: Call) -> Response:
    pool, select = find_pool(call), selection(call)
    keep = parse_filter(call.request.query.get("$filter"))
    start = start_after(call)
    ordered = sorted(node_id for node_id in pool.nodes if start is None or node_id > start)
    shown = ((node_id, _show_node(call, pool, pool.nodes[node_id])) for node_id in ordered)
    return page(call, "nodes", ((name, select(node)) for name, node in shown if keep(node)))


def _get_node(call: Call) -> Response:
    node = call.world.pools.node(find_account(call), call.params["pool"], call.params["node"])
    metadata = {"odata.metadata": f"{root(call)}/$metadata#nodes/@Element"}
    return answer(200, {**metadata, **selection(call)(_show_node(call, find_pool(call), node))}, common_headers(call))


def _node_counts(call: Call) -> Response:
    keep = parse_filter(call.request.query.get("$filter"))
    pools = call.world.pools.after(find_account(call), start_after(call))

    def shown(pool: Pool) -> Json:
        kinds = {}
        for name, dedicated in (("dedicated", True), ("lowPriority", False)):
            counts = pool.counts(call.now, dedicated=dedicated)
            kinds[name] = {**{wire: counts[state] for state, wire in COUNTED_STATES.items()}, "total": counts.total()}
        return {"poolId": pool.id, **kinds}

    counted = ((pool.id.lower(), shown(pool)) for pool in pools)
    return page(call, "poolnodecounts", ((name, item) for name, item in counted if keep(item)))


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
    keep = parse_filter(call.request.query.get("$filter"))
    ordered = sorted(items, key=lambda item: item[0])
    return page(call, "supportedimages", ((n, s) for n, s in ordered if (start is None or n > start) and keep(s)))


ROUTES = (
    Route("GET", "/batch/{account}/pools/{pool}/nodes", "Nodes_List", _list_nodes, shows="batch.BatchNode"),
    Route("GET", "/batch/{account}/pools/{pool}/nodes/{node}", "Nodes_Get", _get_node, shows="batch.BatchNode"),
    Route("GET", "/batch/{account}/nodecounts", "Pools_ListNodeCounts", _node_counts, shows="batch.BatchPoolNodeCounts"),
    Route("GET", "/batch/{account}/supportedimages", "Pools_ListSupportedImages", _supported_images, shows="batch.BatchSupportedImage"),
)
