from __future__ import annotations

from dataclasses import replace

import pytest

from domain.images import BUILT, current, progress, seen, situation, version
from poolwright.domain import reasons
from poolwright.domain.image.observed import ImageMemo, Intent, State
from poolwright.domain.image.rules import decide
from poolwright.domain.image.situation import ImageDecision, ImageSituation
from poolwright.domain.outcomes import Look

CHOSEN = ImageMemo(intent=Intent(version="1.0.0", digest=BUILT.digest))


def decided(s: ImageSituation) -> ImageDecision:
    answer = decide(s)
    assert not isinstance(answer, Look)
    return answer


WANTING = [
    pytest.param(situation(seen(gallery=None)), id="no gallery"),
    pytest.param(situation(seen(definition=None)), id="no definition"),
    pytest.param(situation(), id="no number"),
    pytest.param(situation(seen(target=None), memo=CHOSEN), id="no version"),
    pytest.param(situation(seen(versions=(version(state=State.FAILED),), progress=version(state=State.FAILED))), id="failed version"),
    pytest.param(situation(seen(versions=(version(),), progress=version(replication=progress(northeurope="Failed")))), id="failed region"),
    pytest.param(situation(seen(versions=(version(),), progress=version(regions=()))), id="region to add"),
]


@pytest.mark.parametrize("s", WANTING)
def test_suspended_means_observed_only(s: ImageSituation) -> None:
    active, suspended = decided(s), decided(replace(s, spec=replace(s.spec, suspended=True)))
    assert active.action is not None or active.intent
    assert suspended.verdict.reason is reasons.SUSPENDED
    assert active.verdict.message in suspended.verdict.message
    assert (suspended.action, suspended.memo, suspended.intent, suspended.reread) == (None, s.memo, False, False)
    assert suspended.again_after == s.pace.calm


def test_suspended_with_nothing_to_do_is_as_it_is() -> None:
    s = situation(seen(versions=(version(),)), memo=ImageMemo(current=current()), spec=replace(BUILT, suspended=True))
    assert decided(s).verdict.reason is reasons.AVAILABLE
