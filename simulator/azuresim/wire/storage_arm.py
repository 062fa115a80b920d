"""Microsoft.Storage accounts, as far as reading them."""

from __future__ import annotations

import base64
from typing import Any

from azuresim.core.storage import StorageAccount
from azuresim.wire import arm
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Route, Service
from azuresim.wire.timestamps import arm_time

Json = dict[str, Any]


def _account(call: Call) -> StorageAccount:
    found = call.resource_id("Microsoft.Storage", ("storageAccounts", "account"))
    call.world.subscriptions.require(found)
    return call.world.storage.account(found)


def _show(call: Call, account: StorageAccount) -> Json:
    """Members this simulator does not model are shown as an adopted account brought them."""
    adopted = account.body.get("properties") or {}
    return {
        "tags": {},
        **account.body,
        "sku": {"name": account.sku, "tier": account.sku.partition("_")[0]},
        "kind": account.body.get("kind", "StorageV2"),
        "id": str(account.id),
        "name": account.name,
        "type": "Microsoft.Storage/storageAccounts",
        "location": account.location,
        "properties": {
            "supportsHttpsTrafficOnly": True,
            "creationTime": arm_time(account.created),
            "primaryLocation": account.location,
            "statusOfPrimary": "available",
            **adopted,
            "allowBlobPublicAccess": account.public_access,
            "allowSharedKeyAccess": account.shared_key_access,
            "provisioningState": "Succeeded",
            "primaryEndpoints": {**adopted.get("primaryEndpoints", {}), "blob": call.world.blob_endpoint(account)},
        },
    }


def _get(call: Call) -> Response:
    return json_response(200, _show(call, _account(call)))


def _list(call: Call) -> Response:
    subscription, group = call.params["subscription"], call.params.get("group")
    if group is None:
        call.world.subscriptions.get(subscription)
    else:
        call.world.subscriptions.group(subscription, group)
    return arm.page(_show(call, account) for account in call.world.storage.in_group(subscription, group))


def _list_keys(call: Call) -> Response:
    account = _account(call)
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


_ACCOUNTS = f"{arm.GROUP}/providers/Microsoft.Storage/storageAccounts"

SERVICE = Service(
    "storage-arm",
    (
        Route("GET", "/subscriptions/{subscription}/providers/Microsoft.Storage/storageAccounts", "StorageAccounts_List", _list),
        Route("GET", _ACCOUNTS, "StorageAccounts_ListByResourceGroup", _list),
        Route("GET", f"{_ACCOUNTS}/{{account}}", "StorageAccounts_GetProperties", _get),
        Route("POST", f"{_ACCOUNTS}/{{account}}/listKeys", "StorageAccounts_ListKeys", _list_keys, reads=True),
    ),
    arm.render_error,
    arm.admit,
)
