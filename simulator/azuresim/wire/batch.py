"""The Batch data plane, below `/batch/{account}`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.iso_duration import format_duration
from azuresim.core.pool import Pool
from azuresim.core.pool_planes import identity_to_batch
from azuresim.wire import batch_nodes
from azuresim.wire.batch_envelope import (
    admit,
    answer,
    check_conditions,
    common_headers,
    find_account,
    find_pool,
    page,
    render_error,
    root,
    selected,
    start_after,
    unchanged,
    versioned_headers,
)
from azuresim.wire.batch_filter import parse_filter
from azuresim.wire.http import Response
from azuresim.wire.routing import Call, Route, Service
from azuresim.wire.timestamps import batch_time

Json = dict[str, Any]


# What a pool shows besides its configuration, in the order of recorded answers. A member whose value is None is left out.
_MEMBERS: dict[str, Callable[[str, Pool], Any]] = {
    "id": lambda _base, pool: pool.id,
    "displayName": lambda _base, pool: pool.settings.get("displayName"),
    "url": lambda base, pool: f"{base}/pools/{pool.id}",
    "eTag": lambda _base, pool: pool.etag,
    "lastModified": lambda _base, pool: batch_time(pool.last_modified),
    "creationTime": lambda _base, pool: batch_time(pool.created),
    "state": lambda _base, pool: pool.state,
    "stateTransitionTime": lambda _base, pool: batch_time(pool.state_since),
    "allocationState": lambda _base, pool: pool.allocation_state,
    "allocationStateTransitionTime": lambda _base, pool: batch_time(pool.allocation_since),
    "vmSize": lambda _base, pool: pool.vm_size,
    "resizeTimeout": lambda _base, pool: format_duration(pool.resize_timeout),
    "currentDedicatedNodes": lambda _base, pool: pool.current().dedicated,
    "targetDedicatedNodes": lambda _base, pool: pool.target.dedicated,
    "currentLowPriorityNodes": lambda _base, pool: pool.current().low_priority,
    "targetLowPriorityNodes": lambda _base, pool: pool.target.low_priority,
    "resizeErrors": lambda _base, pool: pool.resize_errors or None,
    "enableAutoScale": lambda _base, _pool: False,
    "identity": lambda _base, pool: identity_to_batch(pool.identity),
}


def _show(base: str, pool: Pool, wanted: frozenset[str] | None = None) -> Json:
    """The pool as JSON: all of it, or only the members wanted."""
    if wanted is None:
        shown = {name: member(base, pool) for name, member in _MEMBERS.items()} | pool.settings
        return {name: value for name, value in shown.items() if value is not None}
    chosen = {name: member(base, pool) for name, member in _MEMBERS.items() if name in wanted}
    chosen |= {name: value for name, value in pool.settings.items() if name in wanted}
    return {name: value for name, value in chosen.items() if value is not None}


def show_pool(call: Call, account: BatchAccount, pool: Pool) -> Json:
    """All the data plane shows of a pool; the management plane translates it."""
    return _show(f"{call.world.base_url}/batch/{account.name}", pool)


def _create_pool(call: Call) -> Response:
    pool = call.world.pools.create(find_account(call), call.body)
    location = f"{root(call)}/pools/{pool.id}"
    return Response(201, {**versioned_headers(call, pool), "DataServiceId": location, "Location": location})


def _list_pools(call: Call) -> Response:
    base, wanted, condition = root(call), selected(call), call.request.query.get("$filter")
    pools = call.world.pools.after(find_account(call), start_after(call))
    if condition:
        keep = parse_filter(condition)
        pools = (pool for pool in pools if keep(_show(base, pool)))
    return page(call, "pools", ((pool.id.lower(), _show(base, pool, wanted)) for pool in pools))


def _get_pool(call: Call) -> Response:
    pool = find_pool(call)
    if unchanged(call, pool):
        return Response(304, versioned_headers(call, pool))
    metadata = {"odata.metadata": f"{root(call)}/$metadata#pools/@Element"}
    return answer(200, {**metadata, **_show(root(call), pool, selected(call))}, versioned_headers(call, pool))


def _head_pool(call: Call) -> Response:
    return Response(200, versioned_headers(call, find_pool(call)))


def _patch_pool(call: Call) -> Response:
    check_conditions(call, find_pool(call))
    return Response(200, versioned_headers(call, call.world.pools.patch(find_account(call), call.params["pool"], call.body)))


def _update_properties(call: Call) -> Response:
    return Response(204, versioned_headers(call, call.world.pools.replace_properties(find_account(call), call.params["pool"], call.body)))


def _resize(call: Call) -> Response:
    check_conditions(call, find_pool(call))
    return Response(202, versioned_headers(call, call.world.pools.resize(find_account(call), call.params["pool"], call.body)))


def _stop_resize(call: Call) -> Response:
    check_conditions(call, find_pool(call))
    return Response(202, versioned_headers(call, call.world.pools.stop_resize(find_account(call), call.params["pool"])))


def _delete_pool(call: Call) -> Response:
    check_conditions(call, find_pool(call))
    call.world.pools.delete(find_account(call), call.params["pool"])
    return Response(202, common_headers(call))


_POOLS = "/batch/{account}/pools"
_POOL = f"{_POOLS}/{{pool}}"

SERVICE = Service(
    "batch",
    (
        Route("POST", _POOLS, "Pools_Create", _create_pool, schema="batch.BatchPoolCreateOptions"),
        Route("GET", _POOLS, "Pools_List", _list_pools, shows="batch.BatchPool"),
        Route("GET", _POOL, "Pools_Get", _get_pool, shows="batch.BatchPool"),
        Route("HEAD", _POOL, "Pools_Exists", _head_pool),
        Route("PATCH", _POOL, "Pools_Update", _patch_pool, schema="batch.BatchPoolUpdateOptions"),
        Route("DELETE", _POOL, "Pools_Delete", _delete_pool),
        Route("POST", f"{_POOL}/updateproperties", "Pools_ReplaceProperties", _update_properties, schema="batch.BatchPoolReplaceOptions"),
        Route("POST", f"{_POOL}/resize", "Pools_Resize", _resize, schema="batch.BatchPoolResizeOptions"),
        Route("POST", f"{_POOL}/stopresize", "Pools_StopResize", _stop_resize),
        *batch_nodes.ROUTES,
    ),
    render_error,
    admit,
)
