"""Conditions as kstatus and ``kubectl wait`` understand them.

``Ready`` is always there; ``Reconciling`` and ``Stalled`` only while true (kstatus: abnormal-true). Which of them a reason
implies is written in the catalogue, so that no rule can contradict it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from poolwright.domain.reasons import Kind, Reason

READY, RECONCILING, STALLED = "Ready", "Reconciling", "Stalled"

_READY_BY_KIND = {
    Kind.SETTLED: "True",
    Kind.WORKING: "False",
    Kind.WAITING: "False",
    Kind.STALLED: "False",
    Kind.SUSPENDED: "False",
    Kind.UNKNOWN: "Unknown",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One observation: ``status`` is True, False or Unknown; ``reason`` a name of the catalogue."""

    type: str
    status: str
    reason: str
    message: str

    def as_json(self, generation: int) -> dict[str, object]:
        """The condition without ``lastTransitionTime``, which is added where it is compared with the stored one."""
        return {
            "type": self.type,
            "status": self.status,
            "observedGeneration": generation,
            "reason": self.reason,
            "message": self.message[:MESSAGE_LIMIT],
        }


# metav1.Condition allows 32768 characters; a table cell and an alert do not.
MESSAGE_LIMIT = 1024


def summary(reason: Reason, message: str) -> tuple[Condition, ...]:
    """``Ready``, and ``Reconciling`` or ``Stalled`` where the reason's kind says so."""
    ready = Condition(READY, _READY_BY_KIND[reason.kind], reason.name, message)
    match reason.kind:
        case Kind.WORKING | Kind.WAITING:
            return (ready, Condition(RECONCILING, "True", reason.name, message))
        case Kind.STALLED:
            return (ready, Condition(STALLED, "True", reason.name, message))
        case _:
            return (ready,)


def as_json(conditions: Iterable[Condition], generation: int) -> list[dict[str, object]]:
    """Conditions in the order given, each with the generation it speaks of."""
    return [condition.as_json(generation) for condition in conditions]


def find(conditions: Iterable[dict[str, object]], type_: str) -> dict[str, object] | None:
    """The stored condition of a type, if any."""
    return next((condition for condition in conditions if condition.get("type") == type_), None)
