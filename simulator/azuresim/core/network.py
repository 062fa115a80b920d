"""Network interfaces, as far as virtual machines need them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azuresim.core.arm_rules import check_location
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.kernel import Kernel
from azuresim.core.operations import COMPUTE, Operation, Operations
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.shelf import Shelf

Json = dict[str, Any]
_NAME = re.compile(r"\w(?:[\w.-]{0,78}\w)?", re.ASCII)
_NIC_TYPE = "microsoft.network/networkinterfaces"


@dataclass(slots=True, kw_only=True)
class NetworkInterface:
    """A NIC; ``configurations`` are its IP configurations: name and properties."""

    id: ResourceId
    location: str
    tags: dict[str, str] | None
    guid: str
    mac: str
    configurations: list[Json]
    settings: Json = field(default_factory=dict)
    machine: ResourceId | None = None
    state: str = "Succeeded"


class Network:
    """All network interfaces. Virtual networks are names only."""

    def __init__(self, kernel: Kernel, operations: Operations) -> None:
        self._kernel = kernel
        self._operations = operations
        self._shelf: Shelf[NetworkInterface] = Shelf()
        self._addresses = 3

    def get(self, nic: ResourceId) -> NetworkInterface:
        """Raises 404 ResourceNotFound."""
        return self._shelf.get(nic)

    def all(self) -> list[NetworkInterface]:
        """In the order of their creation."""
        return list(self._shelf)

    def within(self, subscription: str, group: str | None) -> list[NetworkInterface]:
        """Of one subscription, optionally of one group."""
        return self._shelf.within(subscription, group)

    def create(
        self,
        nic: ResourceId,
        *,
        location: str,
        machine: ResourceId | None = None,
        given: Mapping[str, Any] | None = None,
        tags: dict[str, str] | None = None,
    ) -> NetworkInterface:
        """A finished NIC; ``given`` are the properties of an inline configuration."""
        properties = given or {}
        address = self._kernel.ids.hex(12)
        made = NetworkInterface(
            id=nic,
            location=location,
            tags=tags,
            guid=self._kernel.ids.guid(),
            mac="-".join(("00", "0D", "3A", *(address[i : i + 2].upper() for i in (0, 2, 4)))),
            configurations=[
                self._configuration(each, first=index == 0) for index, each in enumerate(properties.get("ipConfigurations") or [{}])
            ],
            settings={
                name: properties[name]
                for name in ("enableAcceleratedNetworking", "enableIPForwarding", "networkSecurityGroup")
                if name in properties
            },
            machine=machine,
        )
        self._shelf.put(made)
        return made

    def put(self, nic: ResourceId, body: Mapping[str, Any]) -> tuple[NetworkInterface, Operation, bool]:
        """Create or replace; True: it is new. Its machine, its guid and its hardware address stay."""
        existing = self._shelf.find(nic)
        check_location(existing, nic, body)
        properties = body.get("properties") or {}
        if existing is None and not _NAME.fullmatch(nic.name):
            raise ServiceError(
                400,
                "InvalidResourceName",
                f"Resource name {nic.name} is invalid. The name can be up to 80 characters long. It must begin with a word character, and "
                "it must end with a word character or with '_'. The name may contain word characters or '.', '-', '_'.",
            )
        if not properties.get("ipConfigurations"):
            raise _malformed("properties.ipConfigurations")
        made = self.create(nic, location=region_key(body["location"]), given=properties, tags=body.get("tags"))
        if existing is not None:
            made.machine, made.guid, made.mac = existing.machine, existing.guid, existing.mac
        # Over before its answer is written.
        operation = self._operations.begin(COMPUTE, nic.subscription, made.location)
        self._operations.end(operation, self._kernel.moment)
        return made, operation, existing is None

    def check_free(self, nic: ResourceId, machine: ResourceId, *, location: str) -> None:
        """Raises 400 for what is no NIC, for one that another machine has, and for one in another region."""
        if nic.type != _NIC_TYPE:
            raise invalid_parameter(f"The value '{nic}' of parameter networkProfile.networkInterfaces.id is invalid.", target="id")
        found = self._shelf.find(nic)
        if found is not None and found.machine is not None and found.machine.key != machine.key:
            raise ServiceError(
                400,
                "NicInUse",
                f"Network Interface {nic} is used by existing resource {found.machine}. In order to use it, it must be dissociated from "
                "the resource.",
            )
        if found is not None and region_key(found.location) != region_key(location):
            raise ServiceError(
                400,
                "InvalidResourceReference",
                f"Resource {nic} referenced by resource {machine} was not found. Please make sure that the referenced resource exists, and "
                "that both resources are in the same region.",
            )

    def attach(self, nic: ResourceId, *, location: str, machine: ResourceId) -> None:
        """Give an existing NIC to a machine. One this world has not seen is taken as given."""
        self.check_free(nic, machine, location=location)
        found = self._shelf.find(nic) or self.create(nic, location=location)
        found.machine = machine

    def detach(self, nic: ResourceId) -> None:
        """Let go of it; harmless when it is gone."""
        found = self._shelf.find(nic)
        if found is not None:
            found.machine = None

    def remove(self, nic: ResourceId) -> None:
        """Delete it together with its machine."""
        self._shelf.remove(nic)

    def delete(self, nic: ResourceId) -> Operation | None:
        """None when there is nothing to delete; 400 while a machine has it."""
        found = self._shelf.find(nic)
        if found is None:
            return None
        if found.machine is not None:
            raise ServiceError(
                400,
                "NicInUse",
                f"Network Interface {nic} is used by existing resource {found.machine}. In order to delete the network interface, it must "
                "be dissociated from the resource. To learn more, see aka.ms/deletenic.",
            )
        found.state = "Deleting"
        seconds = self._kernel.durations.nic_delete
        return self._operations.after(seconds, COMPUTE, nic, found.location, lambda: self._gone(found))

    def _gone(self, nic: NetworkInterface) -> None:
        """Its name may be somebody else's by now."""
        if self._shelf.find(nic.id) is nic:
            self._shelf.remove(nic.id)

    def adopt(self, nic: ResourceId, body: Mapping[str, Any]) -> NetworkInterface:
        """A NIC as the service shows it."""
        properties = body.get("properties") or {}
        machine = ResourceId.parse((properties.get("virtualMachine") or {}).get("id") or "")
        return self.create(nic, location=body["location"], machine=machine, given=properties, tags=body.get("tags"))

    def _configuration(self, given: Mapping[str, Any], *, first: bool) -> Json:
        self._addresses += 1
        properties = given.get("properties") or {}
        return {
            "name": given.get("name") or "ipconfig1",
            "properties": {
                "privateIPAddress": f"10.0.{self._addresses // 250}.{self._addresses % 250 + 1}",
                "privateIPAllocationMethod": "Dynamic",
                "primary": first,
                "privateIPAddressVersion": "IPv4",
                **{name: properties[name] for name in ("privateIPAddress", "subnet", "primary") if properties.get(name) is not None},
            },
        }


def check_given(properties: Any) -> None:
    """For a NIC there is no model to hold a body against. Raises 400 for a member of another type."""
    given = _object(properties, "properties")
    for name in ("enableAcceleratedNetworking", "enableIPForwarding"):
        if not isinstance(given.get(name), bool | None):
            raise _malformed(f"properties.{name}")
    _object(given.get("networkSecurityGroup"), "properties.networkSecurityGroup")
    configurations = given.get("ipConfigurations")
    if not isinstance(configurations, list | None):
        raise _malformed("properties.ipConfigurations")
    for number, each in enumerate(configurations or ()):
        path = f"properties.ipConfigurations[{number}]"
        inner = _object(_object(each, path).get("properties"), f"{path}.properties")
        subnet = _object(inner.get("subnet"), f"{path}.properties.subnet")
        texts = [each.get("name"), inner.get("privateIPAddress"), subnet.get("id")] if each else [0]
        if not all(isinstance(text, str | None) for text in texts) or not isinstance(inner.get("primary"), bool | None):
            raise _malformed(path)


def _object(value: Any, path: str) -> Json:
    if not isinstance(value, dict | None):
        raise _malformed(path)
    return value or {}


def _malformed(path: str) -> ServiceError:
    return ServiceError(400, "InvalidRequestFormat", f"Cannot parse the request: '{path}' is missing or has the wrong type.", target=path)
