"""Microsoft.Compute disks and snapshots."""

from __future__ import annotations

from functools import partial

from azuresim.core.managed_disks import DiskKind, ManagedDisk
from azuresim.core.operations import Operation
from azuresim.core.resource_id import ResourceId
from azuresim.wire import arm
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Route, Service


def _id(kind: DiskKind, call: Call) -> ResourceId:
    found = call.resource_id("Microsoft.Compute", (kind, "name"))
    call.world.subscriptions.require(found)
    return found


def _accepted(call: Call, disk: ManagedDisk, operation: Operation) -> Response:
    return json_response(202, disk.accepted(), arm.operation_headers(call, operation, location=True))


def _begun(call: Call, operation: Operation) -> Response:
    return Response(202, arm.operation_headers(call, operation, location=True))


def _put(kind: DiskKind, call: Call) -> Response:
    return _accepted(call, *call.world.disks.put(_id(kind, call), call.body))


def _get(kind: DiskKind, call: Call) -> Response:
    return json_response(200, call.world.disks.get(_id(kind, call)).document(call.now, call.api_version))


def _patch(kind: DiskKind, call: Call) -> Response:
    return _accepted(call, *call.world.disks.patch(_id(kind, call), call.body))


def _delete(kind: DiskKind, call: Call) -> Response:
    operation = call.world.disks.delete(_id(kind, call))
    return Response(204) if operation is None else _begun(call, operation)


def _list(kind: DiskKind, call: Call) -> Response:
    shelf = call.world.sources.snapshots if kind == "snapshots" else call.world.sources.disks
    return arm.page(disk.document(call.now, call.api_version) for disk in shelf.within(*arm.check_scope(call)))


def _begin_access(kind: DiskKind, call: Call) -> Response:
    disk = call.world.disks.get(_id(kind, call))
    operation = call.world.disks.accesses.grant(disk, access=call.body["access"], seconds=int(call.body["durationInSeconds"]))
    return _begun(call, operation)


def _end_access(kind: DiskKind, call: Call) -> Response:
    return _begun(call, call.world.disks.accesses.revoke(call.world.disks.get(_id(kind, call))))


def _routes(kind: DiskKind, model: str, name: str) -> tuple[Route, ...]:
    plural = f"{arm.GROUP}/providers/Microsoft.Compute/{kind}"
    one, all_of_them = f"{plural}/{{name}}", f"/subscriptions/{{subscription}}/providers/Microsoft.Compute/{kind}"
    shown = f"compute.{model}"
    return (
        Route("GET", all_of_them, f"{name}_List", partial(_list, kind), shows=shown),
        Route("GET", plural, f"{name}_ListByResourceGroup", partial(_list, kind), shows=shown),
        Route("PUT", one, f"{name}_CreateOrUpdate", partial(_put, kind), schema=shown, shows=shown),
        Route("GET", one, f"{name}_Get", partial(_get, kind), shows=shown),
        Route("PATCH", one, f"{name}_Update", partial(_patch, kind), schema=f"{shown}Update", shows=shown),
        Route("DELETE", one, f"{name}_Delete", partial(_delete, kind)),
        Route("POST", f"{one}/beginGetAccess", f"{name}_GrantAccess", partial(_begin_access, kind), schema="compute.GrantAccessData"),
        Route("POST", f"{one}/endGetAccess", f"{name}_RevokeAccess", partial(_end_access, kind)),
    )


SERVICE = Service(
    "disks", (*_routes("disks", "Disk", "Disks"), *_routes("snapshots", "Snapshot", "Snapshots")), arm.render_error, arm.admit
)
