"""The status of a CustomImage: what is remembered is read from it, what is known is written to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from poolwright.domain import reasons
from poolwright.domain.conditions import Condition, summary
from poolwright.domain.image.candidates import listed
from poolwright.domain.image.naming import order
from poolwright.domain.image.observed import Current, ImageMemo, Intent, RegionProgress
from poolwright.domain.image.situation import ImageDecision, ImageSituation
from poolwright.domain.outcomes import UNSEEN, Verdict
from poolwright.domain.status import head, kept, present

STAGES = (reasons.SOURCE_READY, reasons.PUBLISHED, reasons.REPLICATED)
# Ten builds back is history; the rest is in the gallery. The CRD bounds the list at 20.
VERSIONS_SHOWN = 20
PERCENT_STEP = 10


def remembered(status: Mapping[str, Any]) -> ImageMemo:
    """The memo of a stored status; a wiped one is an empty memo, which costs time and nothing else."""
    intent, current = status.get("intent"), status.get("current")
    return ImageMemo(
        intent=Intent(version=intent["version"], digest=intent["sourceDigest"], attempts=intent.get("attempts", 0)) if intent else None,
        current=_current(current) if current else None,
    )


def _current(current: Mapping[str, Any]) -> Current:
    regions = tuple(
        RegionProgress(name=region["name"], state=region["state"], progress=region.get("progress", 0))
        for region in current.get("regions", ())
    )
    return Current(
        version=current["version"],
        id=current["id"],
        digest=current["sourceDigest"],
        published_time=current.get("publishedTime"),
        regions=regions,
    )


def render(body: Mapping[str, Any], s: ImageSituation, decision: ImageDecision) -> dict[str, Any]:
    """The whole status after a pass that reached a decision."""
    verdict = decision.verdict
    stages = [] if s.deleting else _all_stages(decision)
    status = head(body, [*summary(verdict.reason, verdict.message), *stages])
    memo = decision.memo
    return status | present(
        {
            "baseImage": asdict(s.spec.base_image) if s.spec.base_image else None,
            "current": _current_json(memo.current) if memo.current else None,
            "intent": _intent_json(memo.intent) if memo.intent else None,
            "versions": _versions(body, s),
        }
    )


def failed(body: Mapping[str, Any], verdict: Verdict) -> dict[str, Any]:
    """The status after a pass in which Azure could not be asked: what was known stays, the summary says why."""
    status = head(body, [*summary(verdict.reason, verdict.message), *kept(body, STAGES)])
    before = body.get("status", {})
    return status | {name: before[name] for name in ("baseImage", "current", "intent", "versions") if name in before}


def steady_part(status: Mapping[str, Any]) -> dict[str, Any]:
    """The status without what moves by itself: percentages ride along with other changes, or go out every few minutes."""
    current = status.get("current")
    if not current:
        return dict(status)
    regions = [{name: value for name, value in region.items() if name != "progress"} for region in current.get("regions", ())]
    return {**status, "current": {**current, "regions": regions}}


def _all_stages(decision: ImageDecision) -> list[Condition]:
    """Every stage is always told: one the rules did not reach has not happened, and the verdict says why."""
    told = {condition.type: condition for condition in decision.stages}
    verdict = decision.verdict
    return [
        told.get(stage) or Condition(stage, "Unknown" if stage == reasons.SOURCE_READY else "False", verdict.reason.name, verdict.message)
        for stage in STAGES
    ]


def _current_json(current: Current) -> dict[str, Any]:
    regions = [
        {"name": region.name, "state": region.state, "progress": region.progress // PERCENT_STEP * PERCENT_STEP}
        for region in current.regions
    ]
    members = {"version": current.version, "id": current.id, "sourceDigest": current.digest, "publishedTime": current.published_time}
    return present(members) | {"regions": sorted(regions, key=lambda region: str(region["name"]))}


def _intent_json(intent: Intent) -> dict[str, Any]:
    return {"version": intent.version, "sourceDigest": intent.digest, "attempts": intent.attempts}


def _versions(body: Mapping[str, Any], s: ImageSituation) -> list[dict[str, Any]] | None:
    if s.facts.versions is UNSEEN:
        stored: list[dict[str, Any]] | None = body.get("status", {}).get("versions")
        return stored
    ours = sorted((v for v in listed(s) if s.mark.on(v.tags)), key=lambda v: order(v.name), reverse=True)[:VERSIONS_SHOWN]
    return [present({"version": v.name, "id": v.id, "sourceDigest": v.digest, "state": v.state.value}) for v in ours] or None
