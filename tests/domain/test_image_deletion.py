"""How a CustomImage goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.images import BUILT, DEFINITION_VIEW, IN_PLACE, STRANGER, VERSION_ID, home, situation, version
from poolwright.domain import reasons
from poolwright.domain.image.naming import order
from poolwright.domain.image.observed import Fact, ImageFacts, ImageMemo, Intent, State, VersionView
from poolwright.domain.image.rules import decide
from poolwright.domain.image.situation import DeleteDefinition, DeleteVersion, ImageDecision, ImageSituation, Release
from poolwright.domain.outcomes import UNSEEN, Look

DELETE = replace(BUILT, delete=True)
GOING = replace(DEFINITION_VIEW, state="Deleting")
DELETE_1 = DeleteVersion(version=VERSION_ID)
DELETE_DEFINITION = DeleteDefinition(definition=home().definition)
MEMO = ImageMemo(intent=Intent(version="1.0.0", digest=BUILT.digest))


def deleting(facts: ImageFacts | None = None, **members: Any) -> ImageSituation:
    return replace(situation(facts or ImageFacts(), spec=DELETE, deleting=True, memo=MEMO), **members)


def seen(*versions: VersionView) -> ImageFacts:
    """These are listed, and a direct read of the newest shows the same."""
    newest = max(versions, key=lambda view: order(view.name), default=None)
    return ImageFacts(definition=DEFINITION_VIEW, versions=versions, progress=newest)


def decided(s: ImageSituation) -> ImageDecision:
    answer = decide(s)
    assert not isinstance(answer, Look)
    return answer


def test_what_is_looked_at() -> None:
    assert decide(deleting()) == Look(frozenset({Fact.DEFINITION}))
    assert decide(deleting(ImageFacts(definition=DEFINITION_VIEW))) == Look(frozenset({Fact.VERSIONS}))
    assert decide(deleting(replace(seen(version()), progress=UNSEEN))) == Look(frozenset({Fact.PROGRESS}))


@pytest.mark.parametrize(
    ("s", "reason", "action"),
    [
        pytest.param(deleting(users=("studio/frames",)), "InUse", None, id="a pool names it"),
        pytest.param(deleting(users=("studio/frames",), spec=BUILT), "InUse", None, id="also where nothing would be deleted"),
        pytest.param(deleting(spec=BUILT), "Deleting", Release(), id="Retain costs no read"),
        pytest.param(deleting(spec=replace(DELETE, suspended=True)), "Deleting", Release(), id="suspended acts as Retain"),
        pytest.param(deleting(spec=replace(IN_PLACE, delete=True)), "Deleting", Release(), id="a version used in place is not ours"),
        pytest.param(deleting(ImageFacts(definition=None)), "Deleting", Release(), id="nothing there"),
        pytest.param(
            deleting(ImageFacts(definition=replace(DEFINITION_VIEW, tags=STRANGER.tags()))),
            "Deleting",
            Release(),
            id="somebody else's definition",
        ),
        pytest.param(deleting(ImageFacts(definition=replace(DEFINITION_VIEW, tags={}))), "Deleting", Release(), id="nobody's definition"),
        pytest.param(deleting(ImageFacts(definition=GOING)), "Deleting", None, id="the definition is going"),
        pytest.param(deleting(seen(version())), "Deleting", DELETE_1, id="a version"),
        pytest.param(deleting(seen(version(digest="v1:old"))), "Deleting", DELETE_1, id="a version of an earlier source"),
        pytest.param(deleting(seen(version(state=State.FAILED))), "Deleting", DELETE_1, id="a version that failed"),
        pytest.param(deleting(seen(version(state=State.CREATING))), "Deleting", DELETE_1, id="a version in the making"),
        pytest.param(deleting(seen(version(state=State.DELETING))), "Deleting", None, id="a version that is going"),
        pytest.param(deleting(seen(version("1.0.0"), version("1.0.1", State.DELETING))), "Deleting", None, id="one at a time"),
        pytest.param(deleting(replace(seen(version()), progress=None)), "Deleting", None, id="gone, and still listed"),
        pytest.param(
            deleting(replace(seen(version()), progress=version(state=State.DELETING))),
            "Deleting",
            None,
            id="going, and listed as if it were not",
        ),
        pytest.param(deleting(seen(version(mark=STRANGER))), "Deleting", Release(), id="versions of others stay"),
        pytest.param(
            deleting(replace(seen(version("2.0.0", mark=None), version()), progress=version())),
            "Deleting",
            DELETE_1,
            id="ours go all the same",
        ),
        pytest.param(deleting(seen()), "Deleting", DELETE_DEFINITION, id="the empty definition"),
        pytest.param(
            deleting(ImageFacts(definition=DEFINITION_VIEW, versions=None)), "Deleting", DELETE_DEFINITION, id="a listing that is ahead"
        ),
    ],
)
def test_decision(s: ImageSituation, reason: str, action: object) -> None:
    decision = decided(s)
    assert (decision.verdict.reason.name, decision.action, decision.memo) == (reason, action, MEMO)
    assert decision.reread is isinstance(action, DeleteVersion | DeleteDefinition)


def test_the_newest_goes_first() -> None:
    decision = decided(deleting(seen(version("1.0.9"), version("1.0.10"))))
    assert isinstance(decision.action, DeleteVersion)
    assert decision.action.version.name == "1.0.10"
    assert "2 left" in decision.verdict.message


@pytest.mark.parametrize(
    ("users", "named"),
    [
        pytest.param(("a/1",), "Used by a/1.", id="one"),
        pytest.param(("a/1", "a/2", "a/3"), "Used by a/1, a/2, a/3.", id="as many as are named"),
        pytest.param(("a/1", "a/2", "a/3", "b/4", "b/5"), "Used by a/1, a/2, a/3 and 2 more.", id="more"),
    ],
)
def test_users_are_named(users: tuple[str, ...], named: str) -> None:
    decision = decided(deleting(users=users))
    assert decision.verdict.message.startswith(named)
    assert decision.verdict.reason is reasons.IN_USE
