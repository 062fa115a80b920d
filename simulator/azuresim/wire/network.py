"""Microsoft.Network interfaces: read, listed, deleted. Machines make them."""

from __future__ import annotations

from typing import Any

from azuresim.core.network import NetworkInterface
from azuresim.core.operations import COMPUTE
from azuresim.core.resource_id import ResourceId
from azuresim.wire import arm
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Route, Service

Json = dict[str, Any]


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
    subscription, group = call.params["subscription"], call.params.get("group")
    if group is None:
        call.world.subscriptions.get(subscription)
    else:
        call.world.subscriptions.group(subscription, group)
    return arm.page(map(_shown, call.world.virtual.network.within(subscription, group)))


def _delete(call: Call) -> Response:
    operation = call.world.virtual.network.delete(_nic_id(call))
    if operation is None:
        return Response(204)
    base = (
        f"{call.world.base_url}/subscriptions/{operation.subscription}/providers/Microsoft.Network"
        f"/locations/{operation.location}/{COMPUTE}/{operation.id}"
    )
    headers = {
        "Azure-AsyncOperation": f"{base}?api-version={call.api_version}",
        "Location": f"{base}?monitor=true&api-version={call.api_version}",
    }
    return Response(202, {**headers, **arm.poll_headers(call)})


_NICS = f"{arm.GROUP}/providers/Microsoft.Network/networkInterfaces"
_OPERATION = f"/subscriptions/{{subscription}}/providers/Microsoft.Network/locations/{{location}}/{COMPUTE}/{{operation}}"

SERVICE = Service(
    "network",
    (
        Route("GET", "/subscriptions/{subscription}/providers/Microsoft.Network/networkInterfaces", "NetworkInterfaces_ListAll", _list),
        Route("GET", _NICS, "NetworkInterfaces_List", _list),
        Route("GET", f"{_NICS}/{{nic}}", "NetworkInterfaces_Get", _get),
        Route("DELETE", f"{_NICS}/{{nic}}", "NetworkInterfaces_Delete", _delete),
        Route("GET", _OPERATION, "NetworkOperations_Get", arm.operation_status),
    ),
    arm.render_error,
    arm.admit,
)
