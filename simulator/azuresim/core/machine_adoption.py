"""Virtual machines as the service shows them, put into the world as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from azuresim.core.contents import Contents, OsType
from azuresim.core.disk_attachment import DisksOfMachines
from azuresim.core.guest import os_of
from azuresim.core.kernel import Kernel
from azuresim.core.machine import Extension, Guest, Machine, MachineDisk, Power
from azuresim.core.machine_model import has_agent, split_secrets
from azuresim.core.machine_vhds import describe, hold
from azuresim.core.network import Network
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.shelf import Shelf
from azuresim.core.sources import Sources

Json = dict[str, Any]
_SHOWN_APART = frozenset({"id", "name", "type", "location", "tags", "properties", "etag", "resources"})
_DISK_APART = frozenset({"managedDisk", "diskSizeGB"})
_DEFAULT_GIB = 30
_HELD: dict[str, Power] = {"running": "running", "stopped": "stopped", "deallocated": "deallocated", "starting": "running"}


class MachineAdoption:
    """Makes machines of their ARM bodies. Their disks come into the world with them when they are not there yet."""

    def __init__(self, kernel: Kernel, shelf: Shelf[Machine], disks: DisksOfMachines, sources: Sources, network: Network) -> None:
        self._kernel = kernel
        self._shelf = shelf
        self._disks = disks
        self._sources = sources
        self._network = network

    def adopt(self, resource: ResourceId, body: Mapping[str, Any]) -> Machine:
        """A recorded GET, with or without its instance view. Running, unless the body says otherwise."""
        properties = body["properties"]
        profile = properties["storageProfile"]
        view = properties.get("instanceView") or {}
        model, secrets = split_secrets(properties)
        model["networkProfile"] = properties.get("networkProfile") or {}
        power = _power(profile, view)
        location = region_key(body["location"])
        origin = _origin(profile, properties, view)
        os_disk = self._disk(resource, profile["osDisk"], origin, location)
        machine = Machine(
            id=resource,
            location=location,
            tags=body.get("tags"),
            envelope={name: value for name, value in body.items() if name not in _SHOWN_APART},
            properties=model,
            secrets=secrets,
            image=profile.get("imageReference"),
            os_disk=os_disk,
            data_disks=[self._disk(resource, each, Contents(size_gib=0), location) for each in profile.get("dataDisks") or ()],
            vm_id=properties.get("vmId") or self._kernel.ids.guid(),
            created=self._kernel.moment,
            size=(properties.get("hardwareProfile") or {}).get("vmSize", ""),
            os=(view["osName"], view.get("osVersion", "")) if view.get("osName") else os_of(origin),
            agent_wanted=has_agent(model),
            state=properties.get("provisioningState", "Succeeded"),
            power=power,
            booted=True,
            revision=int(str(body.get("etag") or '"1"').strip('"')) if str(body.get("etag") or '"1"').strip('"').isdigit() else 1,
            generalized=any(status["code"].lower() == "osstate/generalized" for status in view.get("statuses") or ()),
            provisioned=self._kernel.moment,
        )
        if power == "running":
            machine.guest = Guest(booted=self._kernel.moment, ready=self._ready(machine, view))
        elif view.get("vmAgent"):
            machine.reported = self._kernel.moment
        for shown in body.get("resources") or ():
            self.adopt_extension(machine, shown)
        for reference in model["networkProfile"].get("networkInterfaces") or ():
            nic = ResourceId.parse(str(reference.get("id")))
            if nic is not None:
                self._network.attach(nic, location=location, machine=resource)
        self._disks.set_running(resource, running=machine.allocated)
        self._shelf.put(machine)
        return machine

    def adopt_extension(self, machine: Machine, body: Mapping[str, Any]) -> Extension:
        """One of its extensions, installed."""
        properties = {
            name: value for name, value in (body.get("properties") or {}).items() if name not in {"provisioningState", "instanceView"}
        }
        name = body["name"].rpartition("/")[2]
        made = Extension(
            id=machine.id.child("extensions", name),
            location=body.get("location", machine.location),
            tags=body.get("tags"),
            properties=properties,
            secrets={},
            state=(body.get("properties") or {}).get("provisioningState", "Succeeded"),
            version=f"{properties.get('typeHandlerVersion', '1.0')}.0",
        )
        machine.extensions[name.lower()] = made
        return made

    def _ready(self, machine: Machine, view: Mapping[str, Any]) -> float | None:
        if not machine.agent_wanted:
            return None
        statuses = (view.get("vmAgent") or {}).get("statuses") or ()
        waits = any(status["code"].lower() == "provisioningstate/unavailable" for status in statuses)
        return self._kernel.moment + (self._kernel.durations.agent_ready if waits else 0)

    def _disk(self, machine: ResourceId, shown: Mapping[str, Any], origin: Contents, location: str) -> MachineDisk:
        managed = dict(shown.get("managedDisk") or {})
        parsed = ResourceId.parse(str(managed.pop("id", "") or ""))
        sku = managed.pop("storageAccountType", None)
        settings = {name: value for name, value in shown.items() if name not in _DISK_APART} | ({"managedDisk": managed} if managed else {})
        size = shown.get("diskSizeGB") or (_DEFAULT_GIB if origin.os_type else 1)
        if parsed is None:
            contents = replace(origin, size_gib=size)
            uri = (shown.get("vhd") or {}).get("uri")
            if uri is not None:
                describe(self._sources, uri, contents)
                hold(self._kernel, self._sources, uri)
            return MachineDisk(settings=settings, own=contents)
        if self._disks.find(parsed) is None:
            created = {"createOption": "FromImage" if origin.os_type else "Empty"}
            self._disks.create_for_machine(
                parsed,
                location=location,
                contents=replace(origin, size_gib=size),
                machine=machine,
                creation=created,
                sku=sku or "Standard_LRS",
            )
        else:
            self._disks.attach(parsed, machine, location=location)
        return MachineDisk(settings=settings, id=parsed)


def _power(profile: Mapping[str, Any], view: Mapping[str, Any]) -> Power:
    """What the instance view says; without one, a machine whose disks do not show their size is deallocated, as recorded."""
    for status in view.get("statuses") or ():
        family, _, state = status["code"].partition("/")
        if family.lower() == "powerstate":
            return _HELD.get(state.lower(), "stopped")
    managed = profile["osDisk"].get("managedDisk")
    return "deallocated" if managed and "diskSizeGB" not in profile["osDisk"] else "running"


def _origin(profile: Mapping[str, Any], properties: Mapping[str, Any], view: Mapping[str, Any]) -> Contents:
    reference = profile.get("imageReference") or {}
    names = (reference.get("publisher"), reference.get("offer"), reference.get("sku"))
    security = (properties.get("securityProfile") or {}).get("securityType") or "Standard"
    return Contents(
        size_gib=_DEFAULT_GIB,
        os_type=cast("OsType", profile["osDisk"]["osType"]),
        generation="V2" if view.get("hyperVGeneration") == "V2" or security != "Standard" else "V1",
        security_type=security,
        image=(str(names[0]), str(names[1]), str(names[2])) if all(names) else None,
    )
