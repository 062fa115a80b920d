"""A part of ``make torture``: enough to notice a broken road in every chapter, quick enough for every run of the tests."""

from __future__ import annotations

import pytest

from torture.cases import Case, judge, recorded, sweep

# Every case takes a second; a prime stride visits every chapter, phase and variant in turn.
STRIDE = 29
SIX_HOURS = 6 * 3600.0


@pytest.mark.parametrize("case", list(sweep())[::STRIDE], ids=str)
def test_the_end_does_not_depend_on_the_road(case: Case) -> None:
    assert not judge(case, SIX_HOURS).problems


def test_every_chapter_has_calls_to_be_killed_at() -> None:
    assert all(len(usual.calls) > 5 for usual in recorded(0.0, 0.0))
    assert len(list(sweep())) > 500
