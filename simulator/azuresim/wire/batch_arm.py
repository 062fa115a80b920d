"""Microsoft.Batch accounts and locations, as far as reading them."""

from __future__ import annotations

import base64
from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.catalogue import VmSize
from azuresim.core.errors import ServiceError
from azuresim.core.regions import is_region
from azuresim.wire import arm
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Route, Service
from azuresim.wire.timestamps import http_time

Json = dict[str, Any]
# Recorded defaults of new accounts.
_JOB_QUOTA = 300
_ACCOUNT_QUOTA = 1000


def _account(call: Call) -> BatchAccount:
    found = call.resource_id("Microsoft.Batch", ("batchAccounts", "account"))
    call.world.subscriptions.require(found)
    return call.world.batch.get(found)


def _show(call: Call, account: BatchAccount) -> Json:
    properties: Json = {
        "accountEndpoint": call.world.batch_endpoint(account),
        "nodeManagementEndpoint": f"{account.node_management_id}.{account.location}.service.batch.azure.com",
        "provisioningState": "Succeeded",
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
        "activeJobAndJobScheduleQuota": _JOB_QUOTA,
        "poolAllocationMode": account.allocation_mode,
        "publicNetworkAccess": "Enabled",
        "privateEndpointConnections": [],
        "encryption": {"keySource": "Microsoft.Batch"},
        "allowedAuthenticationModes": list(account.authentication_modes),
    }
    shown: Json = {"id": str(account.id), "name": account.name, "type": "Microsoft.Batch/batchAccounts", "location": account.location}
    if account.tags:
        shown["tags"] = account.tags
    return shown | {"properties": properties, "identity": {"type": "None"}}


def _get(call: Call) -> Response:
    account = _account(call)
    return json_response(200, _show(call, account), {"ETag": f'"{account.etag}"', "Last-Modified": http_time(account.last_modified)})


def _list(call: Call) -> Response:
    subscription, group = call.params["subscription"], call.params.get("group")
    if group is None:
        call.world.subscriptions.get(subscription)
    else:
        call.world.subscriptions.group(subscription, group)
    return arm.page(_show(call, account) for account in call.world.batch.in_group(subscription, group))


def _list_keys(call: Call) -> Response:
    account = _account(call)
    if "SharedKey" not in account.authentication_modes:
        raise ServiceError(409, "OperationNotAllowed", "The account does not allow shared key authentication.")
    primary, secondary = (base64.b64encode(key.encode()).decode() for key in account.keys)
    return json_response(200, {"accountName": account.name, "primary": primary, "secondary": secondary})


def _location(call: Call) -> str:
    call.world.subscriptions.get(call.params["subscription"])
    location = call.params["location"]
    if not is_region(location):
        raise ServiceError(
            400, "LocationNotAvailableForResourceType", f"The provided location '{location}' is not available for Microsoft.Batch."
        )
    return location


def _quotas(call: Call) -> Response:
    _location(call)
    return json_response(200, {"accountQuota": _ACCOUNT_QUOTA})


def _skus(call: Call) -> Response:
    return arm.page(map(_sku, call.world.catalogue.sizes(_location(call))))


def _sku(size: VmSize) -> Json:
    capabilities = {
        "MaxResourceVolumeMB": str(size.temp_disk_mb),
        "OSVhdSizeMB": "1047552",
        "vCPUs": str(size.vcpus),
        "HyperVGenerations": ",".join(size.generations),
        "MemoryGB": f"{size.memory_gib:g}",
        "CpuArchitectureType": size.architecture,
        "LowPriorityCapable": str(size.low_priority),
        "VMDeploymentTypes": "IaaS",
        "vCPUsAvailable": str(size.vcpus),
    }
    if not size.trusted_launch:
        capabilities["TrustedLaunchDisabled"] = "True"
    return {
        "name": size.name,
        "familyName": size.family,
        "capabilities": [{"name": name, "value": value} for name, value in capabilities.items()],
    }


_ACCOUNTS = f"{arm.GROUP}/providers/Microsoft.Batch/batchAccounts"
_LOCATION = "/subscriptions/{subscription}/providers/Microsoft.Batch/locations/{location}"

SERVICE = Service(
    "batch-arm",
    (
        Route(
            "GET",
            "/subscriptions/{subscription}/providers/Microsoft.Batch/batchAccounts",
            "BatchAccount_List",
            _list,
            shows="mgmt_batch.BatchAccount",
        ),
        Route("GET", _ACCOUNTS, "BatchAccount_ListByResourceGroup", _list, shows="mgmt_batch.BatchAccount"),
        Route("GET", f"{_ACCOUNTS}/{{account}}", "BatchAccount_Get", _get, shows="mgmt_batch.BatchAccount"),
        Route(
            "POST", f"{_ACCOUNTS}/{{account}}/listKeys", "BatchAccount_GetKeys", _list_keys, reads=True, shows="mgmt_batch.BatchAccountKeys"
        ),
        Route("GET", f"{_LOCATION}/quotas", "Location_GetQuotas", _quotas, shows="mgmt_batch.BatchLocationQuota"),
        Route("GET", f"{_LOCATION}/virtualMachineSkus", "Location_ListSupportedVirtualMachineSkus", _skus, shows="mgmt_batch.SupportedSku"),
    ),
    arm.render_error,
    arm.admit,
)
