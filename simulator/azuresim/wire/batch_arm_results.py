"""Where Microsoft.Batch's operations are polled: 202 and a new `Location` until the end, then 200, with the account when it was created."""

from __future__ import annotations

from typing import Any

from azuresim.core.batch_account_writes import ACCOUNT_RESULTS, DELETION_RESULTS, POOL_RESULTS
from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.errors import ServiceError
from azuresim.core.operations import Operation
from azuresim.core.pool import Pool
from azuresim.wire import arm
from azuresim.wire.batch_account_view import show_account
from azuresim.wire.batch_arm_envelope import ACCOUNT, LOCATION, account_id, find_account, render_error
from azuresim.wire.http import Response
from azuresim.wire.routing import Call, Route, Service

Json = dict[str, Any]
# Recorded cadence of polls.
_POLL_SECONDS = 15
_DELETE = "delete"


def creation_begun(call: Call, operation: Operation) -> Response:
    """202 for an account being made."""
    return _later(call, f"{account_id(call)}/{ACCOUNT_RESULTS}/{operation.id}")


def deletion_begun(call: Call, operation: Operation) -> Response:
    """202 for an account being deleted; afterwards there is no account to ask, so the address is the location's."""
    return _deletion(call, operation, f"{call.params['account']}-{operation.id}")


def pool_deletion_begun(call: Call, account: BatchAccount, pool: Pool) -> Response:
    """202 for a pool being deleted."""
    return _later(call, f"{account.id}/{POOL_RESULTS}/{_DELETE}-{pool.id}-{pool.etag.removeprefix('0x')}")


def _creation_result(call: Call) -> Response:
    operation = call.world.operations.get(call.params["operation"])
    return creation_begun(call, operation) if operation.ended is None else show_account(call, find_account(call))


def _deletion_result(call: Call) -> Response:
    """`{name}-{guid}`; names have no dashes."""
    operation = call.world.operations.get(call.params["operation"].partition("-")[2])
    return _deletion(call, operation, call.params["operation"]) if operation.ended is None else Response(200)


def _pool_deletion_result(call: Call) -> Response:
    """`delete-{pool}-{etag}`: done when no pool of that name is being deleted any more."""
    account, operation = find_account(call), call.params["operation"]
    name = operation.removeprefix(f"{_DELETE}-").rpartition("-")[0]
    if not operation.startswith(f"{_DELETE}-") or not name:
        raise ServiceError(404, "NotFound", f"The operation '{operation}' was not found.")
    pool = call.world.arm_pools.find(account, name)
    waiting = pool is not None and pool.state == "deleting"
    return _later(call, f"{account.id}/{POOL_RESULTS}/{operation}") if waiting else Response(200)


def _deletion(call: Call, operation: Operation, name: str) -> Response:
    base = f"/subscriptions/{operation.subscription}/providers/Microsoft.Batch/locations/{operation.location}"
    return _later(call, f"{base}/{DELETION_RESULTS}/{name}")


def _later(call: Call, path: str) -> Response:
    return Response(202, arm.location_headers(call, path, _POLL_SECONDS))


SERVICE = Service(
    "arm",
    (
        Route(
            "GET",
            f"{ACCOUNT}/{ACCOUNT_RESULTS}/{{operation}}",
            "BatchAccount_GetOperationResult",
            _creation_result,
            shows="mgmt_batch.BatchAccount",
        ),
        Route("GET", f"{LOCATION}/{DELETION_RESULTS}/{{operation}}", "BatchLocation_GetOperationResult", _deletion_result),
        Route("GET", f"{ACCOUNT}/{POOL_RESULTS}/{{operation}}", "BatchPool_GetOperationResult", _pool_deletion_result),
    ),
    render_error,
    arm.admit,
)
