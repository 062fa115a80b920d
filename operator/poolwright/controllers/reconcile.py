"""One pass over one object, the same for both kinds: finalizer, facts, decision, one mutation, status.

Read it from ``reconcile`` down. What differs between kinds is behind ``Logic``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from poolwright.domain import reasons
from poolwright.domain.conditions import READY, find
from poolwright.domain.objects import Body, Conflict, NotFound, ObjectKey, Objects, has_finalizer, is_deleting
from poolwright.domain.outcomes import CallFailed, Decision, LookAgain, Outcome, Stalled, Transient, Verdict, Waiting
from poolwright.domain.reasons import CATALOGUE, Kind
from poolwright.engine.clock import Clock
from poolwright.engine.publish import Publisher
from poolwright.engine.reconciler import Result
from poolwright.engine.store import ObjectStore

log = logging.getLogger(__name__)

# Azure has outages of minutes that nobody should be paged for: a known object keeps its conditions this long.
TOLERATED_SECONDS = 300.0
# Half an hour to an hour in the design; the shorter, because a look costs a few reads.
STALLED_SECONDS = 1800.0


class Situation(Protocol):
    """What the rules of a kind look at; the common pass reads only what it remembered before."""

    @property
    def memo(self) -> Any:
        """The memo of the stored status."""


SituationT = TypeVar("SituationT", bound=Situation)


class Recorder(Protocol):
    """Where events go; never fails and never waits."""

    def record(self, body: Body, type_: str, reason: str, note: str) -> None:
        """Tell of a turn of this object."""


@dataclass(frozen=True, slots=True)
class Parked:
    """Nothing can be said yet, and something will wake the object: the first listing of its account, for one."""


class Logic(Protocol[SituationT]):
    """What one kind adds to the common pass."""

    kind: str

    async def look(self, body: Body) -> tuple[SituationT, Decision[Any, Any]] | Parked:
        """Gather the facts the rules ask for, and decide. Raises CallFailed, or UnreadableSpec."""

    def releases(self, action: object) -> bool:
        """Whether the action is to take our finalizer off."""

    async def act(self, situation: SituationT, action: object) -> None:
        """Carry out one mutation; raises CallFailed."""

    def render(self, body: Body, situation: SituationT, decision: Decision[Any, Any]) -> Mapping[str, Any]:
        """The whole status after a pass that decided."""

    def failed(self, body: Body, verdict: Verdict) -> Mapping[str, Any]:
        """The whole status after a pass that could not."""

    def steady_part(self, status: Mapping[str, Any]) -> Mapping[str, Any]:
        """The status without what moves by itself."""

    def forget(self, key: ObjectKey) -> None:
        """The object is gone."""


class UnreadableSpec(Exception):  # noqa: N818 - what is wrong, in two words
    """The declaration cannot be read by this version; the text names the field."""


class Controller(Generic[SituationT]):
    """Brings the objects of one kind a step closer to what they declare."""

    def __init__(
        self, logic: Logic[SituationT], *, objects: Objects, store: ObjectStore, publisher: Publisher, recorder: Recorder, clock: Clock
    ) -> None:
        self._logic = logic
        self._objects = objects
        self._store = store
        self._publisher = publisher
        self._recorder = recorder
        self._clock = clock
        self._failing: dict[ObjectKey, datetime] = {}

    async def reconcile(self, key: ObjectKey) -> Result:
        """One pass; what the API server refuses because the object has moved, or is gone, is looked at again at once."""
        body = self._store.get(key)
        if body is None:
            self._forget(key)
            return Result()
        try:
            return await self._pass(key, body)
        except (Conflict, NotFound):
            await self._reread(key, body)
            return Result(again_after=0.0)

    async def _pass(self, key: ObjectKey, body: Body) -> Result:
        if not has_finalizer(body):
            if is_deleting(body):
                return Result()
            self._store.upsert(key.kind, await self._objects.add_finalizer(body), own=True)
            return Result(again_after=0.0)
        try:
            looked = await self._logic.look(body)
            if isinstance(looked, Parked):
                return Result()
            return await self._carry_out(key, body, *looked)
        except UnreadableSpec as error:
            return await self._unreadable(key, body, str(error))
        except CallFailed as failure:
            return await self._failed(key, body, failure.outcome)

    async def _carry_out(self, key: ObjectKey, body: Body, situation: SituationT, decision: Decision[Any, Any]) -> Result:
        if decision.reread and not await self._still_true(key, body):
            return Result(again_after=0.0)
        if self._logic.releases(decision.action):
            await self._objects.remove_finalizer(body)
            return Result()
        if decision.action is not None:
            log.info("acting", extra={**key.fields, "action": type(decision.action).__name__, "reason": decision.verdict.reason.name})
            try:
                await self._logic.act(situation, decision.action)
            except CallFailed as failure:
                if isinstance(failure.outcome, Stalled | Waiting):
                    refused = Verdict(failure.outcome.reason, failure.outcome.detail)
                    decision = replace(decision, verdict=refused, memo=situation.memo, again_after=STALLED_SECONDS)
                    return await self._publish(key, body, self._logic.render(body, situation, decision), decision.again_after)
                raise
        self._failing.pop(key, None)
        return await self._publish(key, body, self._logic.render(body, situation, decision), decision.again_after)

    async def _publish(self, key: ObjectKey, body: Body, status: Mapping[str, Any], again_after: float | None) -> Result:
        published = await self._publisher.publish(key.kind, body, status, self._logic.steady_part)
        if published.wrote:
            self._tell(body, status)
        due = [seconds for seconds in (again_after, published.due_after) if seconds is not None]
        return Result(again_after=min(due, default=None))

    async def _failed(self, key: ObjectKey, body: Body, outcome: Outcome) -> Result:
        match outcome:
            case LookAgain():
                return Result(failed=True)
            case Stalled(reason=reason, detail=detail) | Waiting(reason=reason, detail=detail):
                return await self._publish(key, body, self._logic.failed(body, Verdict(reason, detail)), STALLED_SECONDS)
            case Transient():
                return await self._outage(key, body, outcome)

    async def _outage(self, key: ObjectKey, body: Body, outcome: Transient) -> Result:
        """A known object keeps its conditions for some minutes; then it is told once, however the error's words change."""
        now = self._clock.now()
        since = outcome.since or self._failing.setdefault(key, now)
        left = TOLERATED_SECONDS - (now - since).total_seconds()
        if _seen(body) and left > 0:
            return Result(failed=True, again_after=outcome.after, at_most=left)
        if not _told(body):
            await self._publish(key, body, self._logic.failed(body, Verdict(outcome.reason, outcome.detail)), None)
        return Result(failed=True, again_after=outcome.after)

    async def _unreadable(self, key: ObjectKey, body: Body, text: str) -> Result:
        """Only an altered CRD lets one in. A deletion is let go: what cannot be read cannot be found either."""
        if is_deleting(body):
            await self._objects.remove_finalizer(body)
            return Result()
        return await self._publish(key, body, self._logic.failed(body, Verdict(reasons.INVALID_SPEC, text)), STALLED_SECONDS)

    async def _still_true(self, key: ObjectKey, body: Body) -> bool:
        """Read the object itself before something is made or deleted: the copy decided on may be of another life."""
        fresh = await self._reread(key, body)
        return fresh is not None and all(fresh["metadata"][name] == body["metadata"][name] for name in ("uid", "generation"))

    async def _reread(self, key: ObjectKey, body: Body) -> Body | None:
        fresh = await self._objects.get(key)
        if fresh is None:
            self._store.remove(key.kind, body)
        else:
            self._store.upsert(key.kind, fresh)
        return fresh

    def _forget(self, key: ObjectKey) -> None:
        self._failing.pop(key, None)
        self._publisher.forget(key)
        self._logic.forget(key)

    def _tell(self, body: Body, status: Mapping[str, Any]) -> None:
        """An event for each turn of Ready: another status or reason."""
        before, after = find(body.get("status", {}).get("conditions", []), READY), find(status["conditions"], READY)
        if after is None or (before is not None and before.get("reason") == after["reason"]):
            return
        kind = CATALOGUE[str(after["reason"])].kind
        type_ = "Warning" if kind in {Kind.STALLED, Kind.UNKNOWN} else "Normal"
        self._recorder.record(body, type_, str(after["reason"]), str(after["message"]))


def _seen(body: Body) -> bool:
    """Whether the status speaks of the present declaration."""
    return bool(body.get("status", {}).get("observedGeneration", -1) == body["metadata"]["generation"])


def _told(body: Body) -> bool:
    """Whether the status says already that Azure cannot be asked."""
    ready = find(body.get("status", {}).get("conditions", []), READY)
    return _seen(body) and ready is not None and ready["status"] == "Unknown"
