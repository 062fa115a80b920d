"""How much of Compute a subscription uses in a region, and how much it may."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from azuresim.core.catalogue import Catalogue, VmSize
from azuresim.core.errors import ServiceError
from azuresim.core.machine import Machine
from azuresim.core.regions import region_key

# The limits of a recorded subscription; families have the regional one unless a world says otherwise.
_REGIONAL = {
    "availabilitySets": ("Availability Sets", 2_500),
    "cores": ("Total Regional vCPUs", 100),
    "virtualMachines": ("Virtual Machines", 25_000),
    "virtualMachineScaleSets": ("Virtual Machine Scale Sets", 2_500),
    "dedicatedVCpus": ("Dedicated vCPUs", 3_000),
    "cloudServices": ("Cloud Services", 2_500),
    "lowPriorityCores": ("Total Regional Low-priority vCPUs", 100),
}
_FAMILY_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Usage:
    """One row of a region's usages. ``title`` is the localised name."""

    name: str
    title: str
    current: int
    limit: int


@dataclass(frozen=True, slots=True)
class Tally:
    """A row beside machines and cores; ``count(subscription, region)`` counts it. Its limit is shown and not enforced here."""

    title: str
    limit: int
    count: Callable[[str, str], int]


class Quotas:
    """Counted from the machines there are, deallocated ones included, and from the Batch nodes that live in the subscription.

    Those are nodes of accounts in allocation mode UserSubscription; whoever makes or drops one tells ``count_node``.
    """

    def __init__(self, catalogue: Catalogue, machines: Callable[[], Iterable[Machine]], tallies: Mapping[str, Tally]) -> None:
        self._catalogue = catalogue
        self._machines = machines
        self._tallies = tallies
        self._limits: dict[tuple[str, str, str], int] = {}
        self._node_cores: Counter[tuple[str, str, str]] = Counter()

    def count_node(self, subscription: str, region: str, size: VmSize, *, low_priority: bool, sign: int) -> None:
        """A Batch node came (1) or went (-1)."""
        for name in ("lowPriorityCores",) if low_priority else ("cores", size.family):
            self._node_cores[subscription.lower(), region_key(region), name] += sign * size.vcpus

    def limit(self, subscription: str, region: str, name: str) -> int:
        """Of a family, or of one of the region's own rows."""
        default = _REGIONAL[name][1] if name in _REGIONAL else self._tallies[name].limit if name in self._tallies else _FAMILY_LIMIT
        return self._limits.get((subscription.lower(), region_key(region), name.lower()), default)

    def set_limit(self, subscription: str, region: str, name: str, limit: int) -> None:
        """What somebody at Azure has granted, or taken away."""
        self._limits[subscription.lower(), region_key(region), name.lower()] = limit

    def usages(self, subscription: str, region: str) -> list[Usage]:
        """All rows, in the order of a recorded answer."""
        rows = [
            Usage(name, title, self._current(subscription, region, name), self.limit(subscription, region, name))
            for name, (title, _) in _REGIONAL.items()
        ]
        rows += [
            Usage(family, _title(family), self._current(subscription, region, family), self.limit(subscription, region, family))
            for family in self._catalogue.families()
        ]
        return rows + [
            Usage(name, tally.title, tally.count(subscription, region), self.limit(subscription, region, name))
            for name, tally in self._tallies.items()
        ]

    def require(self, subscription: str, region: str, size: VmSize, *, low_priority: bool, replaces: VmSize | None = None) -> None:
        """Raises 409 OperationNotAllowed for one machine more of ``size``, or for one that has the size ``replaces`` so far."""
        for name in ("lowPriorityCores",) if low_priority else ("cores", size.family):
            limit, current = self.limit(subscription, region, name), self._current(subscription, region, name)
            freed = replaces.vcpus if replaces is not None and (name in _REGIONAL or replaces.family == size.family) else 0
            more = size.vcpus - freed
            if more > 0 and current + more > limit:
                raise _exceeded(region, name, limit, current, more)

    def exceeded(self, subscription: str, region: str, size: VmSize, *, low_priority: bool) -> ServiceError:
        """What one machine more is refused with where all cores are taken."""
        name = "lowPriorityCores" if low_priority else size.family
        current = self._current(subscription, region, name)
        return _exceeded(region, name, current, current, size.vcpus)

    def _current(self, subscription: str, region: str, name: str) -> int:
        here = [m for m in self._machines() if m.id.subscription.lower() == subscription.lower() and m.location == region_key(region)]
        if name == "virtualMachines":
            return len(here)
        counted = self._node_cores[subscription.lower(), region_key(region), name]
        for machine in here:
            # Of any region: this one may have withdrawn the size meanwhile.
            size = self._catalogue.size(machine.size, "")
            if size is not None and ((name == "lowPriorityCores") if machine.low_priority else (name in {"cores", size.family})):
                counted += size.vcpus
        return counted


def _exceeded(region: str, name: str, limit: int, current: int, more: int) -> ServiceError:
    """In the words that only quota errors have."""
    what = {"cores": "Total Regional Cores", "lowPriorityCores": "LowPriorityCores"}.get(name, f"{name} Cores")
    return ServiceError(
        409,
        "OperationNotAllowed",
        f"Operation could not be completed as it results in exceeding approved {what} quota. Additional details - Deployment "
        f"Model: Resource Manager, Location: {region_key(region)}, Current Limit: {limit}, Current Usage: {current}, "
        f"Additional Required: {more}, (Minimum) New Limit Required: {current + more}. Setup Alerts when Quota reaches "
        "threshold. Learn more at https://aka.ms/quotamonitoringalerting . Submit a request for Quota increase by specifying "
        "parameters listed in the 'Details' section for deployment to succeed. Please read more about quota limits at "
        "https://docs.microsoft.com/en-us/azure/azure-supportability/regional-quota-requests",
    )


def _title(family: str) -> str:
    """`standardDSv3Family` → `Standard DSv3 Family vCPUs`."""
    words = re.sub(r"^standard\s*", "", family, flags=re.IGNORECASE)
    return f"Standard {re.sub(r' *Family$', '', words)} Family vCPUs"
