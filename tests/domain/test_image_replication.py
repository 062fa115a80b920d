"""From a version that exists to one that is complete everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.images import BUILT, DECLARED, FINISHED, current, progress, seen, situation, spec, version
from poolwright.domain import reasons
from poolwright.domain.image.observed import Fact, ImageMemo, Intent, RegionProgress, State, VersionView
from poolwright.domain.image.replication import MAX_ATTEMPTS, follow
from poolwright.domain.image.rules import decide
from poolwright.domain.image.situation import ImageDecision, ImageSituation, UpdateRegions
from poolwright.domain.image.spec import Region
from poolwright.domain.outcomes import Look
from poolwright.domain.resource_id import parse

OLD = ImageMemo(current=current("0.9.0", digest="v1:old"))


def decided(s: ImageSituation) -> ImageDecision:
    answer = decide(s)
    assert not isinstance(answer, Look)
    return answer


def following(listed: VersionView, read: VersionView | None = None, *, memo: ImageMemo = OLD, **members: Any) -> ImageDecision:
    """The decision on one listed version of which the direct read shows ``read`` (None: the same)."""
    return decided(replace(situation(seen(versions=(listed,), progress=read or listed), memo=memo), **members))


def stages(decision: ImageDecision) -> dict[str, tuple[str, str]]:
    return {stage.type: (stage.status, stage.reason) for stage in decision.stages}


@pytest.mark.parametrize(
    ("view", "reason", "follows"),
    [
        pytest.param(version(state=State.CREATING), "Publishing", "0.9.0", id="being made: pools keep what they have"),
        pytest.param(
            version(state=State.CREATING, replication=progress(northeurope="Replicating", westeurope="Completed")),
            "Publishing",
            "1.0.0",
            id="usable from the first finished region on",
        ),
        pytest.param(
            version(state=State.UPDATING, replication=progress(northeurope="Replicating")),
            "Replicating",
            "0.9.0",
            id="no region is finished",
        ),
        pytest.param(
            version(state=State.UPDATING, replication=progress(northeurope="Failed")), "Replicating", "0.9.0", id="Azure is still at it"
        ),
        pytest.param(version(replication=progress(westeurope="Completed")), "Replicating", "1.0.0", id="one region is left"),
        pytest.param(version(), "Replicating", "0.9.0", id="nothing is told of regions"),
        pytest.param(version(replication=FINISHED), "Available", "1.0.0", id="complete"),
        pytest.param(
            version(replication=(*FINISHED, *progress(uksouth="Failed"))),
            "Available",
            "1.0.0",
            id="a region nobody asks for does not count",
        ),
    ],
)
def test_looking_on(view: VersionView, reason: str, follows: str) -> None:
    decision = following(view)
    assert (decision.verdict.reason.name, decision.action) == (reason, None)
    assert decision.memo.current is not None
    assert decision.memo.current.version == follows


def test_a_finished_version_ends_the_intent() -> None:
    decision = following(version(replication=FINISHED), memo=ImageMemo(intent=Intent(version="1.0.0", digest=BUILT.digest, attempts=2)))
    assert decision.memo == ImageMemo(current=current())
    assert stages(decision) == {
        "SourceReady": ("True", "AlreadyPublished"),
        "Published": ("True", "AlreadyPublished"),
        "Replicated": ("True", "Available"),
    }


@pytest.mark.parametrize(
    ("view", "published"),
    [
        pytest.param(version(state=State.CREATING, replication=FINISHED), "False", id="being made"),
        pytest.param(version(state=State.UPDATING), "True", id="being copied"),
        pytest.param(version(state=State.FAILED), "False", id="failed since it was listed"),
        pytest.param(version(state=State.DELETING), "False", id="deleted since it was listed"),
    ],
)
def test_published_is_true_once_the_version_is_made(view: VersionView, published: str) -> None:
    decision = following(version(state=State.CREATING), view)
    assert stages(decision)["Published"][0] == published
    assert decision.action is None


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(version(state=State.FAILED, replication=progress(westeurope="Failed")), id="it was never made"),
        pytest.param(version(state=State.DELETING, replication=FINISHED), id="it goes away"),
    ],
)
def test_a_version_that_is_no_more_is_not_followed(read: VersionView) -> None:
    decision = following(version(state=State.UPDATING), read)
    assert (decision.verdict.reason, decision.action, decision.memo) == (reasons.PUBLISHING, None, OLD)
    assert read.state.value in decision.verdict.message


@pytest.mark.parametrize(
    "regions",
    [
        pytest.param((Region(name="westeurope"),), id="a region to add"),
        pytest.param((*DECLARED, Region(name="uksouth")), id="a region to take away"),
        pytest.param((Region(name="northeurope", replicas=1), Region(name="westeurope")), id="another number of replicas"),
    ],
)
def test_regions_are_brought_to_what_is_declared(regions: tuple[Region, ...]) -> None:
    view = version(regions=regions, replication=progress(westeurope="Completed"))
    decision = following(view)
    assert decision.action == UpdateRegions(spec=BUILT, version=parse(view.id))
    assert decision.verdict.reason is reasons.REPLICATING
    assert stages(decision)["Published"] == ("True", "AlreadyPublished")
    assert decision.memo.current is not None


def test_the_storage_type_of_a_region_is_fixed_when_the_version_is_made() -> None:
    regions = tuple(replace(region, storage_account_type="Premium_LRS") for region in DECLARED)
    assert following(version(regions=regions, replication=FINISHED)).action is None


def test_regions_are_left_alone_while_azure_works_on_them() -> None:
    assert following(version(state=State.UPDATING, regions=())).action is None
    assert following(version(state=State.CREATING, regions=())).action is None


def test_a_region_that_fails_is_asked_for_three_times() -> None:
    view = version(replication=(RegionProgress(name="northeurope", state="Failed", progress=0, detail="No capacity."),))
    memo = OLD
    for attempt in range(1, MAX_ATTEMPTS + 1):
        decision = following(view, memo=memo)
        assert decision.action == UpdateRegions(spec=BUILT, version=parse(view.id))
        assert decision.verdict.reason is reasons.REPLICATING
        memo = decision.memo
        assert memo.intent == Intent(version="1.0.0", digest=BUILT.digest, attempts=attempt)
    stalled = following(view, memo=memo)
    assert (stalled.verdict.reason, stalled.action, stalled.memo) == (reasons.REPLICATION_FAILED, None, memo)
    assert "No capacity." in stalled.verdict.message
    assert stages(stalled)["Replicated"] == ("False", "ReplicationFailed")


def test_the_count_of_another_version_does_not_matter() -> None:
    memo = ImageMemo(intent=Intent(version="0.9.0", digest="v1:old", attempts=MAX_ATTEMPTS))
    decision = following(version(replication=progress(northeurope="Failed")), memo=memo)
    assert decision.memo.intent == Intent(version="1.0.0", digest=BUILT.digest, attempts=1)


def test_a_region_that_failed_and_is_no_longer_declared_is_left() -> None:
    declared = spec(replication={})
    view = version(regions=declared.regions, replication=progress(westeurope="Completed", northeurope="Failed"))
    assert following(view, spec=declared).verdict.reason is reasons.AVAILABLE


@pytest.mark.parametrize(
    "memo",
    [
        pytest.param(ImageMemo(), id="nothing is known"),
        pytest.param(ImageMemo(current=current("0.9.0")), id="another version is known"),
        pytest.param(ImageMemo(current=current(regions=progress(westeurope="Completed"))), id="one region is known"),
    ],
)
def test_regions_are_read_until_they_are_known_to_be_complete(memo: ImageMemo) -> None:
    assert decide(situation(seen(versions=(version(),)), memo=memo)) == Look(frozenset({Fact.PROGRESS}))


def test_ids_are_compared_without_case() -> None:
    follows = current()
    memo = ImageMemo(current=replace(follows, id=follows.id.upper()))
    assert decided(situation(seen(versions=(version(),)), memo=memo)).verdict.reason is reasons.AVAILABLE


def test_a_region_taken_away_is_not_shown_as_complete_for_ever() -> None:
    """A pool there would be created from a version that its region no longer has."""
    memo = ImageMemo(current=current(regions=(*FINISHED, *progress(uksouth="Completed"))))
    decision = decided(situation(seen(versions=(version(),)), memo=memo))
    assert decision.memo.current is not None
    assert decision.memo.current.complete == {"northeurope", "westeurope"}


def test_only_declared_regions_are_counted() -> None:
    view = version(state=State.UPDATING, replication=(*FINISHED, *progress(uksouth="Completed")))
    assert following(view).verdict.message == "Version 1.0.0 is complete in 2 of 2 regions."


@pytest.mark.parametrize("read", [pytest.param(None, id="gone again"), pytest.param(version("1.0.1"), id="another one")])
def test_a_listing_that_is_ahead_of_the_read(read: VersionView | None) -> None:
    s = situation(seen(versions=(version(),), progress=read), memo=OLD)
    decision = decided(s)
    assert (decision.verdict.reason, decision.action, decision.memo) == (reasons.PUBLISHING, None, OLD)
    assert follow(s, version()) == decision
