from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.images import BUILT, STRANGER, seen, situation, version
from poolwright.domain.image.candidates import by_digest, highest_usable, listed, taken
from poolwright.domain.image.naming import FIRST, next_version, order
from poolwright.domain.image.observed import State
from poolwright.domain.outcomes import UNSEEN

NUMBERS = st.tuples(*[st.integers(min_value=0, max_value=2**31 - 2)] * 3).map(lambda parts: ".".join(map(str, parts)))
NOT_NUMBERS = st.sampled_from(["latest", "1.0", "1.0.0.0", "1.0.²", "", "v1.0.0", "-1.0.0"])


@pytest.mark.parametrize(
    ("existing", "following"),
    [
        pytest.param([], "1.0.0", id="the first"),
        pytest.param(["1.0.0"], "1.0.1", id="the next"),
        pytest.param(["1.0.9", "1.0.10"], "1.0.11", id="by number, not by text"),
        pytest.param(["2.0.0", "1.9.9"], "2.0.1", id="the major number counts first"),
        pytest.param(["latest"], "1.0.0", id="only what is no number"),
        pytest.param(["1.0.0", "3.0"], "1.0.1", id="beside what is no number"),
    ],
)
def test_the_next_number(existing: list[str], following: str) -> None:
    assert next_version(existing) == following


@given(st.lists(NUMBERS | NOT_NUMBERS))
def test_the_next_number_is_free_and_the_highest(existing: list[str]) -> None:
    following = next_version(existing)
    assert len(order(following)) == 3
    assert all(order(number) < order(following) for number in existing)


@given(NUMBERS, NUMBERS)
def test_numbers_are_ordered_part_by_part(left: str, right: str) -> None:
    parts = [tuple(map(int, number.split("."))) for number in (left, right)]
    assert (order(left) < order(right)) == (parts[0] < parts[1])
    assert order("latest") < order(left)


@given(st.permutations(["1.0.0", "1.0.2", "1.0.10", FIRST]))
def test_the_order_of_the_listing_does_not_matter(existing: list[str]) -> None:
    assert next_version(existing) == "1.0.11"


@pytest.mark.parametrize("versions", [pytest.param(UNSEEN, id="not looked at"), pytest.param(None, id="no definition")])
def test_nothing_is_listed(versions: object) -> None:
    assert listed(situation(seen(versions=versions))) == ()


def test_candidates_are_ours_and_of_this_source_highest_first() -> None:
    mine = [version("1.0.2"), version("1.0.10", State.FAILED)]
    others = [version("1.0.11", mark=STRANGER), version("1.0.12", digest="v1:other"), version("1.0.13", mark=None)]
    s = situation(seen(versions=(mine[0], *others, mine[1])))
    assert by_digest(s) == [mine[1], mine[0]]


def test_a_fixed_number_leaves_only_itself() -> None:
    s = situation(seen(versions=(version("1.0.0"), version("1.4.0"))), spec=replace(BUILT, version="1.0.0"))
    assert [candidate.name for candidate in by_digest(s)] == ["1.0.0"]


@pytest.mark.parametrize(("state", "usable"), [(state, state in {State.SUCCEEDED, State.UPDATING}) for state in State])
def test_usable_is_what_was_made_once(state: State, usable: bool) -> None:
    candidate = version(state=state)
    assert highest_usable([candidate]) == (candidate if usable else None)


def test_the_first_usable_one_is_taken() -> None:
    versions = [version("1.0.2", State.CREATING), version("1.0.1", State.UPDATING), version("1.0.0")]
    assert highest_usable(versions) == versions[1]


@pytest.mark.parametrize(
    ("holder", "is_taken"),
    [
        pytest.param(version("1.0.0"), False, id="ours, of this source"),
        pytest.param(version("1.0.0", digest="v1:other"), True, id="ours, of another source"),
        pytest.param(version("1.0.0", mark=STRANGER), True, id="somebody else's"),
        pytest.param(version("1.0.1", mark=STRANGER), False, id="another number"),
    ],
)
def test_a_taken_number(holder: object, is_taken: bool) -> None:
    assert taken(situation(seen(versions=(holder,))), "1.0.0") is is_taken
