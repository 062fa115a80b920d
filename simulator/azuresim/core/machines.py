"""The life of virtual machines: made, changed, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from azuresim.core.arm_rules import check_location
from azuresim.core.catalogue import Catalogue, VmSize
from azuresim.core.errors import ServiceError
from azuresim.core.guest import os_of
from azuresim.core.machine import Machine, MachineDisk, is_low_priority
from azuresim.core.machine_disk_plans import Host
from azuresim.core.machine_model import ENVELOPE, has_agent, merged, split_secrets, with_defaults
from azuresim.core.machine_networks import MachineNetworks
from azuresim.core.machine_operations import MachineOperations
from azuresim.core.machine_rules import check_fit, check_managed, check_name, check_network, check_os_profile, size_of
from azuresim.core.machine_storage import MachineStorage
from azuresim.core.operations import Operation
from azuresim.core.quotas import Quotas
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.shelf import Shelf

Json = dict[str, Any]


class Machines:
    """All virtual machines."""

    def __init__(
        self,
        operations: MachineOperations,
        catalogue: Catalogue,
        shelf: Shelf[Machine],
        *,
        storage: MachineStorage,
        networks: MachineNetworks,
        quotas: Quotas,
    ) -> None:
        self.shelf = shelf
        self.quotas = quotas
        self._kernel = operations.kernel
        self._operations = operations
        self._catalogue = catalogue
        self._storage = storage
        self._networks = networks

    def find(self, resource: ResourceId) -> Machine | None:
        """None when there is none."""
        return self.shelf.find(resource)

    def get(self, resource: ResourceId) -> Machine:
        """Raises 404 ResourceNotFound."""
        return self.shelf.get(resource)

    def put(
        self, resource: ResourceId, body: Mapping[str, Any], *, if_match: str | None = None, if_none_match: str | None = None
    ) -> tuple[Machine, Operation, bool]:
        """Create, or update what may change. True: it is new."""
        existing = self.shelf.find(resource)
        check_conditions(existing, if_match, if_none_match)
        check_location(existing, resource, body)
        properties = body.get("properties") or {}
        if existing is not None:
            return existing, self._update(existing, body), False
        check_name(resource.name)
        location = region_key(body["location"])
        size = size_of(self._catalogue, properties, location)
        check_network(properties)
        self._operations.allocation.check(resource, size, location, low_priority=is_low_priority(properties))
        machine = self._make(resource, body, size, location)
        self.shelf.put(machine)
        operation = self._operations.begin(
            machine, "create", self._kernel.durations.machine_create, lambda: self._end_create(machine), power=True, state="Creating"
        )
        return machine, operation, True

    def patch(
        self, resource: ResourceId, body: Mapping[str, Any], *, if_match: str | None = None, if_none_match: str | None = None
    ) -> tuple[Machine, Operation]:
        """As an update by PUT. Raises 404."""
        machine = self.shelf.get(resource)
        check_conditions(machine, if_match, if_none_match)
        return machine, self._update(machine, body)

    def delete(self, resource: ResourceId) -> Operation | None:
        """None when there is nothing to delete; a second DELETE returns the running operation."""
        machine = self.shelf.find(resource)
        if machine is None:
            return None
        if machine.state == "Deleting" and machine.running is not None:
            return machine.running.operation
        durations = self._kernel.durations
        seconds = durations.machine_delete + (durations.machine_deallocate if machine.allocated else 0)
        return self._operations.begin(machine, "delete", seconds, lambda: self._end_delete(machine), power=True, state="Deleting")

    def forget(self, resource: ResourceId) -> None:
        """Gone at once with what vanishes with it, whatever it was doing; harmless when it is not here."""
        machine = self.shelf.find(resource)
        if machine is not None:
            self._operations.drop(machine)
            self._end_delete(machine)

    def _make(self, resource: ResourceId, body: Mapping[str, Any], size: VmSize, location: str) -> Machine:
        properties = body.get("properties") or {}
        profile = properties.get("storageProfile") or {}
        boot = self._storage.boot(profile, location, resource.subscription)
        security = (properties.get("securityProfile") or {}).get("securityType") or "Standard"
        check_fit(size, boot.contents, security)
        os_type = boot.contents.os_type or "Linux"
        check_os_profile(properties.get("osProfile"), os_type, wanted=boot.wants_profile)
        self.quotas.require(resource.subscription, location, size, low_priority=is_low_priority(properties))
        self._networks.check(resource, properties["networkProfile"], location)
        # What the disk becomes is the machine's choice; `TrustedLaunchSupported` images make either kind.
        boot = replace(boot, contents=replace(boot.contents, security_type=security))
        os_disk, data_disks = self._storage.make(Host(resource, location, size), profile, boot)
        model, secrets = split_secrets(properties)
        model = with_defaults(model, os_type)
        model["networkProfile"] = self._networks.make(resource, properties["networkProfile"], location)
        return Machine(
            id=resource,
            location=location,
            tags=body.get("tags"),
            envelope={name: body[name] for name in ENVELOPE if body.get(name) is not None},
            properties=model,
            secrets=secrets,
            image=boot.image.shown if boot.image is not None else None,
            os_disk=os_disk,
            data_disks=data_disks,
            vm_id=self._kernel.ids.guid(),
            created=self._kernel.moment,
            size=size.name,
            os=os_of(boot.contents),
            agent_wanted=has_agent(model),
        )

    def _update(self, machine: Machine, body: Mapping[str, Any]) -> Operation:
        self._operations.check_not_deleting(machine, "update")
        if machine.unmanaged:
            check_managed(self._kernel.moment)
        properties = body.get("properties") or {}
        profile = properties.get("storageProfile") or {}
        size = self._resized(machine, properties)
        model, secrets = merged(machine, properties)
        before = len(machine.data_disks)
        update_disks = self._storage.plan_update(machine, Host(machine.id, machine.location, size, running=machine.allocated), profile)
        if properties.get("networkProfile"):
            model["networkProfile"] = self._networks.change(machine, properties["networkProfile"])
        leaving = update_disks()
        if "tags" in body:
            machine.tags = body["tags"]
        machine.envelope |= {name: body[name] for name in ENVELOPE if body.get(name) is not None}
        reboots = size.name != machine.size and machine.power == "running"
        machine.properties, machine.secrets, machine.size = model, secrets, size.name
        machine.revision += 1
        durations = self._kernel.durations
        disks_change = bool(leaving) or len(machine.data_disks) > before
        seconds = durations.machine_restart if reboots else durations.machine_update_disks if disks_change else durations.machine_update
        # A creation that failed is tried again.
        boots = reboots or (machine.state == "Failed" and not machine.booted and not machine.generalized)

        def finish() -> None:
            self._end_update(machine, leaving, counts=disks_change)
            if boots:
                self._operations.guests.halt(machine)
                self._operations.power_up(machine)

        return self._operations.begin(machine, "update", seconds, finish, power=boots, alone=boots)

    def _resized(self, machine: Machine, properties: Mapping[str, Any]) -> VmSize:
        """The size after an update; another one must fit disk and quota."""
        wanted = (properties.get("hardwareProfile") or {}).get("vmSize")
        # The region may have withdrawn the size meanwhile; the machine keeps it.
        present = self._catalogue.size(machine.size, "")
        if wanted is None or wanted.lower() == machine.size.lower():
            return present or VmSize(machine.size, machine.size, 0, 0, 0, ("V1", "V2"))
        size = size_of(self._catalogue, properties, machine.location)
        check_fit(size, self._operations.guests.contents(machine.os_disk), machine.security_type)
        self._operations.allocation.check(machine.id, size, machine.location, low_priority=machine.low_priority)
        self.quotas.require(machine.id.subscription, machine.location, size, low_priority=machine.low_priority, replaces=present)
        return size

    def _end_create(self, machine: Machine) -> None:
        self._operations.power_up(machine)
        # The tag of the 201 is out of date once the machine is there, as in most recordings.
        machine.revision += 1

    def _end_update(self, machine: Machine, leaving: list[MachineDisk], *, counts: bool) -> None:
        for disk in leaving:
            self._storage.detach(machine, disk)
        machine.revision += counts

    def _end_delete(self, machine: Machine) -> None:
        self._operations.guests.halt(machine)
        self.shelf.remove(machine.id)
        self._storage.release(machine)
        self._networks.release(machine)


def check_conditions(existing: Machine | None, if_match: str | None, if_none_match: str | None) -> None:
    """`If-None-Match: *` asks that there be none, `If-Match` for this revision. Raises 412."""
    failed = (if_none_match == "*" and existing is not None) or (
        if_match is not None and (existing is None or if_match not in {"*", existing.etag, existing.etag.strip('"')})
    )
    if failed:
        raise ServiceError(412, "PreconditionFailed", "The condition specified using HTTP conditional header(s) is not met.")
