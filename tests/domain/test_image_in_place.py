"""A finished version as the source: never written to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.images import DEFINITION_VIEW, IN_PLACE, current, in_place_version, progress, situation
from poolwright.domain import reasons
from poolwright.domain.image.observed import DefinitionView, Fact, ImageFacts, ImageMemo, State, VersionView
from poolwright.domain.image.rules import decide
from poolwright.domain.image.situation import ImageDecision, ImageSituation
from poolwright.domain.image.spec import Region
from poolwright.domain.outcomes import Look

FOUND = in_place_version()
FACTS = ImageFacts(progress=FOUND, definition=DEFINITION_VIEW)
KNOWN = ImageMemo(current=current("2.1.0", digest=IN_PLACE.digest, regions=progress(westeurope="Completed")))


def in_place(facts: ImageFacts = FACTS, *, memo: ImageMemo | None = None, **regions: int) -> ImageSituation:
    declared = tuple(Region(name=name) for name in regions) or IN_PLACE.regions
    return situation(facts, memo=memo, spec=replace(IN_PLACE, regions=declared))


def decided(s: ImageSituation) -> ImageDecision:
    answer = decide(s)
    assert not isinstance(answer, Look)
    return answer


def test_what_is_looked_at() -> None:
    assert decide(in_place(ImageFacts())) == Look(frozenset({Fact.PROGRESS}))
    assert decide(in_place(ImageFacts(progress=FOUND))) == Look(frozenset({Fact.DEFINITION}))


def test_a_definition_is_looked_at_once() -> None:
    assert decided(in_place(ImageFacts(progress=FOUND), memo=KNOWN)).verdict.reason is reasons.AVAILABLE
    other = ImageMemo(current=current("2.0.0"))
    assert decide(in_place(ImageFacts(progress=FOUND), memo=other)) == Look(frozenset({Fact.DEFINITION}))


@pytest.mark.parametrize(
    ("view", "definition", "reason"),
    [
        pytest.param(None, DEFINITION_VIEW, "VersionNotFound", id="no such version"),
        pytest.param(in_place_version(state=State.DELETING), DEFINITION_VIEW, "VersionNotFound", id="on its way out"),
        pytest.param(in_place_version(state=State.FAILED), DEFINITION_VIEW, "VersionFailed", id="failed"),
        pytest.param(FOUND, replace(DEFINITION_VIEW, os_state="Specialized"), "OsStateMismatch", id="specialised"),
        pytest.param(in_place_version(regions=(Region(name="uksouth"),)), DEFINITION_VIEW, "RegionMissing", id="not in a declared region"),
        pytest.param(in_place_version(replication=None), DEFINITION_VIEW, "Replicating", id="nothing is told of regions"),
        pytest.param(
            in_place_version(replication=progress(westeurope="Replicating", uksouth="Completed")),
            DEFINITION_VIEW,
            "Replicating",
            id="being copied",
        ),
        pytest.param(in_place_version(state=State.CREATING, replication=()), DEFINITION_VIEW, "Replicating", id="being made"),
        pytest.param(FOUND, DEFINITION_VIEW, "Available", id="complete where it is declared"),
        pytest.param(FOUND, None, "Available", id="a definition that cannot be seen does not stop it"),
        pytest.param(in_place_version(state=State.UPDATING), DEFINITION_VIEW, "Available", id="somebody adds a region"),
    ],
)
def test_decision(view: VersionView | None, definition: DefinitionView | None, reason: str) -> None:
    decision = decided(in_place(ImageFacts(progress=view, definition=definition)))
    assert (decision.verdict.reason.name, decision.action, decision.intent) == (reason, None, False)
    assert decision.verdict.message.endswith(".")


def test_without_declared_regions_every_region_of_the_version_counts() -> None:
    s = situation(FACTS, spec=replace(IN_PLACE, regions=()))
    assert decided(s).verdict.reason is reasons.REPLICATING
    complete = in_place_version(replication=progress(westeurope="Completed", uksouth="Completed"))
    assert decided(replace(s, facts=replace(FACTS, progress=complete))).verdict.reason is reasons.AVAILABLE


@pytest.mark.parametrize(
    ("view", "stages"),
    [
        pytest.param(None, {"SourceReady": "False"}, id="not found"),
        pytest.param(
            in_place_version(replication=None), {"SourceReady": "True", "Published": "True", "Replicated": "False"}, id="being copied"
        ),
        pytest.param(
            in_place_version(regions=()), {"SourceReady": "True", "Published": "True", "Replicated": "False"}, id="not in a declared region"
        ),
        pytest.param(FOUND, {"SourceReady": "True", "Published": "True", "Replicated": "True"}, id="complete"),
    ],
)
def test_stages(view: VersionView | None, stages: dict[str, str]) -> None:
    decision = decided(in_place(replace(FACTS, progress=view)))
    assert {stage.type: stage.status for stage in decision.stages} == stages


def test_pools_follow_the_regions_that_are_complete() -> None:
    decision = decided(in_place(northeurope=1))
    assert decision.verdict.reason is reasons.REGION_MISSING
    assert "northeurope" in decision.verdict.message
    follows = decision.memo.current
    assert follows is not None
    assert (follows.version, follows.id, follows.digest, follows.complete) == (
        "2.1.0",
        FOUND.id,
        IN_PLACE.digest,
        frozenset({"westeurope"}),
    )


@pytest.mark.parametrize("view", [None, in_place_version(state=State.FAILED)])
def test_what_pools_follow_stays_while_the_declared_version_is_no_use(view: VersionView | None) -> None:
    before = ImageMemo(current=current("2.0.0"))
    assert decided(in_place(replace(FACTS, progress=view), memo=before)).memo == before


def test_suspended_changes_nothing_because_nothing_is_ever_done() -> None:
    s = in_place()
    assert decided(replace(s, spec=replace(s.spec, suspended=True))) == decided(s)
