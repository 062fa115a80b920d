"""Token buckets: how many requests ARM and Microsoft.Compute take from a subscription before they say 429."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from azuresim.core.errors import ServiceError
from azuresim.core.kernel import Kernel

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket's name, how many requests a full one holds, and the seconds in which an empty one is full again."""

    name: str
    holds: int
    seconds: float


# Observed ceilings; 15 instances of the front end each have one, which is the global one. The refill is from the documentation on
# request-limits-and-throttling: 25 reads, 10 writes and 10 deletes a second.
SUBSCRIPTION_LIMITS: dict[str, tuple[Limit, Limit]] = {
    "reads": (Limit("subscription-reads", 250, 10), Limit("subscription-global-reads", 3750, 10)),
    "writes": (Limit("subscription-writes", 200, 20), Limit("subscription-global-writes", 3000, 20)),
    "deletes": (Limit("subscription-deletes", 200, 20), Limit("subscription-global-deletes", 3000, 20)),
}
# Seconds a client is told to wait at least.
_LEAST_WAIT = 1


# What a level that should be whole may lack after a refill.
_ROUNDING = 1e-6


@dataclass(slots=True)
class _Bucket:
    level: float
    since: float

    def fill(self, limit: Limit, now: float) -> None:
        """What has come in since."""
        self.level = min(float(limit.holds), self.level + (now - self.since) * limit.holds / limit.seconds)
        self.since = now

    def take(self) -> int:
        """One out; how many are left."""
        self.level = max(0.0, self.level - 1)
        return int(self.level + _ROUNDING)


class ComputeThrottledError(ServiceError):
    """429 as Microsoft.Compute says it: no `error` around it, the numbers as JSON within a sentence (troubleshooting-throttling-errors)."""

    def __init__(self, limit: Limit, now: float, wait: int) -> None:
        super().__init__(
            429,
            "OperationNotAllowed",
            "The server rejected the request because too many requests have been received for this subscription.",
            headers={"Retry-After": str(wait)},
        )
        numbers = {
            "operationGroup": limit.name,
            "startTime": datetime.fromtimestamp(now - limit.seconds, UTC).isoformat(),
            "endTime": datetime.fromtimestamp(now, UTC).isoformat(),
            "allowedRequestCount": limit.holds,
            "measuredRequestCount": limit.holds + 1,
        }
        self.details: list[Json] = [{"code": "TooManyRequests", "target": limit.name, "message": json.dumps(numbers)}]


class Throttle:
    """All buckets of a world, full at its beginning."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def take_request(self, subscription: str, kind: str) -> dict[str, int]:
        """One request of a kind (`reads`, `writes`, `deletes`); how many are left, by bucket. Raises 429 SubscriptionRequestsThrottled."""
        asked = [(limit, self._bucket(subscription, limit)) for limit in SUBSCRIPTION_LIMITS[kind]]
        for limit, bucket in asked:
            wait = self._wait(limit, bucket)
            if wait:
                message = (
                    f"Number of '{kind.removesuffix('s')}' requests for subscription '{subscription}' exceeded. "
                    f"Please try again after '{wait}' seconds after additional tokens are available. "
                    "Refer to https://aka.ms/arm-throttling for additional information."
                )
                raise ServiceError(
                    429,
                    "SubscriptionRequestsThrottled",
                    message,
                    headers={"Retry-After": str(wait), f"x-ms-ratelimit-remaining-{limit.name}": "0"},
                )
        return {limit.name: bucket.take() for limit, bucket in asked}

    def take_compute(self, limits: Iterable[tuple[str, Limit]]) -> dict[str, int]:
        """One request from each bucket, given with whom it belongs to. Raises ComputeThrottledError for the first empty one."""
        asked = [(limit, self._bucket(owner, limit)) for owner, limit in limits]
        for limit, bucket in asked:
            wait = self._wait(limit, bucket)
            if wait:
                raise ComputeThrottledError(limit, self._kernel.moment, wait)
        return {limit.name: bucket.take() for limit, bucket in asked}

    def drain(self, owner: str, name: str) -> None:
        """Empty one bucket of a subscription or a resource, as somebody else's requests would. Raises KeyError before its first use."""
        self._buckets[owner.lower(), name].level = 0.0

    def _bucket(self, owner: str, limit: Limit) -> _Bucket:
        now = self._kernel.moment
        bucket = self._buckets.setdefault((owner.lower(), limit.name), _Bucket(float(limit.holds), now))
        bucket.fill(limit, now)
        return bucket

    def _wait(self, limit: Limit, bucket: _Bucket) -> int:
        """Whole seconds until there is room for one; 0 when there is."""
        missing = 1 - _ROUNDING - bucket.level
        return max(_LEAST_WAIT, math.ceil(missing * limit.seconds / limit.holds)) if missing > 0 else 0
