"""Virtual machines as documents: the model, the instance view."""

from __future__ import annotations

from typing import Any

from azuresim.core.contents import Contents
from azuresim.core.machine import Extension, Machine, MachineDisk
from azuresim.core.run_commands import handler
from azuresim.core.world import World
from azuresim.wire import arm
from azuresim.wire.timestamps import arm_time

Json = dict[str, Any]
_AGENT_VERSION = "2.11.1.12"
_READY = ("ProvisioningState/succeeded", "Info", "Ready", "Guest Agent is running")
_WAITING = ("ProvisioningState/Unavailable", "Warning", "Not Ready", "VM status blob is found but not yet populated.")
_SILENT = ("ProvisioningState/Unavailable", "Warning", "Not Ready", "VM Agent is unresponsive.")


def machine(world: World, found: Machine, *, view: bool = False, user_data: bool = False) -> Json:
    """The whole machine; ``view`` adds the instance view, ``user_data`` what only an expanded GET shows."""
    model = {name: value for name, value in found.properties.items() if name != "hardwareProfile"}
    properties: Json = {
        "hardwareProfile": {**(found.properties.get("hardwareProfile") or {}), "vmSize": found.size},
        "provisioningState": found.state,
        "vmId": found.vm_id,
        "storageProfile": _storage(world, found),
        **model,
    }
    if user_data and "userData" in found.secrets:
        properties["userData"] = found.secrets["userData"]
    if view:
        properties["instanceView"] = instance_view(world, found)
    properties.setdefault("timeCreated", arm_time(found.created))
    shown = {**arm.resource(found.id, found.location, found.tags, properties), **found.envelope, "etag": found.etag}
    if found.extensions:
        shown["resources"] = [extension(each) for each in found.extensions.values()]
    return shown


def extension(found: Extension) -> Json:
    """One extension, without what is protected."""
    return arm.resource(found.id, found.location, found.tags, {**found.properties, "provisioningState": found.state})


def instance_view(world: World, found: Machine) -> Json:
    """What the platform sees: the agent's last report, disks, extensions, power."""
    now = world.kernel.moment
    view: Json = {}
    if _heard(found, now) is not None:
        view["computerName"] = (found.properties.get("osProfile") or {}).get("computerName", found.id.name)
        view["osName"], view["osVersion"] = found.os
    agent = _agent(found, now)
    if agent is not None:
        view["vmAgent"] = agent
    view["disks"] = [_disk_view(found, disk) for disk in found.disks]
    if found.extensions and found.allocated:
        view["extensions"] = [extension_view(each) for each in found.extensions.values()]
    view["hyperVGeneration"] = world.virtual.guests.contents(found.os_disk).generation
    view["statuses"] = _statuses(found)
    return view


def _disk_view(found: Machine, disk: MachineDisk) -> Json:
    statuses = [_status("ProvisioningState/succeeded", "Provisioning succeeded", found.created)]
    if disk is not found.os_disk or not found.encrypted:
        return {"name": disk.name, "statuses": statuses}
    encrypted = _status("EncryptionState/encrypted", "Encryption is enabled on disk", None)
    return {"name": disk.name, "encryptionSettings": [{"enabled": True}], "statuses": [encrypted, *statuses]}


def _storage(world: World, found: Machine) -> Json:
    profile: Json = {} if found.image is None else {"imageReference": found.image}
    profile["osDisk"] = _disk(world, found, found.os_disk)
    profile["dataDisks"] = [_disk(world, found, disk) for disk in found.data_disks]
    return profile


def _disk(world: World, found: Machine, disk: MachineDisk) -> Json:
    """A deallocated machine does not show size and kind of its managed disks, as recorded."""
    shown = dict(disk.settings)
    managed = world.virtual.disks.find(disk.id) if disk.id is not None else None
    contents: Contents | None = managed.contents if managed is not None else disk.own
    if disk.id is not None:
        kind = {} if managed is None or not found.allocated else {"storageAccountType": managed.sku}
        shown["managedDisk"] = {**(disk.settings.get("managedDisk") or {}), **kind, "id": str(disk.id)}
    if contents is not None and (disk.id is None or found.allocated):
        shown["diskSizeGB"] = contents.size_gib
    return shown


def _heard(found: Machine, now: float) -> float | None:
    """When the agent was last heard of. A stopped machine keeps its last report, one that starts again until the next, as recorded."""
    guest = found.guest
    if guest is not None and guest.reports(now):
        return now
    return found.reported if guest is None or guest.answering else None


def _agent(found: Machine, now: float) -> Json | None:
    """None for a machine without hardware."""
    guest, heard = found.guest, _heard(found, now)
    if heard is None:
        if guest is None:
            return None
        code, level, display, message = _WAITING if guest.answering else _SILENT
        status = {"code": code, "level": level, "displayStatus": display, "message": message, "time": arm_time(int(now))}
        return {"vmAgentVersion": "Unknown", "statuses": [status]}
    code, level, display, message = _READY
    handlers = [(each.kind, each.version) for each in found.extensions.values()]
    if found.run_commands:
        handlers.append((handler(found), "1.3.9"))
    return {
        "vmAgentVersion": _AGENT_VERSION,
        "statuses": [{"code": code, "level": level, "displayStatus": display, "message": message, "time": arm_time(int(heard))}],
        "extensionHandlers": [
            {
                "type": kind,
                "typeHandlerVersion": version,
                "status": {"code": code, "level": level, "displayStatus": display, "message": "Plugin enabled"},
            }
            for kind, version in handlers
        ],
    }


def extension_view(found: Extension) -> Json:
    """How its handler reports on it."""
    status = _status("ProvisioningState/succeeded", "Provisioning succeeded", None)
    if found.state == "Failed":
        status = {"code": "ProvisioningState/failed/1", "level": "Error", "displayStatus": "Provisioning failed"}
    elif found.state != "Succeeded":
        status = {"code": "ProvisioningState/transitioning", "level": "Info", "displayStatus": "Transitioning"}
    if found.message:
        status["message"] = found.message
    return {"name": found.id.name, "type": found.kind, "typeHandlerVersion": found.version, "statuses": [status]}


def _statuses(found: Machine) -> list[Json]:
    state = found.state.lower()
    if found.failure is not None:
        code, message = found.failure
        first = {"code": f"ProvisioningState/failed/{code}", "level": "Error", "displayStatus": "Provisioning failed", "message": message}
    else:
        display = "Provisioning succeeded" if state == "succeeded" else found.state
        first = _status(f"ProvisioningState/{state}", display, found.provisioned if state == "succeeded" else None)
    statuses = [first]
    if found.generalized:
        # Read by Ansible's modules (ansible/ansible#49704).
        statuses.append(_status("OSState/generalized", "VM generalized", None))
    statuses.append(_status(f"PowerState/{found.power}", f"VM {found.power}", None))
    return statuses


def _status(code: str, display: str, moment: float | None) -> Json:
    time = {} if moment is None else {"time": arm_time(moment)}
    return {"code": code, "level": "Info", "displayStatus": display, **time}
