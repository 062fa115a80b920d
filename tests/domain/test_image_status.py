from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.images import (
    BUILT,
    DEFINITION,
    FINISHED,
    METADATA,
    STRANGER,
    body,
    current,
    progress,
    seen,
    situation,
    spec,
    version,
)
from poolwright.domain import reasons
from poolwright.domain.image.observed import Current, ImageFacts, ImageMemo, Intent, RegionProgress, SourceView, State
from poolwright.domain.image.rules import decide
from poolwright.domain.image.situation import ImageSituation, say
from poolwright.domain.image.spec import MarketplaceName
from poolwright.domain.image.status import VERSIONS_SHOWN, failed, remembered, render, steady_part
from poolwright.domain.outcomes import UNSEEN, Look, Verdict

NAMES = st.text("abc0123.", min_size=1, max_size=9)
REGIONS = st.lists(
    st.builds(
        RegionProgress, name=NAMES, state=st.sampled_from(["Completed", "Failed"]), progress=st.integers(0, 10).map(lambda n: n * 10)
    ),
    unique_by=lambda region: region.name,
).map(lambda regions: tuple(sorted(regions, key=lambda region: region.name)))
MEMOS = st.builds(
    ImageMemo,
    intent=st.none() | st.builds(Intent, version=NAMES, digest=NAMES, attempts=st.integers(0, 3)),
    current=st.none() | st.builds(Current, version=NAMES, id=NAMES, digest=NAMES, published_time=st.none() | NAMES, regions=REGIONS),
)


def shown(s: ImageSituation, **object_: Any) -> dict[str, Any]:
    """The status after a pass over this situation."""
    answer = decide(s)
    assert not isinstance(answer, Look)
    return render(body(**object_), s, answer)


def conditions(status: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {condition["type"]: (condition["status"], condition["reason"]) for condition in status["conditions"]}


@given(MEMOS)
def test_what_is_remembered_survives_the_status(memo: ImageMemo) -> None:
    s = situation(memo=memo)
    status = render(body(), s, say(s, reasons.PUBLISHING, "Words."))
    assert remembered(status) == memo
    assert remembered(failed(body(status=status), Verdict(reasons.AZURE_UNAVAILABLE, "No answer."))) == memo


@given(st.integers(0, 100))
def test_percent_goes_in_tens_and_never_beyond_the_truth(percent: int) -> None:
    memo = ImageMemo(current=current(regions=(RegionProgress(name="uksouth", state="Replicating", progress=percent, detail="x"),)))
    s = situation(memo=memo)
    (region,) = render(body(), s, say(s, reasons.REPLICATING, "Words."))["current"]["regions"]
    assert region["progress"] % 10 == 0
    assert 0 <= percent - region["progress"] < 10


def test_a_wiped_status_is_an_empty_memo() -> None:
    assert remembered({}) == remembered({"observedGeneration": -1}) == ImageMemo()


def test_a_status_of_an_earlier_version_lacks_members() -> None:
    stored = {
        "intent": {"version": "1.0.0", "sourceDigest": "v1:a"},
        "current": {"version": "1.0.0", "id": "x", "sourceDigest": "v1:a"},
    }
    assert remembered(stored) == ImageMemo(
        intent=Intent(version="1.0.0", digest="v1:a"),
        current=Current(version="1.0.0", id="x", digest="v1:a", published_time=None, regions=()),
    )
    part = {**stored["current"], "regions": [{"name": "uksouth", "state": "Replicating"}]}
    assert remembered({"current": part}).current == replace(
        current(digest="v1:a"), id="x", regions=(RegionProgress(name="uksouth", state="Replicating", progress=0),)
    )


def test_a_second_pass_over_what_the_first_one_wrote_says_the_same() -> None:
    """Converged means no write: from its own status an image renders the same status."""
    view = version(replication=FINISHED, published_time="2026-05-01T12:00:00Z")
    first = shown(situation(seen(versions=(view,), progress=view)))
    second = shown(situation(ImageFacts(versions=(view,)), memo=remembered(first)), status=first)
    assert second == first
    assert conditions(first)["Ready"] == ("True", "Available")


def test_the_whole_status() -> None:
    name = {"publisher": "canonical", "offer": "ubuntu", "sku": "server"}
    view = version(state=State.CREATING, replication=progress(westeurope="Completed", northeurope="Replicating"))
    s = situation(
        seen(versions=(view, version("0.9.0", digest="v1:old"), version("3.0.0", mark=STRANGER)), progress=view),
        spec=spec(baseImage=name),
        memo=ImageMemo(intent=Intent(version="1.0.0", digest=BUILT.digest)),
    )
    status = shown(s)
    assert conditions(status) == {
        "Ready": ("False", "Publishing"),
        "Reconciling": ("True", "Publishing"),
        "SourceReady": ("True", "AlreadyPublished"),
        "Published": ("False", "Publishing"),
        "Replicated": ("False", "Publishing"),
    }
    assert status["observedGeneration"] == METADATA["generation"]
    assert s.spec.base_image == MarketplaceName(**name)
    assert status["baseImage"] == name
    assert status["intent"] == {"version": "1.0.0", "sourceDigest": BUILT.digest, "attempts": 0}
    assert status["current"]["regions"] == [
        {"name": "northeurope", "state": "Replicating", "progress": 30},
        {"name": "westeurope", "state": "Completed", "progress": 100},
    ]
    assert status["versions"] == [
        {"version": "1.0.0", "id": f"{DEFINITION}/versions/1.0.0", "sourceDigest": BUILT.digest, "state": "Creating"},
        {"version": "0.9.0", "id": f"{DEFINITION}/versions/0.9.0", "sourceDigest": "v1:old", "state": "Succeeded"},
    ]


def test_versions_are_bounded_and_the_newest_stay() -> None:
    views = tuple(version(f"1.0.{number}") for number in range(VERSIONS_SHOWN + 5))
    versions = shown(situation(seen(versions=views), memo=ImageMemo(current=current(f"1.0.{VERSIONS_SHOWN + 4}"))))["versions"]
    assert [line["version"] for line in versions] == [f"1.0.{number}" for number in range(VERSIONS_SHOWN + 4, 4, -1)]


@pytest.mark.parametrize(
    ("versions", "lines"),
    [
        pytest.param(UNSEEN, [{"version": "0.9.0"}], id="not looked at: as stored"),
        pytest.param((), None, id="none"),
        pytest.param(None, None, id="no definition"),
    ],
)
def test_versions_that_were_not_looked_at_are_kept(versions: Any, lines: object) -> None:
    s = situation(ImageFacts(versions=versions))
    decision = say(s, reasons.PUBLISHING, "Words.")
    assert render(body(status={"versions": [{"version": "0.9.0"}]}), s, decision).get("versions") == lines


@pytest.mark.parametrize(
    ("s", "stages"),
    [
        pytest.param(
            situation(seen(source=SourceView(problem="SourceCorrupt", detail="Short."))),
            {"SourceReady": ("False", "SourceCorrupt"), "Published": ("False", "SourceCorrupt"), "Replicated": ("False", "SourceCorrupt")},
            id="the source is the reason for all that follows",
        ),
        pytest.param(
            situation(seen(versions=(version("1.4.0", mark=STRANGER),)), spec=spec(version="1.4.0")),
            {"SourceReady": ("Unknown", "VersionTaken"), "Published": ("False", "VersionTaken"), "Replicated": ("False", "VersionTaken")},
            id="the source was not looked at",
        ),
        pytest.param(
            situation(seen(gallery=None)),
            {"SourceReady": ("True", "Checked"), "Published": ("False", "CreatingGallery"), "Replicated": ("False", "CreatingGallery")},
            id="the source was looked at",
        ),
        pytest.param(situation(deleting=True), {}, id="deleting: there is nothing to stage"),
    ],
)
def test_every_stage_is_told(s: ImageSituation, stages: dict[str, tuple[str, str]]) -> None:
    told = conditions(shown(s))
    assert {type_: told[type_] for type_ in told if type_ not in {"Ready", "Reconciling", "Stalled"}} == stages


def test_a_pass_that_could_not_ask_keeps_what_was_known() -> None:
    view = version(replication=FINISHED)
    before = shown(situation(seen(versions=(view,), progress=view), spec=spec(baseImage={"publisher": "p", "offer": "o", "sku": "s"})))
    after = failed(body(status=before), Verdict(reasons.AZURE_UNAVAILABLE, "No answer."))
    assert conditions(after) == {**conditions(before), "Ready": ("Unknown", "AzureUnavailable")}
    assert {name: after[name] for name in after if name != "conditions"} == {name: before[name] for name in before if name != "conditions"}


def test_a_first_pass_that_could_not_ask_has_little_to_say() -> None:
    assert set(failed(body(), Verdict(reasons.AZURE_UNAVAILABLE, "No answer."))) == {"observedGeneration", "conditions"}


def test_only_percentages_move_by_themselves() -> None:
    memo = ImageMemo(current=current(regions=progress(uksouth="Replicating")))
    s = situation(memo=memo)
    status = render(body(), s, say(s, reasons.REPLICATING, "Words."))
    moved = {**status, "current": {**status["current"], "regions": [{**status["current"]["regions"][0], "progress": 90}]}}
    done = {**status, "current": {**status["current"], "regions": [{**status["current"]["regions"][0], "state": "Completed"}]}}
    assert steady_part(moved) == steady_part(status) != steady_part(done)
    assert steady_part({"conditions": []}) == {"conditions": []}
