"""What both kinds' statuses have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from poolwright.domain.conditions import Condition, as_json

RECONCILE_REQUESTED = "poolwright.io/reconcile-requested-at"


def head(body: Mapping[str, Any], conditions: Iterable[Condition]) -> dict[str, Any]:
    """``observedGeneration``, the conditions, and the echo of the reconcile-now annotation."""
    metadata = body["metadata"]
    generation = metadata["generation"]
    status: dict[str, Any] = {"observedGeneration": generation, "conditions": as_json(conditions, generation)}
    if requested := metadata.get("annotations", {}).get(RECONCILE_REQUESTED):
        status["lastHandledReconcileAt"] = requested
    return status


def kept(body: Mapping[str, Any], types: Iterable[str]) -> list[Condition]:
    """Stage conditions of the stored status that this pass could not look at."""
    stored = body.get("status", {}).get("conditions", [])
    wanted = set(types)
    return [Condition(c["type"], c["status"], c["reason"], c["message"]) for c in stored if c["type"] in wanted]


def present(members: Mapping[str, Any]) -> dict[str, Any]:
    """Only members that have a value: an absent member says «not known», a null says nothing anybody can use."""
    return {name: value for name, value in members.items() if value is not None}
