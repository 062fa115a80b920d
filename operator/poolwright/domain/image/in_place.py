"""A finished gallery image version as the source: used where it is, and never written to."""

from __future__ import annotations

from dataclasses import replace

from poolwright.domain import reasons, resource_id
from poolwright.domain.image.observed import Current, Fact, State, VersionView
from poolwright.domain.image.situation import Answer, ImageDecision, ImageRule, ImageSituation, say
from poolwright.domain.image.spec import VersionSource
from poolwright.domain.image.stages import Stages, published, replicated, source_problem
from poolwright.domain.outcomes import UNSEEN, Look


def version_missing(s: ImageSituation) -> Answer:
    """The named version has to exist and to have been made."""
    view = s.facts.progress
    if view is UNSEEN:
        return Look(frozenset({Fact.PROGRESS}))
    if view is None or view.state is State.DELETING:
        message = f"{_id(s)} does not exist. Correct spec.source.galleryImageVersion.id, or create the version."
        return say(s, reasons.VERSION_NOT_FOUND, message, stages=source_problem(reasons.VERSION_NOT_FOUND, message))
    if view.state is State.FAILED:
        message = f"{_id(s)} is in state Failed. Name another version, or repair it in Azure."
        return say(s, reasons.VERSION_FAILED, message, stages=source_problem(reasons.VERSION_FAILED, message))
    return None


def not_generalized(s: ImageSituation) -> Answer:
    """Batch boots generalised images only; looked at once, because a definition cannot change it."""
    if s.memo.current is not None and resource_id.same(s.memo.current.id, _id(s)):
        return None
    definition = s.facts.definition
    if definition is UNSEEN:
        return Look(frozenset({Fact.DEFINITION}))
    if definition is None or definition.os_state == "Generalized":
        return None
    message = f"{_id(s)} is {definition.os_state}; Batch boots generalised images only."
    return say(s, reasons.OS_STATE_MISMATCH, message, stages=source_problem(reasons.OS_STATE_MISMATCH, message))


def region_missing(s: ImageSituation) -> Answer:
    """Declared regions are demands on the version; it is not ours to extend."""
    view = _view(s)
    present = {region.name for region in view.regions}
    missing = [region.name for region in s.spec.regions if region.name not in present]
    if not missing:
        return None
    message = (
        f"Version {view.name} is not replicated to {', '.join(missing)}. Add the region to it in Azure, or take it out of spec.replication."
    )
    return _shown(s, say(s, reasons.REGION_MISSING, message, stages=(*_found(view), *replicated("False", reasons.REGION_MISSING, message))))


def copying(s: ImageSituation) -> Answer:
    """Somebody else's replication is waited for, region by region."""
    view = _view(s)
    wanted = {region.name for region in s.spec.regions} or {region.name for region in view.regions}
    complete = {region.name for region in view.replication or () if region.completed}
    if wanted <= complete:
        return None
    message = f"Version {view.name} is complete in {len(wanted & complete)} of {len(wanted)} regions."
    return _shown(s, say(s, reasons.REPLICATING, message, stages=(*_found(view), *replicated("False", reasons.REPLICATING, message))))


def available(s: ImageSituation) -> Answer:
    """The version is there, in every region asked for."""
    view = _view(s)
    message = f"Version {view.name} is used in place."
    return _shown(s, say(s, reasons.AVAILABLE, message, stages=(*_found(view), *replicated("True", reasons.AVAILABLE, message))))


RULES: tuple[ImageRule, ...] = (version_missing, not_generalized, region_missing, copying, available)


def _shown(s: ImageSituation, decision: ImageDecision) -> ImageDecision:
    view = _view(s)
    regions = view.replication or ()
    current = Current(version=view.name, id=view.id, digest=s.spec.digest, published_time=view.published_time, regions=regions)
    return replace(decision, memo=replace(s.memo, current=current))


def _found(view: VersionView) -> Stages:
    message = f"Version {view.name} is used where it is."
    return (
        *(replace(condition, status="True") for condition in source_problem(reasons.USED_IN_PLACE, message)),
        *published("True", reasons.USED_IN_PLACE, message),
    )


def _view(s: ImageSituation) -> VersionView:
    if not isinstance(s.facts.progress, VersionView):
        raise TypeError("version_missing answers first")
    return s.facts.progress


def _id(s: ImageSituation) -> str:
    if not isinstance(s.spec.source, VersionSource):
        raise TypeError("only a source used in place comes here")
    return str(s.spec.source.version)
