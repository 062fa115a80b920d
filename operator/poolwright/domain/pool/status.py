"""The status of a BatchPool: what is remembered is read from it, what is known is written to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from poolwright.domain import reasons, resource_id
from poolwright.domain.conditions import Condition, summary
from poolwright.domain.outcomes import Verdict
from poolwright.domain.pool import sizing
from poolwright.domain.pool.images import boots, wanted
from poolwright.domain.pool.observed import PoolMemo, PoolView, Size
from poolwright.domain.pool.situation import PoolDecision, PoolSituation
from poolwright.domain.pool.spec import CustomImageRef
from poolwright.domain.reasons import Kind
from poolwright.domain.status import head, kept, present

STAGES = (reasons.SCALED_TO_TARGET, reasons.IMAGE_UP_TO_DATE)
# Azure lists one error a kind of node; more would be news.
ERRORS_SHOWN = 4
VERSION_SEGMENTS = 3


def remembered(status: Mapping[str, Any]) -> PoolMemo:
    """The memo of a stored status; a wiped one is an empty memo, which costs one more resize at most."""
    reached = status.get("reachedTargets")
    return PoolMemo(
        reached=Size(dedicated=reached["dedicated"], low_priority=reached["lowPriority"]) if reached else None,
        attempts=status.get("resizeAttempts", 0),
    )


def render(body: Mapping[str, Any], s: PoolSituation, decision: PoolDecision, nodes: Mapping[str, int] | None) -> dict[str, Any]:
    """The whole status after a pass that reached a decision. ``nodes`` are counts by state, where they are known."""
    pool = s.facts.pool if isinstance(s.facts.pool, PoolView) else None
    stages = [] if s.deleting else [_scaled(s, pool, decision), _up_to_date(s, pool, decision)]
    status = head(body, [*summary(decision.verdict.reason, decision.verdict.message), *stages])
    memo = decision.memo
    status |= present(
        {
            "reachedTargets": {"dedicated": memo.reached.dedicated, "lowPriority": memo.reached.low_priority} if memo.reached else None,
            "resizeAttempts": memo.attempts or None,
            "selector": f"poolwright.io/pool={body['metadata']['name']}",
        }
    )
    return status | (_shown(s, pool, nodes) if pool is not None else {})


def failed(body: Mapping[str, Any], verdict: Verdict) -> dict[str, Any]:
    """The status after a pass in which Azure could not be asked: what was known stays, the summary says why."""
    status = head(body, [*summary(verdict.reason, verdict.message), *kept(body, STAGES)])
    before = body.get("status", {})
    return status | {name: value for name, value in before.items() if name not in status and name != "lastHandledReconcileAt"}


def steady_part(status: Mapping[str, Any]) -> dict[str, Any]:
    """The status without what moves by itself: node states always, and the current counts while a resize runs."""
    moving = {"nodes"}
    if status.get("allocationState") != "steady":
        moving |= {"currentDedicatedNodes", "currentLowPriorityNodes"}
    return {name: value for name, value in status.items() if name not in moving}


def _shown(s: PoolSituation, pool: PoolView, nodes: Mapping[str, int] | None) -> dict[str, Any]:
    errors = [{"code": error.code, "message": error.message[:512]} for error in pool.resize_errors[:ERRORS_SHOWN]]
    return present(
        {
            "poolState": "deleting" if pool.deleting else "active",
            "allocationState": pool.allocation.value,
            "currentDedicatedNodes": pool.current.dedicated,
            "currentLowPriorityNodes": pool.current.low_priority,
            "nodeAgentSku": pool.node_agent_sku,
            "image": _image(s, pool),
            "nodes": {state: count for state, count in sorted((nodes or {}).items()) if count} or None,
            # An error is current only while the size is not reached; later it is history, and Azure keeps it until the next resize.
            "resizeErrors": errors if errors and pool.steady and pool.current != pool.target else None,
        }
    )


def _image(s: PoolSituation, pool: PoolView) -> dict[str, Any]:
    """Which image the pool boots, and whether it is a custom one."""
    if pool.image_id is None:
        return {"kind": "Marketplace", "name": pool.image_name}
    try:
        image = resource_id.parse(pool.image_id)
    except ValueError:
        return {"kind": "Custom", "name": pool.image_id, "id": pool.image_id}
    if len(image.names) == 1:  # a managed image has no versions
        return {"kind": "Custom", "name": image.name, "id": pool.image_id}
    pinned = len(image.names) == VERSION_SEGMENTS
    wants = wanted(s)
    ours = (
        isinstance(s.spec.image, CustomImageRef)
        and wants is not None
        and resource_id.same(_definition(wants.id), _definition(pool.image_id))
    )
    name = s.spec.image.name if ours and isinstance(s.spec.image, CustomImageRef) else image.names[1]
    return {"kind": "Custom", "name": name, "id": pool.image_id, "version": image.name if pinned else "latest"}


def _definition(version_id: str) -> str:
    return version_id.lower().split("/versions/")[0]


def _scaled(s: PoolSituation, pool: PoolView | None, decision: PoolDecision) -> Condition:
    verdict = decision.verdict
    if pool is None:
        return Condition(reasons.SCALED_TO_TARGET, "False", verdict.reason.name, verdict.message)
    if not s.spec.targets.managed:
        return Condition(reasons.SCALED_TO_TARGET, "True", reasons.UNMANAGED.name, "No target is declared.")
    if pool.current == s.desired and pool.target == s.desired:
        return Condition(reasons.SCALED_TO_TARGET, "True", reasons.AT_TARGET.name, f"Has {pool.current}.")
    if verdict.reason.kind is Kind.SETTLED and sizing.reached_before(s):
        message = f"Has {pool.current} of {s.desired}; Batch itself replaces lost nodes."
        return Condition(reasons.SCALED_TO_TARGET, "False", reasons.NODES_LOST.name, message)
    return Condition(reasons.SCALED_TO_TARGET, "False", verdict.reason.name, verdict.message)


def _up_to_date(s: PoolSituation, pool: PoolView | None, decision: PoolDecision) -> Condition:
    verdict, image = decision.verdict, wanted(s)
    if pool is None:
        return Condition(reasons.IMAGE_UP_TO_DATE, "False", verdict.reason.name, verdict.message)
    if image is None:
        message = "The declared image has no version here; the pool keeps the one it has."
        return Condition(reasons.IMAGE_UP_TO_DATE, "Unknown", reasons.WAITING_FOR_IMAGE.name, message)
    if boots(pool.image_id, image):
        return Condition(reasons.IMAGE_UP_TO_DATE, "True", reasons.UP_TO_DATE.name, f"Boots version {image.version}.")
    return Condition(
        reasons.IMAGE_UP_TO_DATE, "False", reasons.UPDATE_PENDING.name, f"Version {image.version} will be taken when the pool is empty."
    )
