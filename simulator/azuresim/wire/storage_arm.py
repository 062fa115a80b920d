"""Microsoft.Storage accounts."""

from __future__ import annotations

import base64
from typing import Any

from azuresim.core.operations import Operation
from azuresim.core.resource_id import ResourceId
from azuresim.core.storage import StorageAccount
from azuresim.core.storage_accounts import STORAGE_OPERATIONS
from azuresim.wire import arm
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Route, Service
from azuresim.wire.timestamps import arm_time

Json = dict[str, Any]
# What the service asks clients to wait for a new account.
_POLL_SECONDS = 17


def _account_id(call: Call) -> ResourceId:
    found = call.resource_id("Microsoft.Storage", ("storageAccounts", "account"))
    call.world.subscriptions.require(found)
    return found


def _account(call: Call) -> StorageAccount:
    return call.world.storage.account(_account_id(call))


def _show(call: Call, account: StorageAccount) -> Json:
    created = arm_time(account.created)
    shown: Json = {
        "sku": {"name": account.sku, "tier": account.sku.partition("_")[0]},
        "kind": account.kind,
        "id": str(account.id),
        "name": account.name,
        "type": "Microsoft.Storage/storageAccounts",
        "location": account.location,
        "tags": account.tags,
    }
    if account.identity is not None:
        shown["identity"] = account.identity
    return shown | {
        "properties": {
            "keyCreationTime": {"key1": created, "key2": created},
            "supportsHttpsTrafficOnly": True,
            **account.settings,
            "provisioningState": account.state,
            "creationTime": created,
            "primaryEndpoints": {**account.settings.get("primaryEndpoints", {}), "blob": call.world.blob_endpoint(account)},
            "primaryLocation": account.location,
            "statusOfPrimary": "available",
        }
    }


def _get(call: Call) -> Response:
    return json_response(200, _show(call, _account(call)))


def _list(call: Call) -> Response:
    return arm.page(_show(call, account) for account in call.world.storage.in_group(*arm.check_scope(call)))


def _put(call: Call) -> Response:
    account, operation = call.world.storage_accounts.put(_account_id(call), call.body)
    return json_response(200, _show(call, account)) if operation is None else Response(202, _operation_headers(call, operation, account))


def _patch(call: Call) -> Response:
    return json_response(200, _show(call, call.world.storage_accounts.patch(_account_id(call), call.body)))


def _delete(call: Call) -> Response:
    return Response(200 if call.world.storage_accounts.delete(_account_id(call)) else 204)


def _operation_headers(call: Call, operation: Operation, account: StorageAccount) -> dict[str, str]:
    base = f"/subscriptions/{operation.subscription}/providers/Microsoft.Storage/locations/{operation.location}/{STORAGE_OPERATIONS}"
    return arm.location_headers(call, f"{base}/{operation.id}-{account.id.group}-{account.name}", _POLL_SECONDS)


def _operation_result(call: Call) -> Response:
    """`{guid}-{group}-{account}`: what was made is answered at the end."""
    guid, rest = call.params["operation"][:36], call.params["operation"][37:]
    group, _, name = rest.rpartition("-")
    operation = call.world.operations.result(guid)
    account = call.world.storage.account(
        ResourceId(operation.subscription, group, "Microsoft.Storage", ("storageAccounts",), (name,)),
    )
    if operation.ended is None:
        return Response(202, _operation_headers(call, operation, account))
    return json_response(200, _show(call, account))


def _keys(account: StorageAccount) -> Response:
    shown = [
        {
            "creationTime": arm_time(account.created),
            "keyName": f"key{number}",
            "value": base64.b64encode(key.encode()).decode(),
            "permissions": "FULL",
        }
        for number, key in enumerate(account.keys, start=1)
    ]
    return json_response(200, {"keys": shown})


def _list_keys(call: Call) -> Response:
    return _keys(_account(call))


def _regenerate_key(call: Call) -> Response:
    return _keys(call.world.storage_accounts.regenerate_key(_account_id(call), call.body["keyName"]))


def _check_name(call: Call) -> Response:
    call.world.subscriptions.get(call.params["subscription"])
    found = call.world.storage_accounts.unavailable(call.body["name"])
    if found is None:
        return json_response(200, {"nameAvailable": True})
    return json_response(200, {"nameAvailable": False, "reason": found[0], "message": found[1]})


_PROVIDER = "/subscriptions/{subscription}/providers/Microsoft.Storage"
_ACCOUNTS = f"{arm.GROUP}/providers/Microsoft.Storage/storageAccounts"
_MODEL = "storage.StorageAccount"
_ACCOUNT = f"{_ACCOUNTS}/{{account}}"

SERVICE = Service(
    "storage-arm",
    (
        Route("GET", f"{_PROVIDER}/storageAccounts", "StorageAccounts_List", _list, shows=_MODEL),
        Route("GET", _ACCOUNTS, "StorageAccounts_ListByResourceGroup", _list, shows=_MODEL),
        Route("GET", _ACCOUNT, "StorageAccounts_GetProperties", _get, shows=_MODEL),
        Route("PUT", _ACCOUNT, "StorageAccounts_Create", _put, schema=_MODEL, shows=_MODEL),
        Route("PATCH", _ACCOUNT, "StorageAccounts_Update", _patch, schema=_MODEL, shows=_MODEL),
        Route("DELETE", _ACCOUNT, "StorageAccounts_Delete", _delete),
        Route("POST", f"{_ACCOUNT}/listKeys", "StorageAccounts_ListKeys", _list_keys, reads=True),
        Route("POST", f"{_ACCOUNT}/regenerateKey", "StorageAccounts_RegenerateKey", _regenerate_key, schema="storage.RegenerateKey"),
        Route(
            "POST",
            f"{_PROVIDER}/checkNameAvailability",
            "StorageAccounts_CheckNameAvailability",
            _check_name,
            schema="storage.CheckNameAvailability",
            reads=True,
        ),
        Route("GET", f"{_PROVIDER}/locations/{{location}}/{STORAGE_OPERATIONS}/{{operation}}", "StorageOperations_Get", _operation_result),
    ),
    arm.render_error,
    arm.admit,
)
