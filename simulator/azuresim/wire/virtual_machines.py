"""Microsoft.Compute virtual machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azuresim.core.errors import invalid_parameter
from azuresim.core.machine import Machine
from azuresim.core.machine_power import MachinePower
from azuresim.core.operations import Operation
from azuresim.core.regions import region_key
from azuresim.wire import arm, machine_views
from azuresim.wire.compute import LOCATION, MACHINE, MACHINES, accepted, location, machine_id, written
from azuresim.wire.http import Response, json_response
from azuresim.wire.permissions import check_joins
from azuresim.wire.routing import Call, Route, Service

Json = dict[str, Any]
_EXPANSIONS = frozenset({"instanceview", "userdata", "resiliencyview"})
# Recorded: 2024-07-01 shows tags, 2022-11-01 does not; which version between the two was the first is unverified.
_TAGS_FROM = "2024-03-01"


def _machine(call: Call) -> Machine:
    return call.world.virtual.machines.get(machine_id(call))


def _conditions(call: Call) -> dict[str, str | None]:
    return {"if_match": call.request.headers.get("if-match"), "if_none_match": call.request.headers.get("if-none-match")}


def _expansions(call: Call) -> set[str]:
    wanted = {part.strip().lower() for part in call.request.query.get("$expand", "").split(",") if part.strip()}
    if wanted - _EXPANSIONS:
        raise invalid_parameter("The value of query parameter $expand is invalid.", target="$expand")
    return wanted


def _tag(call: Call, machine: Machine) -> str | None:
    return machine.etag if call.api_version >= _TAGS_FROM else None


def _shown(call: Call, machine: Machine, *, view: bool = False, user_data: bool = False) -> Json:
    shown = machine_views.machine(call.world, machine, view=view, user_data=user_data)
    if _tag(call, machine) is None:
        del shown["etag"]
    return shown


def _put(call: Call) -> Response:
    check_joins(call, call.body)
    machine, operation, created = call.world.virtual.machines.put(machine_id(call), call.body, **_conditions(call))
    return written(call, _shown(call, machine), operation, created=created, etag=_tag(call, machine))


def _patch(call: Call) -> Response:
    check_joins(call, call.body)
    machine, operation = call.world.virtual.machines.patch(machine_id(call), call.body, **_conditions(call))
    return written(call, _shown(call, machine), operation, etag=_tag(call, machine))


def _get(call: Call) -> Response:
    wanted = _expansions(call)
    found = _machine(call)
    shown = _shown(call, found, view="instanceview" in wanted, user_data="userdata" in wanted)
    # Recorded: a GET with the instance view has the tag in its body only.
    tag = None if "instanceview" in wanted else _tag(call, found)
    return json_response(200, shown, {} if tag is None else {"ETag": tag})


def _instance_view(call: Call) -> Response:
    return json_response(200, machine_views.instance_view(call.world, _machine(call)))


def _delete(call: Call) -> Response:
    return accepted(call, call.world.virtual.machines.delete(machine_id(call)))


def _list(call: Call) -> Response:
    subscription, group = arm.check_scope(call)
    view = "instanceview" in _expansions(call) or call.request.query.get("statusonly", "").lower() == "true"
    found = call.world.virtual.machines.shelf.within(subscription, group)
    if "location" in call.params:
        region = region_key(location(call))
        found = [machine for machine in found if machine.location == region]
    return arm.page(_shown(call, machine, view=view) for machine in found)


def _act(begin: Callable[[MachinePower, Machine], Operation]) -> Callable[[Call], Response]:
    """A long-running operation on the whole machine."""
    return lambda call: accepted(call, begin(call.world.virtual.power, _machine(call)))


def _generalize(call: Call) -> Response:
    call.world.virtual.power.generalize(_machine(call))
    return Response(200)


def _capture(call: Call) -> Response:
    return accepted(call, call.world.virtual.power.capture(_machine(call), call.body, call.api_version))


def _sizes(call: Call) -> Response:
    """What a machine can be resized to: everything of its region that boots its disk."""
    found = _machine(call)
    contents = call.world.virtual.guests.contents(found.os_disk)
    return arm.page(
        {
            "name": size.name,
            "numberOfCores": size.vcpus,
            "resourceDiskSizeInMB": size.temp_disk_mb,
            "memoryInMB": int(size.memory_gib * 1024),
        }
        for size in call.world.catalogue.sizes(found.location)
        if contents.generation in size.generations and contents.architecture == size.architecture
    )


_VM = "compute.VirtualMachine"

SERVICE = Service(
    "compute",
    (
        Route(
            "GET",
            "/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachines",
            "VirtualMachines_ListAll",
            _list,
            shows=_VM,
        ),
        Route("GET", f"{LOCATION}/virtualMachines", "VirtualMachines_ListByLocation", _list, shows=_VM),
        Route("GET", MACHINES, "VirtualMachines_List", _list, shows=_VM),
        Route("PUT", MACHINE, "VirtualMachines_CreateOrUpdate", _put, schema=_VM, shows=_VM),
        Route("PATCH", MACHINE, "VirtualMachines_Update", _patch, schema="compute.VirtualMachineUpdate", shows=_VM),
        Route("GET", MACHINE, "VirtualMachines_Get", _get, shows=_VM),
        Route("DELETE", MACHINE, "VirtualMachines_Delete", _delete),
        Route("GET", f"{MACHINE}/instanceView", "VirtualMachines_InstanceView", _instance_view, shows="compute.VirtualMachineInstanceView"),
        Route("GET", f"{MACHINE}/vmSizes", "VirtualMachines_ListAvailableSizes", _sizes, shows="compute.VirtualMachineSize"),
        Route("POST", f"{MACHINE}/start", "VirtualMachines_Start", _act(MachinePower.start)),
        Route("POST", f"{MACHINE}/powerOff", "VirtualMachines_PowerOff", _act(MachinePower.stop)),
        Route("POST", f"{MACHINE}/restart", "VirtualMachines_Restart", _act(MachinePower.restart)),
        Route("POST", f"{MACHINE}/redeploy", "VirtualMachines_Redeploy", _act(MachinePower.redeploy)),
        Route("POST", f"{MACHINE}/reapply", "VirtualMachines_Reapply", _act(MachinePower.reapply)),
        Route("POST", f"{MACHINE}/deallocate", "VirtualMachines_Deallocate", _act(MachinePower.deallocate)),
        Route("POST", f"{MACHINE}/convertToManagedDisks", "VirtualMachines_ConvertToManagedDisks", _act(MachinePower.convert)),
        Route("POST", f"{MACHINE}/generalize", "VirtualMachines_Generalize", _generalize),
        Route(
            "POST",
            f"{MACHINE}/capture",
            "VirtualMachines_Capture",
            _capture,
            schema="compute.VirtualMachineCaptureParameters",
        ),
    ),
    arm.render_error,
    arm.admit,
)
