"""Whatever is seen, a rule answers, and asks only for what nobody has looked at: else a pass would never end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import images, pools
from domain.images import IN_PLACE, situation
from poolwright.domain.image import in_place, replication, rules, stages
from poolwright.domain.image.observed import DefinitionView, GalleryView, ImageFacts, ImageMemo, Intent, SourceView, State, VersionView
from poolwright.domain.image.situation import ImageSituation
from poolwright.domain.image.spec import ImageSpec
from poolwright.domain.outcomes import UNSEEN, Decision, Look
from poolwright.domain.ownership import ADOPTED
from poolwright.domain.pool.observed import Allocation, GalleryVersion, PoolFacts, PoolMemo, PoolView, ResizeError, Size
from poolwright.domain.pool.rules import decide as decide_pool
from poolwright.domain.pool.situation import PoolSituation
from poolwright.domain.pool.spec import PoolSpec
from poolwright.domain.reasons import Kind

ABSENT = st.sampled_from([UNSEEN, None])
STATES = st.sampled_from(["Succeeded", "Failed", "Creating", "Deleting"])
MARKS = st.sampled_from([images.MARK, images.STRANGER, None])
REPLICATION = st.none() | st.builds(
    images.progress,
    westeurope=st.sampled_from(["Completed", "Replicating", "Failed", "Unknown"]),
    northeurope=st.sampled_from(["Completed", "Replicating", "Failed", "Unknown"]),
)
VERSIONS: st.SearchStrategy[VersionView] = st.builds(
    images.version,
    st.sampled_from(["1.0.0", "1.0.1", "2.1.0"]),
    st.sampled_from(State),
    mark=MARKS,
    digest=st.sampled_from([None, "v1:other"]),
    regions=st.sampled_from([images.DECLARED, images.DECLARED[:1], ()]),
    replication=REPLICATION,
)
DEFINITIONS = st.builds(
    DefinitionView,
    state=STATES,
    os=st.sampled_from([images.home().os, replace(images.home().os, architecture="Arm64")]),
    os_state=st.sampled_from(["Generalized", "Specialized"]),
    tags=st.sampled_from([images.MARK.tags(), images.STRANGER.tags(), {}]),
)
IMAGE_FACTS = st.builds(
    ImageFacts,
    versions=ABSENT | st.lists(VERSIONS, max_size=3, unique_by=lambda version: version.name).map(tuple),
    gallery=ABSENT | st.builds(GalleryView, location=st.just("westeurope"), state=STATES),
    definition=ABSENT | DEFINITIONS,
    source=st.just(UNSEEN) | st.sampled_from([SourceView(), SourceView(problem="SourceCorrupt", detail="Short.")]),
    target=ABSENT | VERSIONS,
    progress=ABSENT | VERSIONS,
)
IMAGE_MEMOS = st.builds(
    ImageMemo,
    intent=st.none()
    | st.builds(
        Intent,
        version=st.sampled_from(["1.0.0", "1.0.1"]),
        digest=st.sampled_from([images.BUILT.digest, "v1:x"]),
        attempts=st.integers(0, 4),
    ),
    current=st.none() | st.builds(images.current, st.sampled_from(["1.0.0", "2.1.0"])),
)
IMAGE_SPECS: st.SearchStrategy[ImageSpec] = st.sampled_from([images.BUILT, images.spec(version="1.0.1"), IN_PLACE]).flatmap(
    lambda spec: st.builds(lambda delete, suspended: replace(spec, delete=delete, suspended=suspended), st.booleans(), st.booleans())
)
IMAGES: st.SearchStrategy[ImageSituation] = st.builds(
    lambda facts, memo, **members: images.situation(facts, memo=memo, **members),
    IMAGE_FACTS,
    IMAGE_MEMOS,
    spec=IMAGE_SPECS,
    users=st.sampled_from([(), ("studio/frames",)]),
    deleting=st.booleans(),
)

SIZES = st.builds(Size, dedicated=st.integers(0, 3), low_priority=st.integers(0, 2))
ERRORS = st.builds(
    ResizeError, code=st.sampled_from(["AllocationTimedOut", "AccountCoreQuotaReached", "ResizeStopped", "New"]), message=st.just("")
)
POOLS: st.SearchStrategy[PoolView] = st.builds(
    pools.pool,
    deleting=st.booleans(),
    allocation=st.sampled_from(Allocation),
    current=SIZES,
    target=SIZES,
    image_id=st.sampled_from([pools.V1, pools.V2, None]),
    auto_scale=st.booleans(),
    resize_errors=st.lists(ERRORS, max_size=2).map(tuple),
    metadata=st.sampled_from([pools.MARK.tags(), {**pools.MARK.tags(), ADOPTED: "true"}, pools.STRANGER.tags(), {}]),
)
POOL_FACTS = st.builds(
    PoolFacts,
    account=ABSENT | st.just(pools.FACTS.account),
    pool=ABSENT | POOLS,
    image=st.sampled_from([None, pools.IMAGE, replace(pools.IMAGE, deleting=True), replace(pools.IMAGE, complete=frozenset())]),
    version=ABSENT | st.just(GalleryVersion(complete=pools.EVERYWHERE, declared=pools.EVERYWHERE)),
    sizes=st.sampled_from([UNSEEN, pools.FACTS.sizes, frozenset[str]()]),
    agents=st.sampled_from([UNSEEN, pools.AGENTS, ()]),
)
POOL_SPECS: st.SearchStrategy[PoolSpec] = st.builds(
    pools.spec,
    st.sampled_from([pools.BY_REFERENCE, pools.BY_ID]),
    targetDedicatedNodes=st.none() | st.integers(0, 3),
    targetLowPriorityNodes=st.none() | st.integers(0, 2),
    adoptionPolicy=st.sampled_from(["Never", "IfUnowned", "Force"]),
    deletionPolicy=st.sampled_from([None, "Delete", "Retain"]),
    suspend=st.booleans(),
)
POOL_SITUATIONS: st.SearchStrategy[PoolSituation] = st.builds(
    lambda facts, **members: replace(pools.situation(), facts=facts, **members),
    POOL_FACTS,
    spec=POOL_SPECS,
    memo=st.builds(PoolMemo, reached=st.none() | SIZES, attempts=st.integers(0, 4)),
    deleting=st.booleans(),
    stopped_at=st.sampled_from([None, pools.NOW]),
)


def holds(answer: Decision[Any, Any] | Look[Any], s: ImageSituation | PoolSituation) -> None:
    """What every answer keeps."""
    if isinstance(answer, Look):
        assert answer.facts
        assert all(getattr(s.facts, fact.value) is UNSEEN for fact in answer.facts), "asks again for what it was told"
        return
    kind = answer.verdict.reason.kind
    assert answer.verdict.message.endswith(".")
    assert not (answer.intent and answer.action is not None), "an intent is stored before anything is done about it"
    assert answer.intent <= (answer.memo.intent is not None if isinstance(answer.memo, ImageMemo) else False)
    assert answer.again_after is not None or kind in {Kind.SETTLED, Kind.SUSPENDED}, "nothing would wake it"
    assert not (kind is Kind.SETTLED and answer.action is not None)
    if s.spec.suspended and not s.deleting:
        assert answer.action is None
        assert not answer.intent


@given(IMAGES)
def test_images(s: ImageSituation) -> None:
    holds(rules.decide(s), s)


@given(POOL_SITUATIONS)
def test_pools(s: PoolSituation) -> None:
    holds(decide_pool(s), s)


def test_a_source_that_was_not_looked_at_is_not_called_good() -> None:
    assert stages.checked(situation(ImageFacts())) == ()


def test_rules_that_rely_on_others_say_so() -> None:
    with pytest.raises(AssertionError, match="number_not_chosen"):
        rules.publish(situation())
    with pytest.raises(AssertionError, match="looks first"):
        replication._current(situation())
    with pytest.raises(AssertionError, match="no home"):
        _ = situation(spec=IN_PLACE).home
    with pytest.raises(TypeError, match="version_missing"):
        in_place.available(situation(spec=IN_PLACE))
    with pytest.raises(TypeError, match="used in place"):
        in_place.version_missing(situation(ImageFacts(progress=None)))
