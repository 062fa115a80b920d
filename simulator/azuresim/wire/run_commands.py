"""Run commands and extensions of virtual machines, and the platform's own run commands."""

from __future__ import annotations

from typing import Any

from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.machine import Execution, RunCommand
from azuresim.core.resource_id import ResourceId
from azuresim.wire import arm, machine_views
from azuresim.wire.compute import LOCATION, MACHINE, accepted, location, machine_id, written
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Route, Service
from azuresim.wire.timestamps import arm_time

Json = dict[str, Any]
# What the platform brings along: id, operating system, label.
_BUILT_IN = (
    ("RunShellScript", "Linux", "Executes a Linux shell script"),
    ("ifconfig", "Linux", "List network configuration"),
    ("RunPowerShellScript", "Windows", "Executes a PowerShell script"),
    ("EnableRemotePS", "Windows", "Enable remote PowerShell"),
    ("EnableAdminAccount", "Windows", "Enable administrator account"),
    ("IPConfig", "Windows", "List IP configuration"),
    ("RDPSettings", "Windows", "Verify RDP Listener Settings"),
)


def _command_id(call: Call) -> ResourceId:
    return machine_id(call).child("runCommands", call.params["command"])


def _command(found: RunCommand, *, view: bool = False) -> Json:
    properties = {**found.properties, "provisioningState": found.state}
    if view:
        properties["instanceView"] = _execution(found.execution)
    return arm.resource(found.id, found.location, found.tags, properties)


def _execution(execution: Execution) -> Json:
    times = {
        name: arm_time(int(moment))
        for name, moment in (("startTime", execution.started), ("endTime", execution.ended))
        if moment is not None
    }
    return {
        "exitCode": execution.exit_code,
        "executionState": execution.state,
        "executionMessage": execution.message,
        "output": execution.output,
        "error": execution.error,
        **times,
    }


def _wants_view(call: Call) -> bool:
    expand = call.request.query.get("$expand", "").lower()
    if expand not in {"", "instanceview"}:
        raise invalid_parameter("The value of query parameter $expand is invalid.", target="$expand")
    return expand == "instanceview"


def _put(call: Call) -> Response:
    command, operation, created = call.world.virtual.run_commands.put(_command_id(call), call.body)
    return written(call, _command(command), operation, created=created)


def _patch(call: Call) -> Response:
    command, operation = call.world.virtual.run_commands.patch(_command_id(call), call.body)
    return written(call, _command(command), operation)


def _get(call: Call) -> Response:
    return json_response(200, _command(call.world.virtual.run_commands.get(_command_id(call)), view=_wants_view(call)))


def _list(call: Call) -> Response:
    view = _wants_view(call)
    return arm.page(_command(found, view=view) for found in call.world.virtual.run_commands.within(machine_id(call)))


def _delete(call: Call) -> Response:
    return accepted(call, call.world.virtual.run_commands.delete(_command_id(call)))


def _act(call: Call) -> Response:
    known = {name.lower() for name, _, _ in _BUILT_IN}
    if call.body["commandId"].lower() not in known:
        raise invalid_parameter(f"The value '{call.body['commandId']}' of parameter commandId is invalid.", target="commandId")
    machine = call.world.virtual.machines.get(machine_id(call))
    return accepted(call, call.world.virtual.run_commands.act(machine, call.body))


def _built_in(name: str, os_type: str, label: str) -> Json:
    return {
        "$schema": "https://schema.management.azure.com/schemas/2016-11-17/runcommands.json",
        "id": name,
        "osType": os_type,
        "label": label,
        "description": label,
    }


def _list_built_in(call: Call) -> Response:
    location(call)
    return arm.page(_built_in(*row) for row in _BUILT_IN)


def _get_built_in(call: Call) -> Response:
    location(call)
    for row in _BUILT_IN:
        if row[0].lower() == call.params["command"].lower():
            return json_response(200, _built_in(*row))
    raise ServiceError(404, "NotFound", f"The entity was not found: {call.params['command']}.")


def _extension_id(call: Call) -> ResourceId:
    return machine_id(call).child("extensions", call.params["extension"])


def _put_extension(call: Call) -> Response:
    extension, operation, created = call.world.virtual.extensions.put(_extension_id(call), call.body)
    return written(call, machine_views.extension(extension), operation, created=created)


def _patch_extension(call: Call) -> Response:
    extension, operation = call.world.virtual.extensions.patch(_extension_id(call), call.body)
    return written(call, machine_views.extension(extension), operation)


def _get_extension(call: Call) -> Response:
    found = call.world.virtual.extensions.get(_extension_id(call))
    shown = machine_views.extension(found)
    if _wants_view(call):
        shown["properties"]["instanceView"] = machine_views.extension_view(found)
    return json_response(200, shown)


def _list_extensions(call: Call) -> Response:
    machine = call.world.virtual.machines.get(machine_id(call))
    return arm.page(machine_views.extension(each) for each in machine.extensions.values())


def _delete_extension(call: Call) -> Response:
    return accepted(call, call.world.virtual.extensions.delete(_extension_id(call)))


_COMMANDS = f"{MACHINE}/runCommands"
_COMMAND = f"{_COMMANDS}/{{command}}"
_EXTENSIONS = f"{MACHINE}/extensions"
_EXTENSION = f"{_EXTENSIONS}/{{extension}}"
_RC, _RC_UPDATE = "compute.VirtualMachineRunCommand", "compute.VirtualMachineRunCommandUpdate"
_EXT, _EXT_UPDATE = "compute.VirtualMachineExtension", "compute.VirtualMachineExtensionUpdate"

SERVICE = Service(
    "compute",
    (
        Route("POST", f"{MACHINE}/runCommand", "VirtualMachines_RunCommand", _act, schema="compute.RunCommandInput"),
        Route("GET", _COMMANDS, "VirtualMachineRunCommands_ListByVirtualMachine", _list, shows=_RC),
        Route("PUT", _COMMAND, "VirtualMachineRunCommands_CreateOrUpdate", _put, schema=_RC, shows=_RC),
        Route("PATCH", _COMMAND, "VirtualMachineRunCommands_Update", _patch, schema=_RC_UPDATE, shows=_RC),
        Route("GET", _COMMAND, "VirtualMachineRunCommands_GetByVirtualMachine", _get, shows=_RC),
        Route("DELETE", _COMMAND, "VirtualMachineRunCommands_Delete", _delete),
        Route("GET", f"{LOCATION}/runCommands", "VirtualMachineRunCommands_List", _list_built_in, shows="compute.RunCommandDocumentBase"),
        Route(
            "GET", f"{LOCATION}/runCommands/{{command}}", "VirtualMachineRunCommands_Get", _get_built_in, shows="compute.RunCommandDocument"
        ),
        Route("GET", _EXTENSIONS, "VirtualMachineExtensions_List", _list_extensions, shows=_EXT),
        Route("PUT", _EXTENSION, "VirtualMachineExtensions_CreateOrUpdate", _put_extension, schema=_EXT, shows=_EXT),
        Route("PATCH", _EXTENSION, "VirtualMachineExtensions_Update", _patch_extension, schema=_EXT_UPDATE, shows=_EXT),
        Route("GET", _EXTENSION, "VirtualMachineExtensions_Get", _get_extension, shows=_EXT),
        Route("DELETE", _EXTENSION, "VirtualMachineExtensions_Delete", _delete_extension),
    ),
    arm.render_error,
    arm.admit,
)
