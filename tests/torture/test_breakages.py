"""The harness notices an operator that is broken on purpose; otherwise its silence means nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from torture.breakages import BREAKAGES, Breakage, broken
from torture.cases import Case, judge, sweep
from torture.story import STORY

# Enough to meet the place where it shows; most show in the first.
TRIED = 12
SIX_HOURS = 6 * 3600.0


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """A broken operator complains a lot."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.name)
def test_it_is_noticed(breakage: Breakage) -> None:
    cases = [case for case in sweep() if (STORY[case.chapter].name, case.variant) == (breakage.chapter, breakage.variant)]
    with broken(breakage):
        assert any(_shows(case) for case in cases[:: max(1, len(cases) // TRIED)])


def _shows(case: Case) -> bool:
    """A problem, or an operator so broken that not even the harness gets through."""
    try:
        return bool(judge(case, SIX_HOURS).problems)
    except Exception:  # noqa: BLE001 - whatever it is, it was noticed
        return True
