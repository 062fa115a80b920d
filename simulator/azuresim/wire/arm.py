"""What all of ARM has in common: envelope, errors, operations, subscriptions and groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from azuresim.core.errors import ServiceError
from azuresim.core.operations import COMPUTE, DISKS, GALLERIES, Operation
from azuresim.core.resource_id import ResourceId
from azuresim.core.subscriptions import ResourceGroup, Subscription
from azuresim.wire import tokens
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Route, Service
from azuresim.wire.timestamps import arm_time

Json = dict[str, Any]
GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
# Recorded cadence of gallery operations; a scaled clock divides it.
_POLL_SECONDS = 60
_MIN_POLL_MS = 10
_AUDIENCES = frozenset({"https://management.azure.com", "https://management.core.windows.net"})


def admit(call: Call) -> None:
    """A bearer token for ARM that counts, and an api-version, or 401 and 400."""
    token = tokens.bearer_of(call)
    if token is None:
        raise _unauthenticated(call, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    seen = tokens.examine(call, token, _AUDIENCES | {call.world.base_url.lower()})
    if isinstance(seen, tokens.Refused):
        raise _unauthenticated(call, *_token_fault(call, seen))
    if "api-version" not in call.request.query:
        raise ServiceError(
            400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests."
        )


def _token_fault(call: Call, refused: tokens.Refused) -> tuple[str, str]:
    """Code and sentence, as ARM words them."""
    claims = refused.claims
    match refused.fault:
        case "expired":
            ends, now = (f"{datetime.fromtimestamp(moment, UTC):%m/%d/%Y %H:%M:%S}" for moment in (claims["exp"], call.real_now))
            return "ExpiredAuthenticationToken", f"The access token expiry UTC time '{ends}' is earlier than current UTC time '{now}'."
        case "audience":
            allowed = ",".join(f"'{audience}/'" for audience in sorted(_AUDIENCES))
            words = f"The access token has been obtained for wrong audience or resource '{claims.get('aud')}'."
            return "InvalidAuthenticationTokenAudience", f"{words} It should exactly match with one of the allowed audiences {allowed}."
        case "issuer":
            words = f"The access token is from the wrong issuer '{claims.get('iss')}'."
            return (
                "InvalidAuthenticationTokenTenant",
                f"{words} It must match the tenant 'https://sts.windows.net/{call.world.tenant}/' associated with this subscription.",
            )
        case _:
            return "InvalidAuthenticationToken", "The access token is invalid."


def _unauthenticated(call: Call, code: str, message: str) -> ServiceError:
    where = f'Bearer authorization_uri="{call.world.base_url}/{call.world.tenant}"'
    return ServiceError(401, code, message, headers={"WWW-Authenticate": f'{where}, error="invalid_token", error_description="{message}"'})


def render_error(_call: Call, error: ServiceError) -> Response:
    """`{"error": {"code", "message", "target"?}}`."""
    inner: Json = {"code": error.code, "message": error.message}
    if error.target is not None:
        inner["target"] = error.target
    return json_response(error.status, {"error": inner}, error.headers)


def resource(resource_id: ResourceId, location: str, tags: Mapping[str, str] | None, properties: Mapping[str, Any]) -> Json:
    """A tracked resource, members in the order of recorded answers."""
    shown: Json = {
        "name": resource_id.name,
        "id": str(resource_id),
        "type": "/".join((resource_id.namespace, *resource_id.types)),
        "location": location,
    }
    if tags is not None:
        shown["tags"] = dict(tags)
    shown["properties"] = dict(properties)
    return shown


def page(items: Iterable[Json]) -> Response:
    """One page with everything; the lists of this simulator are short."""
    return json_response(200, {"value": list(items)})


def operation_headers(call: Call, operation: Operation, *, location: bool) -> dict[str, str]:
    """Where to poll and how often; ``location`` for operations whose end has no resource to read."""
    base = (
        f"{call.world.base_url}/subscriptions/{operation.subscription}/providers/Microsoft.Compute"
        f"/locations/{operation.location}/{operation.family}/{operation.id}"
    )
    headers = {"Azure-AsyncOperation": f"{base}?api-version={call.api_version}", **poll_headers(call)}
    if location:
        headers["Location"] = f"{base}?monitor=true&api-version={call.api_version}"
    return headers


def poll_headers(call: Call) -> dict[str, str]:
    """`Retry-After` in the world's time; a scaled clock adds `x-ms-retry-after-ms` in real time, which the SDKs prefer."""
    factor = getattr(call.world.clock, "factor", None)
    if factor is None:
        return {"Retry-After": str(_POLL_SECONDS)}
    milliseconds = max(_MIN_POLL_MS, int(1000 * _POLL_SECONDS / factor))
    return {"Retry-After": str(max(1, milliseconds // 1000)), "x-ms-retry-after-ms": str(milliseconds)}


def operation_status(call: Call) -> Response:
    """The status document; with `monitor=true` 202 until the end, then what the operation left: its output, nothing, or its error."""
    operation = call.world.operations.get(call.params["operation"])
    if call.request.query.get("monitor", "").lower() == "true":
        if operation.ended is None:
            return Response(202, {"Location": call.request.url, **poll_headers(call)})
        if operation.error is not None:
            raise operation.error
        return Response(200) if operation.output is None else json_response(200, operation.output)
    shown: Json = {"startTime": arm_time(operation.started)}
    if operation.ended is not None:
        shown["endTime"] = arm_time(operation.ended)
    shown["status"] = operation.status
    if operation.error is not None:
        shown["error"] = {"code": operation.error.code, "message": operation.error.message}
    elif operation.output is not None:
        shown["properties"] = {"output": operation.output}
    shown["name"] = operation.id
    return json_response(200, shown, poll_headers(call) if operation.ended is None else {})


def _subscription(subscription: Subscription) -> Json:
    return {
        "id": f"/subscriptions/{subscription.id}",
        "subscriptionId": subscription.id,
        "tenantId": subscription.tenant,
        "displayName": subscription.display_name,
        "state": "Enabled",
        "authorizationSource": "RoleBased",
    }


def _group(group: ResourceGroup) -> Json:
    return {
        "id": group.id,
        "name": group.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": group.location,
        "tags": group.tags,
        "properties": {"provisioningState": "Succeeded"},
    }


def _list_subscriptions(call: Call) -> Response:
    return page(map(_subscription, call.world.subscriptions.all()))


def _get_subscription(call: Call) -> Response:
    return json_response(200, _subscription(call.world.subscriptions.get(call.params["subscription"])))


def _list_groups(call: Call) -> Response:
    return page(map(_group, call.world.subscriptions.get(call.params["subscription"]).groups.values()))


def _get_group(call: Call) -> Response:
    return json_response(200, _group(call.world.subscriptions.group(call.params["subscription"], call.params["group"])))


def _head_group(call: Call) -> Response:
    call.world.subscriptions.group(call.params["subscription"], call.params["group"])
    return Response(204)


_OPERATION = "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}"

SERVICE = Service(
    "arm",
    (
        Route("GET", "/subscriptions", "Subscriptions_List", _list_subscriptions),
        Route("GET", "/subscriptions/{subscription}", "Subscriptions_Get", _get_subscription),
        Route("GET", "/subscriptions/{subscription}/resourceGroups", "ResourceGroups_List", _list_groups),
        Route("GET", GROUP, "ResourceGroups_Get", _get_group),
        Route("HEAD", GROUP, "ResourceGroups_CheckExistence", _head_group),
        Route("GET", f"{_OPERATION}/{COMPUTE}/{{operation}}", "ComputeOperations_Get", operation_status),
        Route("GET", f"{_OPERATION}/{DISKS}/{{operation}}", "DiskOperations_Get", operation_status),
        Route("GET", f"{_OPERATION}/{GALLERIES}/{{operation}}", "GalleryOperations_Get", operation_status),
    ),
    render_error,
    admit,
)
