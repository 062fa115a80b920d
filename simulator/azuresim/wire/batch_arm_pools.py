"""Microsoft.Batch pools through ARM."""

from __future__ import annotations

from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.errors import ServiceError
from azuresim.core.pool import Pool
from azuresim.core.pool_planes import pool_to_arm
from azuresim.wire.batch import show_pool
from azuresim.wire.batch_arm_envelope import ACCOUNT, check_conditions, find_account, page, versioned
from azuresim.wire.batch_arm_results import pool_deletion_begun
from azuresim.wire.batch_filter import parse_filter
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Route
from azuresim.wire.timestamps import batch_time

Json = dict[str, Any]
# What a pool shows whatever `$select` says.
_ENVELOPE = frozenset({"id", "name", "type", "etag"})


def _show(call: Call, account: BatchAccount, pool: Pool) -> Json:
    shown: Json = {
        "id": f"{account.id}/pools/{pool.id}",
        "name": pool.id,
        "type": "Microsoft.Batch/batchAccounts/pools",
        "etag": f'"{pool.etag}"',
        "properties": pool_to_arm(show_pool(call, account, pool), str(account.id), resize_began=batch_time(pool.resize_began)),
    }
    if pool.tags:
        shown["tags"] = pool.tags
    if pool.identity is not None:
        shown["identity"] = pool.identity
    return shown


def _answer(call: Call, account: BatchAccount, pool: Pool) -> Response:
    return json_response(200, _show(call, account, pool), versioned(pool.etag, pool.last_modified))


def _writable(call: Call) -> BatchAccount:
    account = find_account(call)
    if account.state != "Succeeded":
        raise ServiceError(409, "AccountIsDisabled", "The specified account is disabled.")
    return account


def _get(call: Call) -> Response:
    account = find_account(call)
    return _answer(call, account, call.world.pools.get(account, call.params["pool"]))


def _put(call: Call) -> Response:
    account = _writable(call)
    existing = call.world.arm_pools.find(account, call.params["pool"])
    check_conditions(call, None if existing is None else existing.etag)
    return _answer(call, account, call.world.arm_pools.put(account, call.params["pool"], call.body))


def _patch(call: Call) -> Response:
    account = _writable(call)
    check_conditions(call, call.world.pools.get(account, call.params["pool"]).etag)
    return _answer(call, account, call.world.arm_pools.patch(account, call.params["pool"], call.body))


def _delete(call: Call) -> Response:
    account = _writable(call)
    pool = call.world.arm_pools.find(account, call.params["pool"])
    if pool is None:
        return Response(204)
    call.world.pools.delete(account, pool.id)
    return pool_deletion_begun(call, account, pool)


def _list(call: Call) -> Response:
    """`$filter` and `$select` name members as `properties/vmSize`."""
    account, query = find_account(call), call.request.query
    keep, select = parse_filter(query.get("$filter")), query.get("$select")
    wanted = None if not select else {name.strip().removeprefix("properties/") for name in select.split(",")}
    pools = (_show(call, account, pool) for pool in call.world.pools.after(account, query.get("$skiptoken")))
    return page(call, (_selected(shown, wanted) for shown in pools if keep(shown)))


def _selected(shown: Json, wanted: set[str] | None) -> Json:
    if wanted is None:
        return shown
    kept = {name: value for name, value in shown.items() if name in _ENVELOPE | wanted}
    return kept | {"properties": {name: value for name, value in shown["properties"].items() if name in wanted}}


def _disable_auto_scale(call: Call) -> Response:
    account = _writable(call)
    pool = call.world.pools.writable(account, call.params["pool"])
    call.world.pools.scaling.disable(pool)
    call.world.pools.touch(pool)
    return _answer(call, account, pool)


def _stop_resize(call: Call) -> Response:
    account = _writable(call)
    return _answer(call, account, call.world.pools.stop_resize(account, call.params["pool"]))


_POOL, _MODEL = f"{ACCOUNT}/pools/{{pool}}", "mgmt_batch.Pool"

ROUTES: tuple[Route, ...] = (
    Route("GET", f"{ACCOUNT}/pools", "Pool_ListByBatchAccount", _list, shows=_MODEL),
    Route("GET", _POOL, "Pool_Get", _get, shows=_MODEL),
    Route("PUT", _POOL, "Pool_Create", _put, schema=_MODEL, shows=_MODEL),
    Route("PATCH", _POOL, "Pool_Update", _patch, schema=_MODEL, shows=_MODEL),
    Route("DELETE", _POOL, "Pool_Delete", _delete),
    Route("POST", f"{_POOL}/disableAutoScale", "Pool_DisableAutoScale", _disable_auto_scale, shows=_MODEL),
    Route("POST", f"{_POOL}/stopResize", "Pool_StopResize", _stop_resize, shows=_MODEL),
)
