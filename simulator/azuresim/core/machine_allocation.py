"""Whether a machine can be had: what the service refuses at once, and the hardware whose lack an operation fails with at its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from azuresim.core.catalogue import VmSize
from azuresim.core.errors import ServiceError
from azuresim.core.machine import Machine
from azuresim.core.quotas import Quotas
from azuresim.core.resource_id import ResourceId

# Refused with 409 before anything is made.
Refusal = Literal["OperationNotAllowed", "SkuNotAvailable"]
# How an operation fails.
Shortage = Literal["AllocationFailed", "ZonalAllocationFailed", "OverconstrainedAllocationRequest", "OverconstrainedZonalAllocationRequest"]
REFUSALS: tuple[Refusal, ...] = get_args(Refusal)
SHORTAGES: tuple[Shortage, ...] = get_args(Shortage)
_ALLOCATION = (
    "Allocation failed. We do not have sufficient capacity for the requested VM size in this {place}. Read more about improving likelihood "
    "of allocation success at https://aka.ms/allocation-guidance"
)
# As reported in jenkins-infra/azure#1416.
_CONSTRAINED = (
    "Allocation failed. VM(s) with the following constraints cannot be allocated, because the condition is too restrictive. "
    "Please remove some constraints and try again. Constraints applied are:\n{constraints}"
)
_SENTENCES = {
    "AllocationFailed": _ALLOCATION.format(place="region"),
    "ZonalAllocationFailed": _ALLOCATION.format(place="zone"),
    "OverconstrainedAllocationRequest": _CONSTRAINED.format(constraints="  - VM Size\n"),
    "OverconstrainedZonalAllocationRequest": _CONSTRAINED.format(constraints="  - Availability Zone\n  - VM Size\n"),
}


class MachineAllocation:
    """``refusal`` and ``shortage`` are asked with a machine's id, its size and its region, and may answer with a code of theirs."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas
        self.refusal: Callable[[str, str, str], str | None] = lambda _machine, _size, _region: None
        self.shortage: Callable[[str, str, str], str | None] = lambda _machine, _size, _region: None

    def check(self, machine: ResourceId, size: VmSize, location: str, *, low_priority: bool) -> None:
        """Raises 409 for a machine that is new, starts, or gets this size."""
        code = self.refusal(str(machine), size.name, location)
        if code == "OperationNotAllowed":
            raise self._quotas.exceeded(machine.subscription, location, size, low_priority=low_priority)
        if code is not None:
            # Azure-Samples/azuresandbox#70.
            raise ServiceError(
                409,
                "SkuNotAvailable",
                f"The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: {size.name}' is currently not "
                f"available in location '{location}'. Please try another size or deploy to a different location or different zone. See "
                "https://aka.ms/azureskunotavailable for details.",
            )

    def allocate(self, machine: Machine) -> None:
        """Hardware for it. Raises AllocationFailed and its kin; a machine that asked for a zone is told of the zone."""
        code = self.shortage(str(machine.id), machine.size, machine.location)
        if code == "AllocationFailed" and machine.envelope.get("zones"):
            code = "ZonalAllocationFailed"
        if code is not None:
            raise ServiceError(409, code, _SENTENCES[code])
