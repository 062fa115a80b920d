"""The guest: what runs inside a machine, as far as it decides anything outside.

An agent reports while the machine runs, until a deprovisioning ends it. What the platform tells the agent (extensions, run commands)
becomes an operation that ends when the agent reports, or fails when it stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf

from azuresim.core.contents import Contents
from azuresim.core.errors import ServiceError
from azuresim.core.guest_script import Effect, Outcome, perform
from azuresim.core.kernel import Kernel
from azuresim.core.machine import Guest, Machine, MachineDisk, Task
from azuresim.core.machine_vhds import describe
from azuresim.core.operations import COMPUTE, Operation, Operations
from azuresim.core.resource_id import ResourceId
from azuresim.core.sources import Sources

# Publisher, offer or SKU of an image → the name its agent reports.
_OS_NAMES = ("ubuntu", "centos", "debian", "almalinux", "rhel", "sles", "windowsserver")
# Called once by whoever carries a task out, with the reason when it failed.
Report = Callable[[ServiceError | None], None]


def preempted() -> ServiceError:
    """How an operation fails that a later one on the same machine has overtaken (Azure/azure-rest-api-specs#22434)."""
    return ServiceError(409, "OperationPreempted", "Operation execution has been preempted by a more recent operation.")


def silent(machine: Machine) -> ServiceError:
    """How an operation fails whose agent never reported; code from a recorded operation."""
    platform = "windows" if machine.os_type == "Windows" else "linux"
    return ServiceError(
        409,
        "VMAgentStatusCommunicationError",
        f"VM '{machine.id.name}' has not reported status for VM agent or extensions. Verify that the OS is up and healthy, the VM has a "
        "running VM agent, and that it can establish outbound connections to Azure storage. Please refer to "
        f"https://aka.ms/vmextension{platform}troubleshoot for additional VM agent troubleshooting information.",
    )


def os_of(contents: Contents) -> tuple[str, str]:
    """Name and version of the operating system, as the agent reports them: `ubuntu`, `24.04`."""
    if contents.os_type == "Windows":
        return f"Windows Server {(contents.image or ('', '', '2022-datacenter'))[2].partition('-')[0]} Datacenter", "10.0.20348"
    text = " ".join(contents.image or ()).lower()
    name = next((known for known in _OS_NAMES if known in text), "linux")
    digits = [part for part in text.replace("_", ".").replace("-", " ").split() if part.replace(".", "").isdigit()]
    return name, digits[0] if digits else ""


class Guests:
    """Boots and halts guests, runs their scripts, delivers what the platform tells their agents."""

    def __init__(self, kernel: Kernel, operations: Operations, sources: Sources) -> None:
        self._kernel = kernel
        self._operations = operations
        self._sources = sources

    def contents(self, disk: MachineDisk) -> Contents:
        """What is on a disk of a machine."""
        return self._sources.on(disk)

    def write(self, disk: MachineDisk, contents: Contents) -> None:
        """Change what is on a disk."""
        managed = self._sources.disks.find(disk.id) if disk.id is not None else None
        if managed is not None:
            managed.contents = contents
            return
        disk.own = contents
        if disk.vhd is not None:
            describe(self._sources, disk.vhd, contents)

    def boot(self, machine: Machine, *, agent: bool = True) -> None:
        """Start the guest now. What boots has a name and keys of its own again, so the disk is generalised no longer."""
        contents = self.contents(machine.os_disk)
        if contents.generalized:
            self.write(machine.os_disk, replace(contents, generalized=False))
        now = self._kernel.moment
        ready = now + self._kernel.durations.agent_ready if contents.agent and agent else None
        machine.guest = Guest(booted=now, ready=ready)
        machine.power, machine.booted = "running", True

    def halt(self, machine: Machine) -> None:
        """The guest ends; scripts in it end with it."""
        if machine.guest is not None and machine.guest.reports(self._kernel.moment):
            machine.reported = self._kernel.moment
        machine.guest = None

    def run(self, machine: Machine, script: str, parameters: Mapping[str, str], path: str, *, limit: float = inf) -> Outcome:
        """Start a script now, to be ended after ``limit`` seconds.

        What it does to the machine comes by itself; its outcome is known at once, for the caller to await.
        """
        outcome = perform(script, windows=machine.os_type == "Windows", parameters=parameters, path=path)
        guest = machine.guest
        for effect in outcome.effects:
            if effect.after > limit and not effect.detached:
                continue
            self._kernel.agenda.at(self._kernel.moment + effect.after, self._happening(machine, guest, effect))
        return outcome

    def _happening(self, machine: Machine, guest: Guest | None, effect: Effect) -> Callable[[float], None]:
        def happen(_at: float) -> None:
            # Another guest runs by now, or none: the script is gone.
            if machine.guest is not guest or guest is None:
                return
            if effect.kind == "deprovision":
                self.write(machine.os_disk, replace(self.contents(machine.os_disk), generalized=True))
                # sysprep leaves the agent alone; waagent stops it.
                guest.answering = machine.os_type == "Windows"
            elif effect.kind == "power-off":
                self.halt(machine)
                machine.power = "stopped"
            else:
                self.halt(machine)
                self.boot(machine)

        return happen

    def tell(
        self,
        machine: Machine,
        subject: ResourceId,
        carry_out: Callable[[Report], None],
        fail: Callable[[], None],
        *,
        exclusive: bool = False,
    ) -> Operation:
        """Give the agent a task. ``carry_out`` begins when the agent has it and reports once; ``fail`` undoes the waiting.

        An earlier task about the same ``subject`` is preempted.

        Raises 409 when the machine does not run (hashicorp/terraform-provider-azurerm#477).
        """
        if machine.power != "running" or machine.guest is None:
            raise ServiceError(409, "OperationNotAllowed", "Cannot modify extensions in the VM when the VM is not running.")
        kernel = self._kernel
        self._drop(machine, [task for task in machine.tasks if task.subject == subject.key])
        operation = self._operations.begin(COMPUTE, subject.subscription, machine.location)
        task = Task(operation=operation, subject=subject.key, fail=fail, exclusive=exclusive)
        machine.tasks.append(task)

        def close(at: float, error: ServiceError | None) -> None:
            if task in machine.tasks:
                machine.tasks.remove(task)
            task.cancel()
            if error is not None:
                fail()
            self._operations.end(operation, at, error)

        def report(error: ServiceError | None) -> None:
            later = kernel.moment + kernel.durations.agent_report
            task.appointments.append(kernel.agenda.at(later, lambda at: close(at, error)))

        def begin(_at: float) -> None:
            guest = machine.guest
            if guest is None or guest.ready is None:
                return
            if kernel.moment < guest.ready:
                # It has rebooted meanwhile.
                task.appointments.append(kernel.agenda.at(guest.ready, begin))
            elif guest.answering:
                carry_out(report)

        starts = max(kernel.moment + kernel.durations.agent_deliver, machine.guest.ready or 0)
        silence = kernel.moment + kernel.durations.agent_silence
        task.appointments = [kernel.agenda.at(starts, begin), kernel.agenda.at(silence, lambda at: close(at, silent(machine)), limit=True)]
        return operation

    def abandon(self, machine: Machine) -> None:
        """Tasks in flight come to nothing: a later operation takes the machine away from them."""
        self._drop(machine, list(machine.tasks))

    def later(self, machine: Machine, seconds: float, happen: Callable[[], None]) -> None:
        """In so many seconds, if the same guest still runs and its agent answers."""
        guest = machine.guest

        def due(_at: float) -> None:
            if guest is not None and machine.guest is guest and guest.answering:
                happen()

        self._kernel.agenda.at(self._kernel.moment + seconds, due)

    def _drop(self, machine: Machine, tasks: list[Task]) -> None:
        for task in tasks:
            machine.tasks.remove(task)
            task.cancel()
            task.fail()
            self._operations.end(task.operation, self._kernel.moment, preempted())
