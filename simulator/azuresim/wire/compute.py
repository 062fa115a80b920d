"""What the operations of Microsoft.Compute's own resource provider share: headers of long-running ones, names in paths."""

from __future__ import annotations

from typing import Any

from azuresim.core.errors import ServiceError
from azuresim.core.operations import Operation
from azuresim.core.regions import is_region
from azuresim.core.resource_id import ResourceId
from azuresim.wire import arm
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call

Json = dict[str, Any]
NAMESPACE = "Microsoft.Compute"
LOCATION = "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}"
MACHINES = f"{arm.GROUP}/providers/Microsoft.Compute/virtualMachines"
MACHINE = f"{MACHINES}/{{machine}}"


def machine_id(call: Call) -> ResourceId:
    """The machine a path speaks of. Raises 404 for a missing subscription or group."""
    found = call.resource_id(NAMESPACE, ("virtualMachines", "machine"))
    call.world.subscriptions.require(found)
    return found


def location(call: Call) -> str:
    """The region a path speaks of. Raises 400 for one that is none, 404 for a missing subscription."""
    call.world.subscriptions.get(call.params["subscription"])
    name = call.params["location"]
    if not is_region(name):
        raise ServiceError(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '{name}' and API version '{call.api_version}' for type 'locations'.",
        )
    return name


def headers(call: Call, operation: Operation, *, final: bool) -> dict[str, str]:
    """As recorded on 200, 201 and 202; ``final`` adds `Location`, for operations whose end has no resource to read."""
    return {"Azure-AsyncNotification": "Enabled", **arm.operation_headers(call, operation, location=final)}


def written(call: Call, shown: Json, operation: Operation, *, created: bool = False, etag: str | None = None) -> Response:
    """The answer to a PUT or a PATCH."""
    tag = {} if etag is None else {"ETag": etag}
    return json_response(201 if created else 200, shown, {**headers(call, operation, final=False), **tag})


def accepted(call: Call, operation: Operation | None) -> Response:
    """The answer to a POST or a DELETE; 204 when there was nothing to do."""
    return Response(204) if operation is None else Response(202, headers(call, operation, final=True))
