"""The network interfaces of virtual machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.kernel import Kernel
from azuresim.core.machine import Machine
from azuresim.core.network import Network
from azuresim.core.resource_id import ResourceId

Json = dict[str, Any]


class MachineNetworks:
    """NICs by id are attached, NICs by configuration are made."""

    def __init__(self, kernel: Kernel, network: Network) -> None:
        self._kernel = kernel
        self._network = network

    def check(self, machine: ResourceId, profile: Mapping[str, Any], location: str) -> None:
        """Raises 400 for a NIC that somebody else has, or in another region."""
        for reference in profile.get("networkInterfaces") or ():
            self._network.check_free(_parsed(reference), machine, location=location)

    def make(self, machine: ResourceId, profile: Mapping[str, Any], location: str) -> Json:
        """The network profile as shown: references only."""
        shown = []
        for reference in profile.get("networkInterfaces") or ():
            self._network.attach(_parsed(reference), location=location, machine=machine)
            shown.append(dict(reference))
        for index, configuration in enumerate(profile.get("networkInterfaceConfigurations") or ()):
            given = configuration.get("properties") or {}
            # How the service names these NICs is not documented; that the name is not the configuration's alone is a guess.
            name = f"{configuration['name']}-{self._kernel.ids.hex(8)}"
            nic = ResourceId(machine.subscription, machine.group, "Microsoft.Network", ("networkInterfaces",), (name,))
            self._network.create(nic, location=location, machine=machine, given=given, tags=configuration.get("tags"))
            properties = {"primary": given.get("primary", index == 0), "deleteOption": given.get("deleteOption", "Detach")}
            shown.append({"id": str(nic), "properties": properties})
        more = {"networkApiVersion": profile["networkApiVersion"]} if profile.get("networkApiVersion") else {}
        return {**more, "networkInterfaces": shown}

    def change(self, machine: Machine, profile: Mapping[str, Any]) -> Json:
        """After an update: another set of NICs needs a deallocated machine; configurations count only at creation."""
        present: Json = machine.properties["networkProfile"]
        references = profile.get("networkInterfaces")
        if not references:
            return present
        before = {_parsed(reference).key: reference for reference in present.get("networkInterfaces") or ()}
        after = {_parsed(reference).key: reference for reference in references}
        if set(before) != set(after):
            if machine.allocated:
                raise ServiceError(
                    409,
                    "OperationNotAllowed",
                    f"Network interfaces of VM '{machine.id.name}' can be added or removed only while the VM is deallocated.",
                )
            self.check(machine.id, profile, machine.location)
            for key in sorted(set(before) - set(after)):
                self._network.detach(_parsed(before[key]))
            for key in sorted(set(after) - set(before)):
                self._network.attach(_parsed(after[key]), location=machine.location, machine=machine.id)
        return {**present, "networkInterfaces": [{**before.get(key, {}), **reference} for key, reference in after.items()]}

    def release(self, machine: Machine) -> None:
        """The machine is gone: NICs vanish with it or become free."""
        for reference in machine.properties["networkProfile"].get("networkInterfaces") or ():
            nic = _parsed(reference)
            if (reference.get("properties") or {}).get("deleteOption") == "Delete":
                self._network.remove(nic)
            else:
                self._network.detach(nic)


def _parsed(reference: Mapping[str, Any]) -> ResourceId:
    parsed = ResourceId.parse(str(reference.get("id") or ""))
    if parsed is None:
        raise invalid_parameter(
            f"The value '{reference.get('id')}' of parameter networkProfile.networkInterfaces.id is invalid.",
            target="networkProfile.networkInterfaces.id",
        )
    return parsed
