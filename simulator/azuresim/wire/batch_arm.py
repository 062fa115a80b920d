"""Microsoft.Batch accounts and locations."""

from __future__ import annotations

import base64
from typing import Any

from azuresim.core.batch_account_settings import name_fault
from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.catalogue import VmSize
from azuresim.core.errors import ServiceError
from azuresim.core.regions import is_region
from azuresim.wire import arm, batch_arm_pools
from azuresim.wire.batch_account_view import account_json, show_account
from azuresim.wire.batch_arm_envelope import (
    ACCOUNT,
    ACCOUNTS,
    LOCATION,
    account_id,
    find_account,
    render_error,
)
from azuresim.wire.batch_arm_results import creation_begun, deletion_begun
from azuresim.wire.batch_filter import parse_filter
from azuresim.wire.batch_outbound import list_outbound_dependencies
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Route, Service

Json = dict[str, Any]


def _get(call: Call) -> Response:
    return show_account(call, find_account(call))


def _put(call: Call) -> Response:
    account, operation = call.world.batch_writes.put(account_id(call), call.body)
    return show_account(call, account) if operation is None else creation_begun(call, operation)


def _patch(call: Call) -> Response:
    return show_account(call, call.world.batch_writes.patch(account_id(call), call.body))


def _delete(call: Call) -> Response:
    operation = call.world.batch_writes.delete(account_id(call))
    return Response(204) if operation is None else deletion_begun(call, operation)


def _list(call: Call) -> Response:
    return arm.page(account_json(call, account) for account in call.world.batch.in_group(*arm.check_scope(call)))


def _keys(account: BatchAccount, keys: tuple[str, str]) -> Response:
    primary, secondary = (base64.b64encode(key.encode()).decode() for key in keys)
    return json_response(200, {"accountName": account.name, "primary": primary, "secondary": secondary})


def _list_keys(call: Call) -> Response:
    account = find_account(call)
    return _keys(account, call.world.batch_writes.keys(account))


def _regenerate_key(call: Call) -> Response:
    account = call.world.batch_writes.regenerate_key(account_id(call), call.body["keyName"])
    return _keys(account, account.keys)


def _synchronise(call: Call) -> Response:
    call.world.batch_writes.synchronise_storage_keys(account_id(call))
    return Response(204)


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
    return json_response(200, {"accountQuota": call.world.batch.regional_quota})


def _check_name(call: Call) -> Response:
    _location(call)
    name = call.body["name"]
    fault = name_fault(name)
    if fault is not None:
        return json_response(200, {"nameAvailable": False, "reason": "Invalid", "message": fault})
    if call.world.batch.has_name(name):
        message = f"An account named '{name}' is already in use."
        return json_response(200, {"nameAvailable": False, "reason": "AlreadyExists", "message": message})
    return json_response(200, {"nameAvailable": True})


def _skus(call: Call) -> Response:
    keep = parse_filter(call.request.query.get("$filter"))
    return arm.page(shown for shown in map(_sku, call.world.catalogue.sizes(_location(call))) if keep(shown))


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


_SHOWN, _KEYS = "mgmt_batch.BatchAccount", "mgmt_batch.BatchAccountKeys"
_CREATE, _UPDATE = "mgmt_batch.BatchAccountCreateParameters", "mgmt_batch.BatchAccountUpdateParameters"
_REGENERATE = "mgmt_batch.BatchAccountRegenerateKeyParameters"
_NAME, _NAME_RESULT = "mgmt_batch.CheckNameAvailabilityParameters", "mgmt_batch.CheckNameAvailabilityResult"
_ALL = "/subscriptions/{subscription}/providers/Microsoft.Batch/batchAccounts"
_OUTBOUND = "outboundNetworkDependenciesEndpoints"

SERVICE = Service(
    "batch-arm",
    (
        Route("GET", _ALL, "BatchAccount_List", _list, shows=_SHOWN),
        Route("GET", ACCOUNTS, "BatchAccount_ListByResourceGroup", _list, shows=_SHOWN),
        Route("GET", ACCOUNT, "BatchAccount_Get", _get, shows=_SHOWN),
        Route("PUT", ACCOUNT, "BatchAccount_Create", _put, schema=_CREATE, shows=_SHOWN),
        Route("PATCH", ACCOUNT, "BatchAccount_Update", _patch, schema=_UPDATE, shows=_SHOWN),
        Route("DELETE", ACCOUNT, "BatchAccount_Delete", _delete),
        Route("POST", f"{ACCOUNT}/listKeys", "BatchAccount_GetKeys", _list_keys, reads=True, shows=_KEYS),
        Route("POST", f"{ACCOUNT}/regenerateKeys", "BatchAccount_RegenerateKey", _regenerate_key, schema=_REGENERATE, shows=_KEYS),
        Route("POST", f"{ACCOUNT}/syncAutoStorageKeys", "BatchAccount_SynchronizeAutoStorageKeys", _synchronise),
        Route(
            "GET",
            f"{ACCOUNT}/{_OUTBOUND}",
            "BatchAccount_ListOutboundNetworkDependenciesEndpoints",
            list_outbound_dependencies,
            shows="mgmt_batch.OutboundEnvironmentEndpoint",
        ),
        Route("GET", f"{LOCATION}/quotas", "Location_GetQuotas", _quotas, shows="mgmt_batch.BatchLocationQuota"),
        Route("GET", f"{LOCATION}/virtualMachineSkus", "Location_ListSupportedVirtualMachineSkus", _skus, shows="mgmt_batch.SupportedSku"),
        Route(
            "POST",
            f"{LOCATION}/checkNameAvailability",
            "Location_CheckNameAvailability",
            _check_name,
            schema=_NAME,
            shows=_NAME_RESULT,
            reads=True,
        ),
        *batch_arm_pools.ROUTES,
    ),
    render_error,
    arm.admit,
)
