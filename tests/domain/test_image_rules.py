"""How a built image comes to be: situation → reason, action, memo; one row each, in the order of the rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.images import (
    BUILT,
    DEFINITION_VIEW,
    IN_PLACE,
    STRANGER,
    VERSION_ID,
    VHD_SOURCE,
    current,
    home,
    progress,
    seen,
    situation,
    spec,
    version,
)
from poolwright.domain import reasons
from poolwright.domain.image import deletion, in_place
from poolwright.domain.image.observed import Fact, GalleryView, ImageFacts, ImageMemo, Intent, SourceView, State
from poolwright.domain.image.rules import BUILT as RULES
from poolwright.domain.image.rules import MAX_ATTEMPTS, decide, rules_for
from poolwright.domain.image.situation import (
    CreateDefinition,
    CreateGallery,
    ImageDecision,
    ImageSituation,
    PutVersion,
    UpdateRegions,
)
from poolwright.domain.outcomes import UNSEEN, Look
from poolwright.domain.reasons import CATALOGUE

INTENT = Intent(version="1.0.0", digest=BUILT.digest)
CHOSEN = ImageMemo(intent=INTENT)
FIXED = spec(version="1.4.0")


def decided(s: ImageSituation) -> ImageDecision:
    answer = decide(s)
    assert not isinstance(answer, Look)
    return answer


def gallery(state: str) -> GalleryView:
    return GalleryView(location="westeurope", state=state)


def definition(**members: Any) -> object:
    return replace(DEFINITION_VIEW, **members)


@pytest.mark.parametrize(
    ("s", "fact"),
    [
        pytest.param(situation(ImageFacts()), Fact.VERSIONS, id="first the listing"),
        pytest.param(situation(seen(source=UNSEEN)), Fact.SOURCE, id="no version: the source"),
        pytest.param(situation(seen(gallery=UNSEEN)), Fact.GALLERY, id="then the gallery"),
        pytest.param(situation(seen(definition=UNSEEN)), Fact.DEFINITION, id="then the definition"),
        pytest.param(situation(memo=CHOSEN), Fact.TARGET, id="before the PUT, the number itself"),
        pytest.param(situation(seen(versions=(version(),))), Fact.PROGRESS, id="a version whose regions are not known"),
        pytest.param(situation(seen(versions=(version(state=State.CREATING),))), Fact.PROGRESS, id="a version in the making"),
    ],
)
def test_what_is_looked_at_next(s: ImageSituation, fact: Fact) -> None:
    assert decide(s) == Look(frozenset({fact}))


@pytest.mark.parametrize(
    ("s", "reason", "action"),
    [
        pytest.param(
            situation(seen(source=SourceView(problem="SourceCorrupt", detail="Short."))),
            "SourceCorrupt",
            None,
            id="a source that breaks a rule",
        ),
        pytest.param(
            situation(seen(gallery=None)), "CreatingGallery", CreateGallery(gallery=home().gallery, location="westeurope"), id="no gallery"
        ),
        pytest.param(situation(seen(gallery=gallery("Updating"))), "CreatingGallery", None, id="gallery on its way"),
        pytest.param(situation(seen(gallery=gallery("Failed"))), "GalleryFailed", None, id="gallery failed"),
        pytest.param(situation(seen(definition=None)), "CreatingDefinition", CreateDefinition(home=home()), id="no definition"),
        pytest.param(situation(seen(definition=definition(state="Creating"))), "CreatingDefinition", None, id="definition on its way"),
        pytest.param(situation(seen(definition=definition(state="Failed"))), "GalleryFailed", None, id="definition failed"),
        pytest.param(situation(seen(definition=definition(tags=STRANGER.tags()))), "NotOwned", None, id="another image's definition"),
        pytest.param(situation(seen(definition=definition(tags={}))), "NotOwned", None, id="nobody's definition"),
        pytest.param(
            situation(seen(definition=definition(os=replace(home().os, hyper_v_generation="V1")))),
            "DefinitionMismatch",
            None,
            id="another generation",
        ),
        pytest.param(
            situation(seen(versions=(version("1.4.0", digest="v1:x"),)), spec=FIXED), "VersionTaken", None, id="fixed number, other source"
        ),
        pytest.param(
            situation(seen(versions=(version("1.4.0", mark=STRANGER),)), spec=FIXED), "VersionTaken", None, id="fixed number, other owner"
        ),
        pytest.param(situation(), "Publishing", None, id="a number is chosen"),
        pytest.param(
            situation(seen(target=None), memo=CHOSEN),
            "Publishing",
            PutVersion(spec=BUILT, home=home(), version="1.0.0", digest=BUILT.digest),
            id="the number is stored and free",
        ),
        pytest.param(
            situation(seen(versions=(version(state=State.FAILED),), progress=version(state=State.FAILED))),
            "Publishing",
            PutVersion(spec=BUILT, home=home(), version="1.0.0", digest=BUILT.digest),
            id="a version that failed",
        ),
        pytest.param(
            situation(
                seen(versions=(version(state=State.FAILED),), progress=version(state=State.FAILED)),
                memo=ImageMemo(intent=replace(INTENT, attempts=MAX_ATTEMPTS)),
            ),
            "PublishFailed",
            None,
            id="a version that failed too often",
        ),
        pytest.param(
            situation(seen(versions=(version(),), progress=version(replication=progress(northeurope="Failed")))),
            "Replicating",
            UpdateRegions(spec=BUILT, version=VERSION_ID),
            id="a region that failed",
        ),
        pytest.param(situation(seen(versions=(version(),)), memo=ImageMemo(current=current())), "Available", None, id="converged"),
    ],
)
def test_decision(s: ImageSituation, reason: str, action: object) -> None:
    decision = decided(s)
    assert (decision.verdict.reason.name, decision.action) == (reason, action)
    assert decision.verdict.message.endswith(".")
    assert decision.reread is isinstance(action, CreateGallery | CreateDefinition | PutVersion)


def test_a_warning_of_the_source_is_shown_where_it_was_looked_at() -> None:
    s = situation(seen(gallery=None, source=SourceView(warning="Large.")))
    (stage,) = decided(s).stages
    assert (stage.type, stage.status, stage.reason, stage.message) == ("SourceReady", "True", "Checked", "Large.")


def test_a_problem_of_the_source_comes_before_anything_is_made() -> None:
    s = situation(seen(gallery=None, definition=None, source=SourceView(problem="SourceTooLarge", detail="Big.")))
    decision = decided(s)
    (stage,) = decision.stages
    assert (stage.type, stage.status, stage.reason, decision.action) == ("SourceReady", "False", "SourceTooLarge", None)


@pytest.mark.parametrize("state", ["Deleting", "Migrating"])
def test_a_gallery_in_an_odd_state_is_waited_for(state: str) -> None:
    decision = decided(situation(seen(gallery=gallery(state))))
    assert decision.verdict.reason.kind is reasons.Kind.WORKING
    assert state in decision.verdict.message


@pytest.mark.parametrize(
    ("s", "number"),
    [
        pytest.param(situation(), "1.0.0", id="the first"),
        pytest.param(situation(seen(versions=None)), "1.0.0", id="the first of a definition that was just made"),
        pytest.param(
            situation(seen(versions=(version("1.2.9", mark=STRANGER, state=State.DELETING),))), "1.2.10", id="past everything visible"
        ),
        pytest.param(situation(spec=FIXED), "1.4.0", id="the fixed one"),
        pytest.param(
            situation(memo=ImageMemo(intent=Intent(version="1.0.0", digest="v1:old", attempts=3))), "1.0.0", id="for another source"
        ),
        pytest.param(situation(spec=FIXED, memo=CHOSEN), "1.4.0", id="instead of the one chosen before it was fixed"),
        pytest.param(situation(seen(target=version(mark=STRANGER)), memo=CHOSEN), "1.0.1", id="after one that was taken meanwhile"),
        pytest.param(situation(seen(target=version(digest="v1:x")), memo=CHOSEN), "1.0.1", id="after one of another source"),
        pytest.param(
            situation(seen(versions=(version("1.7.0", digest="v1:x"),), target=version(mark=None)), memo=CHOSEN), "1.7.1", id="after both"
        ),
    ],
)
def test_a_number_is_an_intent_that_ends_the_pass(s: ImageSituation, number: str) -> None:
    decision = decided(s)
    assert decision.memo.intent == Intent(version=number, digest=BUILT.digest, attempts=0)
    assert (decision.intent, decision.action, decision.again_after) == (True, None, 0.0)


def test_the_intent_that_was_read_back_is_acted_on_and_kept() -> None:
    decision = decided(situation(seen(target=None), memo=CHOSEN))
    assert (decision.memo, decision.intent) == (CHOSEN, False)


def test_a_fixed_number_that_turns_out_taken() -> None:
    s = situation(seen(target=version("1.4.0", mark=STRANGER)), spec=FIXED, memo=ImageMemo(intent=replace(INTENT, version="1.4.0")))
    decision = decided(s)
    assert (decision.verdict.reason, decision.action) == (reasons.VERSION_TAKEN, None)
    assert {stage.type: stage.status for stage in decision.stages} == {"SourceReady": "True", "Published": "False"}


def test_our_own_lost_answer_is_followed() -> None:
    target = version(state=State.CREATING)
    s = situation(seen(target=target), memo=CHOSEN)
    assert decide(s) == Look(frozenset({Fact.PROGRESS}))
    decision = decided(replace(s, facts=replace(s.facts, progress=target)))
    assert (decision.verdict.reason, decision.action, decision.memo) == (reasons.PUBLISHING, None, CHOSEN)


def test_failures_are_counted_for_this_number_alone() -> None:
    failed = seen(versions=(version("1.0.1", State.FAILED),), progress=version("1.0.1", State.FAILED))
    attempts = []
    memo = ImageMemo(intent=Intent(version="1.0.0", digest=BUILT.digest, attempts=2))
    for _ in range(MAX_ATTEMPTS):
        decision = decided(situation(failed, memo=memo))
        assert isinstance(decision.action, PutVersion)
        assert decision.action.version == "1.0.1"
        memo = decision.memo
        attempts.append(memo.intent and memo.intent.attempts)
    assert attempts == [1, 2, 3]
    assert decided(situation(failed, memo=memo)).verdict.reason is reasons.PUBLISH_FAILED


def test_a_revision_builds_again_under_the_next_number_after_failures() -> None:
    s = situation(
        seen(versions=(version(state=State.FAILED),), progress=version(state=State.FAILED)),
        spec=spec(source={"vhd": VHD_SOURCE, "revision": "2"}),
        memo=ImageMemo(intent=replace(INTENT, attempts=MAX_ATTEMPTS)),
    )
    chosen = decided(s).memo.intent
    assert chosen == Intent(version="1.0.1", digest=s.spec.digest, attempts=0)


def test_going_back_to_an_earlier_source_builds_nothing() -> None:
    """The source may be gone by then: it is not even looked at."""
    earlier, later = version("1.0.0"), version("1.0.1", digest="v1:later")
    memo = ImageMemo(current=current("1.0.1", digest="v1:later"))
    finished = replace(earlier, replication=progress(northeurope="Completed", westeurope="Completed"))
    decision = decided(situation(ImageFacts(versions=(earlier, later), progress=finished), memo=memo))
    assert (decision.verdict.reason, decision.action) == (reasons.AVAILABLE, None)
    assert decision.memo.current is not None
    assert decision.memo.current.version == "1.0.0"


def test_a_version_that_was_made_is_preferred_to_a_later_one_that_failed() -> None:
    versions = (version("1.0.0"), version("1.0.1", State.FAILED))
    assert decided(situation(seen(versions=versions), memo=ImageMemo(current=current()))).verdict.reason is reasons.AVAILABLE


def test_a_converged_image_costs_one_listing() -> None:
    memo = ImageMemo(current=current())
    assert decide(situation(ImageFacts(), memo=memo)) == Look(frozenset({Fact.VERSIONS}))
    decision = decided(situation(ImageFacts(versions=(version(),)), memo=memo))
    assert (decision.verdict.reason, decision.memo, decision.again_after) == (reasons.AVAILABLE, memo, 300.0)


def test_the_lists_of_rules() -> None:
    assert rules_for(situation()) is RULES
    assert rules_for(situation(spec=IN_PLACE)) is in_place.RULES
    assert rules_for(situation(deleting=True)) is deletion.RULES
    assert rules_for(situation(spec=IN_PLACE, deleting=True)) is deletion.RULES


def test_what_a_source_may_answer_is_in_the_catalogue_and_stalls() -> None:
    for name in [name for name in CATALOGUE if name.startswith(("Source", "StorageAccount"))]:
        decision = decided(situation(seen(source=SourceView(problem=name, detail="Words."))))
        assert decision.verdict.reason.kind is reasons.Kind.STALLED
        assert decision.again_after == 1800.0
