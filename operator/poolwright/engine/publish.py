"""One PUT of the whole status, and only when it differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from poolwright.domain.conditions import find
from poolwright.domain.objects import Body, ObjectKey, Objects, key_of
from poolwright.engine.clock import Clock
from poolwright.engine.store import ObjectStore

SteadyPart = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Whether a write was made, and after how many seconds a volatile difference is due, if there is one."""

    wrote: bool
    due_after: float | None = None


class Publisher:
    """Writes statuses; the answer goes into the store at once, so the next pass does not start from what we know to be old.

    What moves by itself rides along with other changes, or goes out once it is ``volatile_seconds`` old.
    """

    def __init__(self, objects: Objects, store: ObjectStore, clock: Clock, *, volatile_seconds: float) -> None:
        self._objects = objects
        self._store = store
        self._clock = clock
        self._volatile_seconds = volatile_seconds
        self._started = clock.monotonic()
        self._written: dict[ObjectKey, float] = {}

    async def publish(self, kind: str, body: Body, status: Mapping[str, Any], steady_part: SteadyPart) -> Published:
        """Bring the stored status to ``status``; raises Conflict when the object has moved."""
        key, before = key_of(kind, body), body.get("status", {})
        after = _with_transitions(before, status, self._clock.now())
        if after == before:
            return Published(wrote=False)
        if steady_part(after) == steady_part(before):
            due = self._written.get(key, self._started) + self._volatile_seconds - self._clock.monotonic()
            if due > 0:
                return Published(wrote=False, due_after=due)
        stored = await self._objects.replace_status(body, after)
        self._store.upsert(kind, stored, own=True)
        self._written[key] = self._clock.monotonic()
        return Published(wrote=True)

    def forget(self, key: ObjectKey) -> None:
        """The object is gone."""
        self._written.pop(key, None)


def _with_transitions(before: Mapping[str, Any], status: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """``lastTransitionTime`` moves only when a condition's status does."""
    stamp, stored = now.strftime("%Y-%m-%dT%H:%M:%SZ"), before.get("conditions", [])
    conditions = []
    for condition in status["conditions"]:
        old = find(stored, condition["type"])
        same = old is not None and old.get("status") == condition["status"]
        conditions.append({**condition, "lastTransitionTime": old["lastTransitionTime"] if same and old else stamp})
    return {**status, "conditions": conditions}
