"""Microsoft.Network interfaces."""

from __future__ import annotations

from typing import Any

from azuresim.core.network import NetworkInterface, check_given
from azuresim.core.operations import COMPUTE, Operation
from azuresim.core.resource_id import ResourceId
from azuresim.wire import arm
from azuresim.wire.http import Response, json_response
from azuresim.wire.permissions import check_joins
from azuresim.wire.routing import Call, Route, Service

Json = dict[str, Any]
# What the service asks clients to wait between two looks.
_POLL_SECONDS = 10


def _nic_id(call: Call) -> ResourceId:
    found = call.resource_id("Microsoft.Network", ("networkInterfaces", "nic"))
    call.world.subscriptions.require(found)
    return found


def _shown(nic: NetworkInterface) -> Json:
    tag = f'W/"{nic.guid}"'
    configurations = [
        {
            "name": each["name"],
            "id": f"{nic.id}/ipConfigurations/{each['name']}",
            "etag": tag,
            "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
            "properties": {"provisioningState": "Succeeded", **each["properties"]},
        }
        for each in nic.configurations
    ]
    properties: Json = {
        "provisioningState": nic.state,
        "resourceGuid": nic.guid,
        "ipConfigurations": configurations,
        "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
        "macAddress": nic.mac,
        "enableAcceleratedNetworking": False,
        "enableIPForwarding": False,
        "hostedWorkloads": [],
        "tapConfigurations": [],
        "nicType": "Standard",
        **nic.settings,
    }
    if nic.machine is not None:
        properties |= {"primary": True, "virtualMachine": {"id": str(nic.machine)}}
    return {**arm.resource(nic.id, nic.location, nic.tags, properties), "etag": tag}


def _get(call: Call) -> Response:
    return json_response(200, _shown(call.world.virtual.network.get(_nic_id(call))))


def _list(call: Call) -> Response:
    return arm.page(map(_shown, call.world.virtual.network.within(*arm.check_scope(call))))


def _put(call: Call) -> Response:
    nic, body = _nic_id(call), arm.untyped(call)
    check_given(body.get("properties"))
    check_joins(call, body)
    made, operation, created = call.world.virtual.network.put(nic, body)
    return json_response(201 if created else 200, _shown(made), _headers(call, operation))


def _patch(call: Call) -> Response:
    """Tags only."""
    found = call.world.virtual.network.get(_nic_id(call))
    found.tags = arm.untyped(call).get("tags") or {}
    return json_response(200, _shown(found))


def _delete(call: Call) -> Response:
    operation = call.world.virtual.network.delete(_nic_id(call))
    return Response(204) if operation is None else Response(202, _headers(call, operation))


def _headers(call: Call, operation: Operation) -> dict[str, str]:
    base = (
        f"{call.world.base_url}/subscriptions/{operation.subscription}/providers/Microsoft.Network"
        f"/locations/{operation.location}/{COMPUTE}/{operation.id}"
    )
    headers = {
        "Azure-AsyncOperation": f"{base}?api-version={call.api_version}",
        "Location": f"{base}?monitor=true&api-version={call.api_version}",
    }
    return {**headers, **arm.poll_headers(call, _POLL_SECONDS)}


_NICS = f"{arm.GROUP}/providers/Microsoft.Network/networkInterfaces"
_OPERATION = f"/subscriptions/{{subscription}}/providers/Microsoft.Network/locations/{{location}}/{COMPUTE}/{{operation}}"

SERVICE = Service(
    "network",
    (
        Route("GET", "/subscriptions/{subscription}/providers/Microsoft.Network/networkInterfaces", "NetworkInterfaces_ListAll", _list),
        Route("GET", _NICS, "NetworkInterfaces_List", _list),
        Route("GET", f"{_NICS}/{{nic}}", "NetworkInterfaces_Get", _get),
        Route("PUT", f"{_NICS}/{{nic}}", "NetworkInterfaces_CreateOrUpdate", _put),
        Route("PATCH", f"{_NICS}/{{nic}}", "NetworkInterfaces_UpdateTags", _patch),
        Route("DELETE", f"{_NICS}/{{nic}}", "NetworkInterfaces_Delete", _delete),
        Route("GET", _OPERATION, "NetworkOperations_Get", arm.operation_status),
    ),
    arm.render_error,
    arm.admit,
)
