"""Cores a subscription may use in a region: what limits Batch accounts in UserSubscription mode."""

from __future__ import annotations

from collections import Counter

# The names of the two totals, beside the VM families.
TOTAL, SPOT = "cores", "lowPriorityCores"


class CoreQuotas:
    """Limits and use by (subscription, region, name). A name is a VM family, or one of the totals; without a limit there is none."""

    def __init__(self) -> None:
        self._limits: dict[tuple[str, str, str], int] = {}
        self._used: Counter[tuple[str, str, str]] = Counter()

    def limit(self, subscription: str, region: str, name: str, cores: int) -> None:
        """Set a limit, from now on; what is there stays."""
        self._limits[_key(subscription, region, name)] = cores

    def used(self, subscription: str, region: str, name: str) -> int:
        """Cores Batch nodes use."""
        return self._used[_key(subscription, region, name)]

    def count(self, subscription: str, region: str, family: str, cores: int, *, dedicated: bool) -> None:
        """Nodes came, or went when ``cores`` is negative."""
        for name in _names(family, dedicated=dedicated):
            self._used[_key(subscription, region, name)] += cores

    def exceeded(self, subscription: str, region: str, family: str, cores: int, *, dedicated: bool) -> tuple[str, int, int] | None:
        """The (name, limit, use) of the first quota that ``cores`` more would exceed."""
        for name in _names(family, dedicated=dedicated):
            key = _key(subscription, region, name)
            if key in self._limits and self._used[key] + cores > self._limits[key]:
                return name, self._limits[key], self._used[key]
        return None


def _names(family: str, *, dedicated: bool) -> tuple[str, ...]:
    return (TOTAL, family) if dedicated else (SPOT,)


def _key(subscription: str, region: str, name: str) -> tuple[str, str, str]:
    return subscription.lower(), region.lower(), name.lower()
