"""What a request set in motion, stopped or made to fail.

A request starts operations and appoints events. Whoever notes beforehand how many of both there were can afterwards take hold of what the
request added, whatever kind of resource it is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from azuresim.core.errors import ServiceError
from azuresim.core.machine import Machine
from azuresim.core.operations import Operation
from azuresim.core.resource_id import ResourceId
from azuresim.core.versions import ImageVersion
from azuresim.core.world import World


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


def fail(world: World, before: Mark, resource_id: ResourceId | None, error: ServiceError) -> None:
    """What came after ``before`` fails at the moment the last of it was due; the resource then shows Failed.

    Pools have no operation: a resize ends with an error, a deletion begins anew.
    """
    pools = world.pools.moved(world.batch.all(), before.appointments)
    theirs = {appointment.number for _, pool in pools for appointment in pool.pending}
    held = [appointment for appointment in world.kernel.agenda.since(before.appointments) if appointment.number not in theirs]
    for account, pool in pools:
        world.pools.allocation.fail(account, pool, error)
    operations = world.operations.since(before.operations)
    if not operations:
        return
    for appointment in held:
        appointment.cancel()

    def failed(at: float) -> None:
        found = None if resource_id is None else world.find(resource_id)
        if found is not None:
            _show_failed(world, found, error, at, operations)
        for operation in operations:
            world.operations.end(operation, at, error)

    world.kernel.agenda.at(max((a.at for a in held), default=world.kernel.moment), failed)


def _show_failed(world: World, found: Any, error: ServiceError, at: float, operations: list[Operation]) -> None:
    if isinstance(found, ImageVersion):
        world.publishing.fail(found, error, at)
    elif isinstance(found, Machine):
        if found.running is None or not any(found.running.operation is operation for operation in operations):
            # A later operation has taken over.
            return
        found.fail(error.code, error.message)
        world.virtual.disks.set_running(found.id, running=found.allocated)
    elif hasattr(found, "state"):
        found.state = "Failed"
