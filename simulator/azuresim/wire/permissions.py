"""Microsoft.Authorization permissions, and what every ARM request needs of them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any

from azuresim.wire import arm
from azuresim.wire.http import Request, Response
from azuresim.wire.routing import Call, Route, Service

Json = dict[str, Any]
_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_POLLED = ("operations", "operationresults")
_NOBODY = "00000000-0000-0000-0000-000000000000"
_JOIN_NIC, _JOIN_SUBNET = "Microsoft.Network/networkInterfaces/join/action", "Microsoft.Network/virtualNetworks/subnets/join/action"


def required_action(request: Request) -> tuple[str, str] | None:
    """Action and scope, from the form every ARM path has; None for paths outside any provider and for polling operations."""
    parts = request.segments
    at = max((i for i, part in enumerate(parts) if part.lower() == "providers"), default=-1)
    if not parts or parts[0].lower() != "subscriptions" or at < 0 or len(parts) <= at + 2:
        return None
    namespace, rest = parts[at + 1], parts[at + 2 :]
    if namespace.lower() == "microsoft.authorization" or (len(rest) > 1 and rest[-2].lower().endswith(_POLLED)):
        return None
    types = "/".join(rest[0::2])
    acts = request.method == "POST" and len(rest) % 2
    action = f"{namespace}/{types}/action" if acts else f"{namespace}/{types}/{_VERBS.get(request.method, 'action')}"
    scope = parts[:-1] if len(rest) % 2 else parts
    return action, "/" + "/".join(scope if len(rest) > 1 else parts[:at])


def check(call: Call) -> None:
    """Raises 403 for a request to ARM whose action was taken away."""
    needed = required_action(call.request)
    if needed is not None:
        client, object_id = _who(call.request)
        call.world.permissions.check(*needed, client=client, object_id=object_id)


def check_joins(call: Call, body: Mapping[str, Any]) -> None:
    """A machine's NICs and the subnets of NICs must be the client's to join."""
    needed = required_action(call.request)
    client, object_id = _who(call.request)
    for linked, scope in _joined(body):
        if needed is not None and scope:
            call.world.permissions.check_linked(*needed, linked, scope, client=client, object_id=object_id)


def _joined(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    properties = body.get("properties") or {}
    profile = properties.get("networkProfile") or {}
    for reference in profile.get("networkInterfaces") or ():
        yield _JOIN_NIC, str(reference.get("id") or "")
    for each in (properties, *((made.get("properties") or {}) for made in profile.get("networkInterfaceConfigurations") or ())):
        for address in each.get("ipConfigurations") or ():
            yield _JOIN_SUBNET, str(((address.get("properties") or {}).get("subnet") or {}).get("id") or "")


def _who(request: Request) -> tuple[str, str]:
    """Application and object id in the token; zeros for a token that says nothing."""
    parts = request.headers.get("authorization", "").split(".")
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
    except (IndexError, ValueError, binascii.Error):
        return _NOBODY, _NOBODY
    return str(claims.get("appid", _NOBODY)), str(claims.get("oid", _NOBODY))


def _list(call: Call) -> Response:
    """What the client may do at a scope: one row, an owner's, less what was taken away."""
    call.world.subscriptions.get(call.params["subscription"])
    if "group" in call.params:
        call.world.subscriptions.group(call.params["subscription"], call.params["group"])
    parts = call.request.segments[:-3]
    taken = call.world.permissions.taken("/" + "/".join(parts))
    return arm.page([{"actions": ["*"], "notActions": taken, "dataActions": [], "notDataActions": []}])


_PERMISSIONS = "providers/Microsoft.Authorization/permissions"
_RESOURCE = f"{arm.GROUP}/providers/{{namespace}}/{{type}}/{{name}}"

SERVICE = Service(
    "authorization",
    (
        Route("GET", f"/subscriptions/{{subscription}}/{_PERMISSIONS}", "Permissions_ListForSubscription", _list),
        Route("GET", f"{arm.GROUP}/{_PERMISSIONS}", "Permissions_ListForResourceGroup", _list),
        Route("GET", f"{_RESOURCE}/{_PERMISSIONS}", "Permissions_ListForResource", _list),
        Route("GET", f"{_RESOURCE}/{{type2}}/{{name2}}/{_PERMISSIONS}", "Permissions_ListForResource", _list),
        Route("GET", f"{_RESOURCE}/{{type2}}/{{name2}}/{{type3}}/{{name3}}/{_PERMISSIONS}", "Permissions_ListForResource", _list),
    ),
    arm.render_error,
    arm.admit,
)
