"""A Batch account as ARM shows it, members in the order of recorded answers."""

from __future__ import annotations

from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.wire.batch_arm_envelope import versioned
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call
from azuresim.wire.timestamps import batch_time

Json = dict[str, Any]
# The members of an account's properties that are its configuration, in the order of recorded answers, around the allocation mode.
_BEFORE_MODE, _AFTER_MODE = (
    ("autoStorage",),
    ("keyVaultReference", "publicNetworkAccess", "networkProfile", "privateEndpointConnections", "encryption"),
)


def account_json(call: Call, account: BatchAccount) -> Json:
    """An account as ARM shows it."""
    properties: Json = {
        "accountEndpoint": call.world.batch_endpoint(account),
        "nodeManagementEndpoint": account.node_management_endpoint,
        "provisioningState": account.state,
    }
    if account.allocation_mode == "BatchService":
        # In the other mode core quotas live on the subscription, and none of these is answered.
        properties |= {
            "dedicatedCoreQuota": account.dedicated_quota,
            "dedicatedCoreQuotaPerVMFamily": [{"name": name, "coreQuota": quota} for name, quota in account.family_quotas.items()],
            "lowPriorityCoreQuota": account.low_priority_quota,
        }
    properties |= {
        "dedicatedCoreQuotaPerVMFamilyEnforced": account.families_enforced,
        "poolQuota": account.pool_quota,
        "activeJobAndJobScheduleQuota": account.job_quota,
    }
    settings = {
        "publicNetworkAccess": "Enabled",
        "privateEndpointConnections": [],
        "encryption": {"keySource": "Microsoft.Batch"},
        **account.settings,
    }
    properties |= {name: _setting(settings[name]) for name in _BEFORE_MODE if name in settings}
    properties["poolAllocationMode"] = account.allocation_mode
    properties |= {name: settings[name] for name in _AFTER_MODE if name in settings}
    properties |= {name: value for name, value in settings.items() if name not in properties}
    properties["allowedAuthenticationModes"] = list(account.authentication_modes)
    shown: Json = {"id": str(account.id), "name": account.name, "type": "Microsoft.Batch/batchAccounts", "location": account.location}
    if account.tags:
        shown["tags"] = account.tags
    return shown | {"properties": properties, "identity": account.identity}


def _setting(value: Json) -> Json:
    """Automatic storage; the time of its last look at the keys is a moment when it is ours, a text when it was adopted."""
    synced = value.get("lastKeySync")
    return {
        name: batch_time(synced) if name == "lastKeySync" and isinstance(synced, float) else value[name]
        for name in ("storageAccountId", "lastKeySync", *(n for n in value if n not in {"storageAccountId", "lastKeySync"}))
        if name in value
    }


def show_account(call: Call, account: BatchAccount) -> Response:
    """200 with the account and its version."""
    return json_response(200, account_json(call, account), versioned(account.etag, account.last_modified))
