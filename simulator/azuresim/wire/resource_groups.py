"""Microsoft.Resources: tenants, subscriptions, locations, providers, resource groups, and lists of resources of every type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azuresim.core.errors import ServiceError
from azuresim.core.inventory import Resource
from azuresim.core.regions import display_name, region_keys
from azuresim.core.resource_groups import GROUP_OPERATIONS
from azuresim.core.subscriptions import ResourceGroup, Subscription
from azuresim.wire import arm
from azuresim.wire.api_versions import API_VERSIONS, NAMESPACES
from azuresim.wire.http import Response, json_response
from azuresim.wire.resource_filter import parse_resource_filter
from azuresim.wire.routing import Call, Route, Service

Json = dict[str, Any]
# What ARM asks clients to wait between two looks at a group's deletion.
_POLL_SECONDS = 15


def _subscription(subscription: Subscription) -> Json:
    return {
        "id": f"/subscriptions/{subscription.id}",
        "subscriptionId": subscription.id,
        "tenantId": subscription.tenant,
        "displayName": subscription.display_name,
        "state": "Enabled",
        "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
        "authorizationSource": "RoleBased",
    }


def _group(group: ResourceGroup) -> Json:
    shown: Json = {"id": group.id, "name": group.name, "type": "Microsoft.Resources/resourceGroups", "location": group.location}
    if group.managed_by is not None:
        shown["managedBy"] = group.managed_by
    return shown | {"tags": group.tags, "properties": {"provisioningState": group.state}}


def _list_tenants(call: Call) -> Response:
    known = dict.fromkeys((call.world.tenant, *(s.tenant for s in call.world.subscriptions.all())))
    return arm.page({"id": f"/tenants/{tenant}", "tenantId": tenant, "tenantCategory": "Home"} for tenant in known)


def _list_subscriptions(call: Call) -> Response:
    return arm.page(map(_subscription, call.world.subscriptions.all()))


def _get_subscription(call: Call) -> Response:
    return json_response(200, _subscription(call.world.subscriptions.get(call.params["subscription"])))


def _list_locations(call: Call) -> Response:
    subscription = call.world.subscriptions.get(call.params["subscription"])
    return arm.page(
        {
            "id": f"/subscriptions/{subscription.id}/locations/{name}",
            "name": name,
            "type": "Region",
            "displayName": display_name(name),
            "regionalDisplayName": display_name(name),
            "metadata": {"regionType": "Physical"},
        }
        for name in region_keys()
    )


def _provider(subscription: Subscription, namespace: str) -> Json:
    regions = [display_name(name) for name in region_keys()]
    types = {kind.split("/", 1)[1]: versions for kind, versions in API_VERSIONS.items() if kind.startswith(f"{namespace}/")}
    return {
        "id": f"/subscriptions/{subscription.id}/providers/{namespace}",
        "namespace": namespace,
        "resourceTypes": [{"resourceType": kind, "locations": regions, "apiVersions": list(versions)} for kind, versions in types.items()],
        "registrationState": subscription.registration(namespace),
        "registrationPolicy": "RegistrationRequired",
    }


def _list_providers(call: Call) -> Response:
    subscription = call.world.subscriptions.get(call.params["subscription"])
    return arm.page(_provider(subscription, namespace) for namespace in NAMESPACES.values())


def _named_provider(call: Call) -> tuple[Subscription, str]:
    wanted = call.params["namespace"]
    found = NAMESPACES.get(wanted.lower())
    if found is None:
        raise ServiceError(404, "InvalidResourceNamespace", f"The resource namespace '{wanted}' is invalid.")
    return call.world.subscriptions.get(call.params["subscription"]), found


def _get_provider(call: Call) -> Response:
    return json_response(200, _provider(*_named_provider(call)))


def _register(call: Call) -> Response:
    subscription, namespace = _named_provider(call)
    call.world.groups.register(subscription, namespace)
    return json_response(200, _provider(subscription, namespace))


def _unregister(call: Call) -> Response:
    subscription, namespace = _named_provider(call)
    call.world.groups.unregister(subscription, namespace)
    return json_response(200, _provider(subscription, namespace))


def _list_groups(call: Call) -> Response:
    subscription = call.world.subscriptions.get(call.params["subscription"])
    keep = parse_resource_filter(call.request.query.get("$filter"))
    return arm.page(shown for shown in map(_group, subscription.groups.values()) if keep(shown))


def _get_group(call: Call) -> Response:
    return json_response(200, _group(call.world.subscriptions.group(call.params["subscription"], call.params["group"])))


def _put_group(call: Call) -> Response:
    group, created = call.world.groups.put(call.params["subscription"], call.params["group"], arm.untyped(call))
    return json_response(201 if created else 200, _group(group))


def _patch_group(call: Call) -> Response:
    return json_response(200, _group(call.world.groups.patch(call.params["subscription"], call.params["group"], arm.untyped(call))))


def _delete_group(call: Call) -> Response:
    operation = call.world.groups.delete(call.params["subscription"], call.params["group"])
    return Response(202, _operation_headers(call, operation.subscription, operation.id))


def _operation_headers(call: Call, subscription: str, operation_id: str) -> dict[str, str]:
    return arm.location_headers(call, f"/subscriptions/{subscription}/{GROUP_OPERATIONS}/{operation_id}", _POLL_SECONDS)


def _operation_result(call: Call) -> Response:
    operation = call.world.operations.result(call.params["operation"])
    if operation.ended is None:
        return Response(202, _operation_headers(call, operation.subscription, operation.id))
    return Response(200)


def _resource(kind: str, resource: Resource, extra: Json) -> Json:
    shown: Json = {"id": str(resource.id), "name": "/".join(resource.id.names), "type": kind, **extra, "location": resource.location}
    if resource.tags:
        shown["tags"] = dict(resource.tags)
    return shown


def _list_resources(call: Call) -> Response:
    subscription, group = arm.check_scope(call)
    keep = parse_resource_filter(call.request.query.get("$filter"))
    everything = (_resource(*found) for found in call.world.inventory.within(subscription, group))
    found = [shown for shown in everything if keep(shown)]
    return arm.page(found[: arm.top(call)])


_SUBSCRIPTION = "/subscriptions/{subscription}"
_PROVIDER = f"{_SUBSCRIPTION}/providers/{{namespace}}"
_TABLE: tuple[tuple[str, str, str, Callable[[Call], Response]], ...] = (
    ("GET", "/tenants", "Tenants_List", _list_tenants),
    ("GET", "/subscriptions", "Subscriptions_List", _list_subscriptions),
    ("GET", _SUBSCRIPTION, "Subscriptions_Get", _get_subscription),
    ("GET", f"{_SUBSCRIPTION}/locations", "Subscriptions_ListLocations", _list_locations),
    ("GET", f"{_SUBSCRIPTION}/providers", "Providers_List", _list_providers),
    ("GET", _PROVIDER, "Providers_Get", _get_provider),
    ("POST", f"{_PROVIDER}/register", "Providers_Register", _register),
    ("POST", f"{_PROVIDER}/unregister", "Providers_Unregister", _unregister),
    ("GET", f"{_SUBSCRIPTION}/resources", "Resources_List", _list_resources),
    ("GET", f"{_SUBSCRIPTION}/resourceGroups", "ResourceGroups_List", _list_groups),
    ("GET", arm.GROUP, "ResourceGroups_Get", _get_group),
    ("PUT", arm.GROUP, "ResourceGroups_CreateOrUpdate", _put_group),
    ("PATCH", arm.GROUP, "ResourceGroups_Update", _patch_group),
    ("DELETE", arm.GROUP, "ResourceGroups_Delete", _delete_group),
    ("GET", f"{arm.GROUP}/resources", "Resources_ListByResourceGroup", _list_resources),
    ("GET", f"{_SUBSCRIPTION}/{GROUP_OPERATIONS}/{{operation}}", "ResourceGroups_GetOperationResult", _operation_result),
)

SERVICE = Service("arm", tuple(Route(*row) for row in _TABLE), arm.render_error, arm.admit)
