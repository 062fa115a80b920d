"""How the operations of one machine follow each other: a later one takes over from an earlier one, and does what that had left to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azuresim.core.disk_attachment import DisksOfMachines
from azuresim.core.errors import ServiceError
from azuresim.core.guest import Guests, preempted
from azuresim.core.kernel import Kernel
from azuresim.core.machine import Machine, Running, Step
from azuresim.core.machine_allocation import MachineAllocation
from azuresim.core.operations import COMPUTE, Operation, Operations

Json = dict[str, Any]


def not_allowed(operation: str, machine: Machine, because: str) -> ServiceError:
    """409 in the words all such refusals share."""
    return ServiceError(409, "OperationNotAllowed", f"Operation '{operation}' is not allowed on VM '{machine.id.name}' since {because}")


class MachineOperations:
    """Begins and ends them."""

    def __init__(
        self, kernel: Kernel, operations: Operations, guests: Guests, *, disks: DisksOfMachines, allocation: MachineAllocation
    ) -> None:
        self.kernel = kernel
        self.guests = guests
        self.allocation = allocation
        self._operations = operations
        self._disks = disks

    def begin(
        self,
        machine: Machine,
        name: str,
        seconds: float,
        finish: Callable[[], Json | None],
        *,
        power: bool,
        state: str = "Updating",
        alone: bool = True,
    ) -> Operation:
        """One operation that ends in so many seconds with what ``finish`` answers; a ServiceError from it is how it fails.

        Of an earlier one that has not ended, what it would have done is done first, except that ``power`` settles the power anew.
        ``alone``: the agent's tasks come to nothing as well.
        """
        self.check_not_deleting(machine, name)
        steps = [step for step in machine.running.steps if not (power and step.power)] if machine.running is not None else []
        ends = self.kernel.moment + seconds
        if steps and machine.running is not None:
            ends = max(ends, machine.running.end.at)
        self._preempt(machine)
        if alone:
            self.guests.abandon(machine)
        steps.append(Step(finish, power))
        machine.state = state
        operation = self._operations.begin(COMPUTE, machine.id.subscription, machine.location)

        def done(at: float) -> None:
            machine.running = None
            machine.provisioned, machine.failure = at, None
            try:
                for step in steps:
                    operation.output = step.finish()
            except ServiceError as failed:
                machine.state, machine.failure = "Failed", (failed.code, failed.message)
                self._operations.end(operation, at, failed)
            else:
                machine.state = "Succeeded"
                self._operations.end(operation, at)

        machine.running = Running(operation=operation, end=self.kernel.agenda.at(ends, done), steps=steps)
        return operation

    @staticmethod
    def check_not_deleting(machine: Machine, name: str) -> None:
        """409 for anything but another DELETE."""
        if machine.state == "Deleting":
            raise not_allowed(
                name,
                machine,
                "the VM is marked for deletion. You can only retry the Delete operation (or wait for an ongoing one to complete).",
            )

    def power_up(self, machine: Machine) -> None:
        """Get hardware and boot. Without hardware it is deallocated, and the error is how the operation fails."""
        try:
            self.allocation.allocate(machine)
        except ServiceError:
            machine.power = "deallocated"
            self._disks.set_running(machine.id, running=False)
            raise
        self._disks.set_running(machine.id, running=True)
        self.guests.boot(machine, agent=machine.agent_wanted)

    def drop(self, machine: Machine) -> None:
        """Nothing it was doing comes to an end of its own."""
        self._preempt(machine)
        self.guests.abandon(machine)

    def _preempt(self, machine: Machine) -> None:
        if machine.running is not None:
            machine.running.end.cancel()
            self._operations.end(machine.running.operation, self.kernel.moment, preempted())
            machine.running = None
