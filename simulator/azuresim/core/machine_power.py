"""What is done to a machine as a whole: start, stop, deallocate, restart, generalise, capture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azuresim.core.catalogue import Catalogue
from azuresim.core.disk_attachment import DisksOfMachines
from azuresim.core.errors import ServiceError
from azuresim.core.machine import Machine
from azuresim.core.machine_operations import MachineOperations, not_allowed
from azuresim.core.machine_rules import check_managed
from azuresim.core.machine_storage import MachineStorage
from azuresim.core.machine_vhds import MachineVhds
from azuresim.core.operations import Operation

Json = dict[str, Any]
# How far each moves the revision: recorded. Managed disks add one to a deallocation.
_DEALLOCATE_STEPS, _MANAGED_STEPS = 2, 1


class MachinePower:
    """All of it but `generalize` is a long-running operation."""

    def __init__(
        self, operations: MachineOperations, catalogue: Catalogue, disks: DisksOfMachines, vhds: MachineVhds, storage: MachineStorage
    ) -> None:
        self._operations = operations
        self._guests = operations.guests
        self._kernel = operations.kernel
        self._catalogue = catalogue
        self._disks = disks
        self._vhds = vhds
        self._storage = storage

    def start(self, machine: Machine) -> Operation:
        """A generalised machine never starts again; one that runs goes on running."""
        self._operations.check_not_deleting(machine, "start")
        _check_not_generalized("start", machine)
        if machine.unmanaged:
            check_managed(self._kernel.moment)
        if machine.power in {"running", "starting"}:
            return self._operations.begin(machine, "start", self._kernel.durations.machine_update, lambda: None, power=False)
        allocates = not machine.allocated
        if allocates:
            self._check_size(machine)
        self._disks.set_running(machine.id, running=True)
        seconds = self._kernel.durations.machine_start
        operation = self._operations.begin(machine, "start", seconds, lambda: self._end_start(machine, allocates=allocates), power=True)
        machine.power = "starting"
        return operation

    def stop(self, machine: Machine) -> Operation:
        """Power off; the hardware stays."""
        _check_allocated("powerOff", machine)
        seconds = self._kernel.durations.machine_stop
        operation = self._operations.begin(machine, "powerOff", seconds, lambda: self._end_stop(machine), power=True)
        if machine.power != "stopped":
            machine.power = "stopping"
        return operation

    def restart(self, machine: Machine) -> Operation:
        """Down and up again."""
        _check_not_generalized("restart", machine)
        _check_allocated("restart", machine)
        seconds = self._kernel.durations.machine_restart
        return self._operations.begin(machine, "restart", seconds, lambda: self._end_restart(machine), power=True)

    def redeploy(self, machine: Machine) -> Operation:
        """To another host; the revision stays."""
        _check_not_generalized("redeploy", machine)
        _check_allocated("redeploy", machine)
        _check_not_ephemeral("redeploy", machine)
        seconds = self._kernel.durations.machine_redeploy
        return self._operations.begin(machine, "redeploy", seconds, lambda: self._end_redeploy(machine), power=True)

    def reapply(self, machine: Machine) -> Operation:
        """The platform tells the machine its model once more; nothing changes."""
        return self._operations.begin(machine, "reapply", self._kernel.durations.machine_update, lambda: None, power=False, alone=False)

    def deallocate(self, machine: Machine) -> Operation:
        """Give the hardware back."""
        _check_not_ephemeral("deallocate", machine)
        operation = self._operations.begin(
            machine, "deallocate", self._kernel.durations.machine_deallocate, lambda: self._end_deallocate(machine), power=True
        )
        if machine.allocated:
            machine.power = "deallocating"
        return operation

    def generalize(self, machine: Machine) -> None:
        """Mark it, for good and at once; what the guest did or did not do beforehand is not looked at."""
        self._operations.check_not_deleting(machine, "generalize")
        if machine.power not in {"stopped", "deallocated"} or machine.changes_power:
            # MicrosoftDocs/azure-docs#86809.
            raise not_allowed("generalize", machine, "the VM is running.")
        if not machine.generalized:
            machine.generalized = True
            machine.revision += 1

    def capture(self, machine: Machine, body: Mapping[str, Any], api_version: str) -> Operation:
        """Copies of an unmanaged machine's VHDs; the answer is the operation's output."""
        if not machine.generalized:
            # Azure/WALinuxAgent#88.
            message = "Capture operation cannot be completed because the VM is not generalized."
            raise ServiceError(409, "OperationNotAllowed", message)
        if not machine.unmanaged:
            raise not_allowed("capture", machine, "the VM uses managed disks. Create an image of the VM instead.")
        return self._operations.begin(
            machine,
            "capture",
            self._kernel.durations.machine_capture,
            lambda: self._vhds.capture(machine, body, self._guests.contents, api_version),
            power=False,
        )

    def convert(self, machine: Machine) -> Operation:
        """VHDs become managed disks; only while deallocated. It starts afterwards, as the service does."""
        if not machine.unmanaged:
            raise not_allowed("convertToManagedDisks", machine, "the VM already uses managed disks.")
        if machine.power != "deallocated":
            raise not_allowed("convertToManagedDisks", machine, "the VM is not deallocated.")
        seconds = self._kernel.durations.machine_update_disks
        return self._operations.begin(
            machine, "convertToManagedDisks", seconds, lambda: self._end_convert(machine), power=not machine.generalized
        )

    def _end_convert(self, machine: Machine) -> None:
        self._storage.convert(machine)
        machine.revision += 1
        if not machine.generalized:
            self._operations.power_up(machine)

    def _check_size(self, machine: Machine) -> None:
        size = self._catalogue.size(machine.size, "")
        if size is not None:
            self._operations.allocation.check(machine.id, size, machine.location, low_priority=machine.low_priority)

    def _end_start(self, machine: Machine, *, allocates: bool) -> None:
        if allocates:
            self._operations.power_up(machine)
        else:
            self._guests.boot(machine, agent=machine.agent_wanted)
        machine.revision += 1

    def _end_stop(self, machine: Machine) -> None:
        self._guests.halt(machine)
        machine.power = "stopped"
        machine.revision += 1

    def _end_restart(self, machine: Machine) -> None:
        self._guests.halt(machine)
        if machine.booted:
            self._guests.boot(machine, agent=machine.agent_wanted)
        else:
            # It has overtaken the creation.
            self._operations.power_up(machine)
        machine.revision += 1

    def _end_redeploy(self, machine: Machine) -> None:
        self._guests.halt(machine)
        self._operations.power_up(machine)

    def _end_deallocate(self, machine: Machine) -> None:
        if not machine.allocated:
            return
        self._guests.halt(machine)
        machine.power = "deallocated"
        machine.reported = None
        self._disks.set_running(machine.id, running=False)
        machine.revision += _DEALLOCATE_STEPS + (0 if machine.unmanaged else _MANAGED_STEPS)


def _check_not_generalized(name: str, machine: Machine) -> None:
    if machine.generalized:
        # bitnami/vms#1471.
        raise not_allowed(name, machine, "the VM is generalized.")


def _check_allocated(name: str, machine: Machine) -> None:
    if machine.power in {"deallocated", "deallocating"}:
        # microsoft/AzureTRE#4165.
        raise not_allowed(
            name,
            machine,
            "the VM is either deallocated or marked to be deallocated. Please refer to https://aka.ms/vmpowerstates to learn about "
            "different VM power states.",
        )


def _check_not_ephemeral(name: str, machine: Machine) -> None:
    if machine.os_disk.ephemeral:
        raise not_allowed(name, machine, "the VM has an ephemeral OS disk. Please refer to https://aka.ms/ephemeral for more details.")
