"""What a request set in motion, stopped or made to fail.

A request starts operations and appoints events. Whoever notes beforehand how many of both there were can afterwards take hold of what the
request added, whatever kind of resource it is about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from azuresim.core.blobs import Blob
from azuresim.core.errors import ServiceError
from azuresim.core.lookup import addressed
from azuresim.core.machine import Machine
from azuresim.core.operations import Operation
from azuresim.core.versions import ImageVersion
from azuresim.core.world import World

# States of something that is going on; what is merely used by an operation stays as it is.
_TRANSIENT = frozenset({"Creating", "Updating", "Deleting"})


@dataclass(frozen=True, slots=True)
class Mark:
    """How much was in motion before a request."""

    appointments: int
    operations: int


def mark(world: World) -> Mark:
    """Note it."""
    return Mark(world.kernel.agenda.made, world.operations.begun)


def stick(world: World, before: Mark) -> None:
    """Nothing of what came after ``before`` ever goes on: operations stay InProgress, resources in their transient state."""
    for appointment in world.kernel.agenda.since(before.appointments):
        appointment.cancel()


def fail(world: World, before: Mark, path: str, names: Mapping[str, str], error: ServiceError) -> None:
    """What came after ``before`` fails at the moment it would have ended, limits aside; what ``path`` and ``names`` speak of shows it.

    That is the state Failed for a resource of ARM's, the failed copy for a blob. Pools have no operation: a resize ends with an error, a
    deletion begins anew.
    """
    pools = world.pools.moved(world.batch.all(), before.appointments)
    theirs = {appointment.number for _, pool in pools for appointment in pool.pending}
    held = [appointment for appointment in world.kernel.agenda.since(before.appointments) if appointment.number not in theirs]
    for account, pool in pools:
        world.pools.allocation.fail(account, pool, error)
    operations = world.operations.since(before.operations)
    if pools and not operations:
        return
    for appointment in held:
        appointment.cancel()

    def failed(at: float) -> None:
        if not _tell_agents(world, operations):
            _show(world, addressed(world, path, names), error, at, operations)
        for operation in operations:
            world.operations.end(operation, at, error)

    world.kernel.agenda.at(max((a.at for a in held if not a.is_limit), default=world.kernel.moment), failed)


def _tell_agents(world: World, operations: Collection[Operation]) -> bool:
    """Whether one of the operations was a task of a machine's agent, which then is over."""
    told = [(machine, task) for machine in world.virtual.machines.shelf for task in machine.tasks if task.operation in operations]
    for machine, task in told:
        machine.tasks.remove(task)
        task.fail()
    return bool(told)


def _show(world: World, found: Any, error: ServiceError, at: float, operations: Collection[Operation]) -> None:
    match found:
        case ImageVersion():
            world.publishing.fail(found, error, at)
        case Blob():
            world.copies.fail(found, error, at)
        case Machine():
            # Else a later operation has taken over.
            if found.running is not None and any(found.running.operation is operation for operation in operations):
                found.fail(error.code, error.message)
                world.virtual.disks.set_running(found.id, running=found.allocated)
        case _ if getattr(found, "state", None) in _TRANSIENT:
            found.state = "Failed"
