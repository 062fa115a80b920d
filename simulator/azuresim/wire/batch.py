"""The Batch data plane, below `/batch/{account}`: pools, and the service with all its routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.errors import ServiceError
from azuresim.core.iso_duration import format_duration
from azuresim.core.pool import Pool
from azuresim.core.pool_images import names_gallery_image
from azuresim.core.pool_planes import identity_to_batch
from azuresim.schema import is_old_batch
from azuresim.wire import batch_jobs, batch_node_files, batch_nodes, batch_pool_scaling, batch_tasks
from azuresim.wire.batch_envelope import (
    acted_headers,
    admit,
    check_conditions,
    common_headers,
    expanded,
    find_account,
    find_pool,
    is_shared_key,
    page,
    read,
    render_error,
    root,
    selected,
    start_after,
    versioned_headers,
)
from azuresim.wire.batch_filter import parse_filter
from azuresim.wire.batch_pool_scaling import show_run
from azuresim.wire.http import Response
from azuresim.wire.routing import Call, Route, Service
from azuresim.wire.timestamps import batch_time

Json = dict[str, Any]
# "The typical delay is about 30 minutes": azure-batch, BatchPool.stats.
_STATISTICS_PAUSE = 1800.0

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
    "enableAutoScale": lambda _base, pool: pool.auto_scale is not None,
    "autoScaleFormula": lambda _base, pool: None if pool.auto_scale is None else pool.auto_scale.formula,
    "autoScaleEvaluationInterval": lambda _base, pool: None if pool.auto_scale is None else format_duration(pool.auto_scale.interval),
    "autoScaleRun": lambda _base, pool: None if pool.auto_scale is None or pool.auto_scale.run is None else show_run(pool.auto_scale.run),
    "identity": lambda _base, pool: identity_to_batch(pool.identity),
}


def _show(base: str, pool: Pool, wanted: frozenset[str] | None = None) -> Json:
    """The pool as JSON: all of it, or only the members wanted."""
    if wanted is None:
        shown = {name: member(base, pool) for name, member in _MEMBERS.items()} | pool.settings
        return {name: value for name, value in shown.items() if value is not None}
    chosen = {name: _MEMBERS[name](base, pool) for name in _MEMBERS if name in wanted}
    chosen |= {name: value for name, value in pool.settings.items() if name in wanted}
    return {name: value for name, value in chosen.items() if value is not None}


def show_pool(call: Call, account: BatchAccount, pool: Pool) -> Json:
    """All the data plane shows of a pool; the management plane translates it."""
    return _show(f"{call.world.base_url}/batch/{account.name}", pool)


def _shower(call: Call) -> Callable[[Pool], Json]:
    """How pools are shown to this request: `$select`, `$expand=stats`, and what old api-versions see."""
    base, wanted, old = root(call), selected(call), is_old_batch(call.api_version)
    with_stats = "stats" in expanded(call) and (wanted is None or "stats" in wanted)

    def show(pool: Pool) -> Json:
        shown = _show(base, pool, wanted)
        if old and pool.retired:
            shown |= {name: value for name, value in pool.retired.items() if wanted is None or name in wanted}
        rolled_up = call.now - call.now % _STATISTICS_PAUSE
        if with_stats and rolled_up > pool.created:
            times = {"startTime": batch_time(pool.created), "lastUpdateTime": batch_time(rolled_up)}
            shown["stats"] = {"url": f"{base}/pools/{pool.id}/stats", **times}
        return shown

    return show


def _check_key_reaches(call: Call) -> None:
    """403 for a gallery image: "You can't use the Shared Key" (batch-sig-images.md)."""
    machines: Json = call.body.get("virtualMachineConfiguration") or {}
    if is_shared_key(call) and names_gallery_image((machines.get("imageReference") or {}).get("virtualMachineImageId")):
        raise ServiceError(403, "AuthenticationFailed", "Pools with a custom image need Microsoft Entra authentication.")


def _create_pool(call: Call) -> Response:
    _check_key_reaches(call)
    pool = call.world.pools.create(find_account(call), call.body)
    location = f"{root(call)}/pools/{pool.id}"
    return Response(201, {**versioned_headers(call, pool), "DataServiceId": location, "Location": location})


def _list_pools(call: Call) -> Response:
    base, show, keep = root(call), _shower(call), parse_filter(call.request.query.get("$filter"))
    pools = call.world.pools.after(find_account(call), start_after(call))
    kept = (pool for pool in pools if not keep.members or keep(_show(base, pool, keep.members)))
    return page(call, "pools", ((pool.id.lower(), show(pool)) for pool in kept))


def _get_pool(call: Call) -> Response:
    pool = find_pool(call)
    return read(call, pool, lambda: _shower(call)(pool), "pools/@Element")


def _patch_pool(call: Call) -> Response:
    check_conditions(call, find_pool(call))
    _check_key_reaches(call)
    return Response(200, versioned_headers(call, call.world.pools.patch(find_account(call), call.params["pool"], call.body)))


def _update_properties(call: Call) -> Response:
    return Response(204, versioned_headers(call, call.world.pools.replace_properties(find_account(call), call.params["pool"], call.body)))


def _resize(call: Call) -> Response:
    check_conditions(call, find_pool(call))
    return Response(202, versioned_headers(call, call.world.pools.resize(find_account(call), call.params["pool"], call.body)))


def _stop_resize(call: Call) -> Response:
    check_conditions(call, find_pool(call))
    return Response(202, versioned_headers(call, call.world.pools.stop_resize(find_account(call), call.params["pool"])))


def _remove_nodes(call: Call) -> Response:
    check_conditions(call, find_pool(call))
    account, pools = find_account(call), call.world.pools
    pool = pools.writable(account, call.params["pool"])
    pools.nodes.remove(account, pool, call.body)
    pools.touch(pool)
    return Response(202, {**acted_headers(call), **versioned_headers(call, pool)})


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
        Route("HEAD", _POOL, "Pools_Exists", _get_pool),
        Route("PATCH", _POOL, "Pools_Update", _patch_pool, schema="batch.BatchPoolUpdateOptions"),
        Route("DELETE", _POOL, "Pools_Delete", _delete_pool),
        Route("POST", f"{_POOL}/updateproperties", "Pools_ReplaceProperties", _update_properties, schema="batch.BatchPoolReplaceOptions"),
        Route("POST", f"{_POOL}/resize", "Pools_Resize", _resize, schema="batch.BatchPoolResizeOptions"),
        Route("POST", f"{_POOL}/stopresize", "Pools_StopResize", _stop_resize),
        Route("POST", f"{_POOL}/removenodes", "Pools_RemoveNodes", _remove_nodes, schema="batch.BatchNodeRemoveOptions"),
        *batch_pool_scaling.ROUTES,
        *batch_nodes.ROUTES,
        *batch_node_files.ROUTES,
        *batch_jobs.ROUTES,
        *batch_tasks.ROUTES,
    ),
    render_error,
    admit,
)
