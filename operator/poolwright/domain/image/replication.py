"""From a version that exists to one that is complete in every declared region."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from poolwright.domain import reasons, resource_id
from poolwright.domain.image.observed import Current, Fact, ImageMemo, Intent, RegionProgress, State, VersionView
from poolwright.domain.image.situation import Answer, ImageDecision, ImageSituation, UpdateRegions, do, say
from poolwright.domain.image.spec import Region
from poolwright.domain.image.stages import Stages, needless, published, replicated
from poolwright.domain.outcomes import UNSEEN, Look

MAX_ATTEMPTS = 3  # as for publishing


def follow(s: ImageSituation, version: VersionView) -> Answer:
    """Show where the version stands and do what brings it further.

    Progress is read only while something moves: a version that Azure calls Succeeded in the declared regions, and that our status
    already knows to be complete there, is settled without a further read.
    """
    if version.state is State.SUCCEEDED and _known_complete(s, version) and _as_declared(s, version):
        # A region that was taken away is in our status until then, and no pool may go by it.
        lies_in = {region.name for region in version.regions}
        return _available(s, version, tuple(region for region in _current(s).regions if region.name in lies_in))
    if s.facts.progress is UNSEEN:
        return Look(frozenset({Fact.PROGRESS}))
    seen = s.facts.progress
    if seen is None or seen.name != version.name:
        return say(s, reasons.PUBLISHING, f"Version {version.name} is listed but cannot be read yet.", stages=needless())
    return _judge(s, seen)


def _judge(s: ImageSituation, version: VersionView) -> ImageDecision:
    regions = version.replication or ()
    if version.state is State.DELETING or (version.state is State.FAILED and not any(region.completed for region in regions)):
        message = f"Version {version.name} is in state {version.state.value}."
        return say(s, reasons.PUBLISHING, message, stages=published("False", reasons.PUBLISHING, message))
    current = _newer(s, version, regions)
    memo = replace(s.memo, current=current)
    if version.state is State.CREATING:
        return _say(s, version, memo=memo, stages=published("False", reasons.PUBLISHING, f"Azure is making version {version.name}."))
    if version.state in {State.SUCCEEDED, State.FAILED} and not _as_declared(s, version):
        action = UpdateRegions(spec=s.spec, version=resource_id.parse(version.id))
        message = f"Setting the regions of version {version.name} to {_names(s.spec.regions)}."
        return do(s, action, reasons.REPLICATING, message, stages=_stages(version, reasons.REPLICATING, message), memo=memo)
    wanted = {region.name for region in s.spec.regions}
    failed = [region for region in regions if region.failed and region.name in wanted]
    if failed and version.state is not State.UPDATING:
        return _again(s, version, failed, current)
    complete = {region.name for region in regions if region.completed}
    if version.state is State.SUCCEEDED and wanted <= complete:
        return _available(s, version, regions)
    return _say(s, version, memo=memo, stages=published("True", reasons.ALREADY_PUBLISHED, f"Version {version.name} exists."))


def _again(s: ImageSituation, version: VersionView, failed: list[RegionProgress], current: Current | None) -> ImageDecision:
    """The same PUT again (the troubleshooting guide's advice), three times, then hourly words instead."""
    first = failed[0]
    attempts = s.memo.intent.attempts if s.memo.intent and s.memo.intent.version == version.name else 0
    if attempts >= MAX_ATTEMPTS:
        message = f"Region {first.name} failed {MAX_ATTEMPTS} times: {first.detail or 'Azure gives no detail'}"
        stages = _stages(version, reasons.REPLICATION_FAILED, message)
        return say(s, reasons.REPLICATION_FAILED, message, stages=stages, memo=replace(s.memo, current=current))
    message = f"Region {first.name} failed; asking again."
    intent = Intent(version=version.name, digest=s.spec.digest, attempts=attempts + 1)
    action = UpdateRegions(spec=s.spec, version=resource_id.parse(version.id))
    memo = replace(s.memo, current=current, intent=intent)
    return do(s, action, reasons.REPLICATING, message, stages=_stages(version, reasons.REPLICATING, message), memo=memo)


def _available(s: ImageSituation, version: VersionView, regions: tuple[RegionProgress, ...]) -> ImageDecision:
    message = f"Version {version.name} is complete in {_names(s.spec.regions)}."
    stages = (
        *needless(),
        *published("True", reasons.ALREADY_PUBLISHED, f"Version {version.name} exists."),
        *replicated("True", reasons.AVAILABLE, message),
    )
    memo = replace(s.memo, current=_as_current(s, version, regions), intent=None)
    return say(s, reasons.AVAILABLE, message, stages=stages, memo=memo)


def _say(s: ImageSituation, version: VersionView, *, memo: ImageMemo, stages: Stages) -> ImageDecision:
    wanted = {region.name for region in s.spec.regions}
    done = sum(region.completed and region.name in wanted for region in version.replication or ())
    message = f"Version {version.name} is complete in {done} of {len(s.spec.regions)} regions."
    reason = reasons.PUBLISHING if version.state is State.CREATING else reasons.REPLICATING
    decision = say(s, reason, message, stages=(*needless(), *stages, *replicated("False", reason, message)))
    return replace(decision, memo=memo)


def _stages(version: VersionView, reason: reasons.Reason, message: str) -> Stages:
    exists = published("True", reasons.ALREADY_PUBLISHED, f"Version {version.name} exists.")
    return (*needless(), *exists, *replicated("False", reason, message))


def _newer(s: ImageSituation, version: VersionView, regions: tuple[RegionProgress, ...]) -> Current | None:
    """Pools follow the new version from its first finished region on; until then they keep the one before."""
    if any(region.completed for region in regions):
        return _as_current(s, version, regions)
    return s.memo.current


def _as_current(s: ImageSituation, version: VersionView, regions: tuple[RegionProgress, ...]) -> Current:
    return Current(version=version.name, id=version.id, digest=s.spec.digest, published_time=version.published_time, regions=regions)


def _current(s: ImageSituation) -> Current:
    if s.memo.current is None:
        raise AssertionError("_known_complete looks first")
    return s.memo.current


def _known_complete(s: ImageSituation, version: VersionView) -> bool:
    current = s.memo.current
    if current is None or not resource_id.same(current.id, version.id):
        return False
    return {region.name for region in s.spec.regions} <= current.complete


def _as_declared(s: ImageSituation, version: VersionView) -> bool:
    """Names and replica counts; the storage type of a region is fixed when the version is made."""
    return _counts(version.regions) == _counts(s.spec.regions)


def _counts(regions: Iterable[Region]) -> dict[str, int]:
    return {region.name: region.replicas for region in regions}


def _names(regions: Iterable[Region]) -> str:
    return ", ".join(region.name for region in regions)
