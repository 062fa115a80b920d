"""Automatic scaling of pools on the wire."""

from __future__ import annotations

from typing import Any

from azuresim.core.autoscale import Run
from azuresim.wire.batch_envelope import acted_headers, answer, check_conditions, find_account, find_pool, root, versioned_headers
from azuresim.wire.http import Response
from azuresim.wire.routing import Call, Route
from azuresim.wire.timestamps import batch_time

Json = dict[str, Any]


def show_run(run: Run) -> Json:
    """`autoScaleRun`, which is also what an evaluation answers."""
    shown: Json = {"timestamp": batch_time(run.at), "results": run.results}
    if run.error is not None:
        detail = [{"name": "Message", "value": run.error.detail}]
        shown["error"] = {"code": run.error.code, "message": run.error.message, "values": detail}
    return shown


def _enable(call: Call) -> Response:
    check_conditions(call, find_pool(call))
    account, pools = find_account(call), call.world.pools
    pool = pools.writable(account, call.params["pool"])
    pools.scaling.enable(account, pool, call.body)
    pools.touch(pool)
    return Response(200, versioned_headers(call, pool))


def _disable(call: Call) -> Response:
    pools = call.world.pools
    pool = pools.writable(find_account(call), call.params["pool"])
    pools.scaling.disable(pool)
    pools.touch(pool)
    return Response(200, versioned_headers(call, pool))


def _evaluate(call: Call) -> Response:
    pools = call.world.pools
    run = pools.scaling.evaluate(pools.writable(find_account(call), call.params["pool"]), call.body)
    metadata = f"{root(call)}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.AutoScaleRun"
    return answer(200, {"odata.metadata": metadata, **show_run(run)}, acted_headers(call))


_POOL = "/batch/{account}/pools/{pool}"

ROUTES = (
    Route("POST", f"{_POOL}/enableautoscale", "Pools_EnableAutoScale", _enable, schema="batch.BatchPoolEnableAutoScaleOptions"),
    Route("POST", f"{_POOL}/disableautoscale", "Pools_DisableAutoScale", _disable),
    Route(
        "POST",
        f"{_POOL}/evaluateautoscale",
        "Pools_EvaluateAutoScale",
        _evaluate,
        schema="batch.BatchPoolEvaluateAutoScaleOptions",
        shows="batch.AutoScaleRun",
        reads=True,
    ),
)
