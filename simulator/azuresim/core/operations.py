"""ARM's long-running operations, as their status addresses show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from azuresim.core.errors import ServiceError
from azuresim.core.kernel import Kernel
from azuresim.core.resource_id import ResourceId

Json = dict[str, Any]

# The last fixed word of an operation's address, which tells the three families of Microsoft.Compute apart.
COMPUTE, DISKS, GALLERIES = "operations", "DiskOperations", "capsOperations"


@dataclass(slots=True, kw_only=True)
class Operation:
    """InProgress until ``ended``; failed when ``error`` is set. ``output`` is what a successful one answers with: a resource, a result."""

    id: str
    family: str
    subscription: str
    location: str
    started: float
    ended: float | None = None
    error: ServiceError | None = None
    output: Json | None = None

    @property
    def status(self) -> str:
        """InProgress, Succeeded or Failed."""
        if self.ended is None:
            return "InProgress"
        return "Succeeded" if self.error is None else "Failed"


class Operations:
    """All operations ever begun."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._by_id: dict[str, Operation] = {}

    def begin(self, family: str, subscription: str, location: str) -> Operation:
        """A new one, in progress, in one of the families above."""
        made = Operation(
            id=self._kernel.ids.guid(), family=family, subscription=subscription, location=location, started=self._kernel.moment
        )
        self._by_id[made.id] = made
        return made

    def after(self, seconds: float, family: str, resource: ResourceId, location: str, finish: Callable[[], Json | None]) -> Operation:
        """One that ends in so many seconds, when ``finish`` makes the change and answers with the output.

        A ServiceError that ``finish`` raises is how the operation fails.
        """
        made = self.begin(family, resource.subscription, location)

        def done(at: float) -> None:
            try:
                made.output = finish()
            except ServiceError as failed:
                self.end(made, at, failed)
            else:
                self.end(made, at)

        self._kernel.agenda.at(self._kernel.moment + seconds, done)
        return made

    @property
    def begun(self) -> int:
        """How many there ever were."""
        return len(self._by_id)

    def since(self, begun: int) -> list[Operation]:
        """What was begun after there were ``begun``."""
        return list(islice(self._by_id.values(), begun, None))

    def get(self, operation_id: str) -> Operation:
        """Raises 404 NotFound."""
        found = self._by_id.get(operation_id.lower())
        if found is None:
            raise ServiceError(404, "NotFound", f"The operation '{operation_id}' was not found.")
        return found

    def result(self, operation_id: str) -> Operation:
        """The same for addresses that answer with what came out: raises the error of one that failed."""
        found = self.get(operation_id)
        if found.error is not None:
            raise found.error
        return found

    @staticmethod
    def end(operation: Operation, at: float, error: ServiceError | None = None) -> None:
        """Close it; a second end changes nothing."""
        if operation.ended is None:
            operation.ended, operation.error = at, error
