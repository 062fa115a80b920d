"""Node counts: when to resize, when to leave a resize alone, what its errors mean."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pools import NO_MEMO, NOW, pool, short, situation, size, spec
from poolwright.domain import reasons
from poolwright.domain.outcomes import Look
from poolwright.domain.pool.observed import Allocation, PoolMemo, PoolView, ResizeError, Size
from poolwright.domain.pool.rules import decide
from poolwright.domain.pool.situation import PoolDecision, PoolSituation, Resize, StopResize
from poolwright.domain.pool.sizing import (
    ERROR_CLASSES,
    LONGEST_PAUSE,
    QUOTA_TRIES,
    STOP_AT_MOST_EVERY,
    ErrorClass,
    classify,
    pause_after,
    reached_before,
)

COUNTS = st.integers(0, 6)
SIZES = st.builds(Size, dedicated=COUNTS, low_priority=COUNTS)
TARGETS = st.none() | COUNTS
MINUTE = timedelta(minutes=1)
FIVE = Resize(etag="0x1", size=size(5), timeout_seconds=1800)
REACHED = PoolMemo(reached=size(5))


def decided(s: PoolSituation) -> PoolDecision:
    answer = decide(s)
    assert not isinstance(answer, Look)
    return answer


def wanting(dedicated: int | None, low_priority: int | None, **facts: Any) -> PoolSituation:
    return situation(declared=spec(targetDedicatedNodes=dedicated, targetLowPriorityNodes=low_priority), **facts)


def resizing(have: Size, target: Size, **members: Any) -> PoolView:
    return pool(allocation=Allocation.RESIZING, current=have, target=target, **members)


def between(value: int, one: int, other: int) -> bool:
    return min(one, other) <= value <= max(one, other)


@given(SIZES, SIZES, TARGETS, TARGETS)
def test_a_resize_towards_the_declared_size_is_never_stopped(have: Size, target: Size, dedicated: int | None, low: int | None) -> None:
    """A target between what is and what shall be leads the right way; one beyond, or away from it, is stopped."""
    s = wanting(dedicated, low, pool=resizing(have, target))
    right_way = all(
        want is None or between(goal, here, want)
        for here, goal, want in ((have.dedicated, target.dedicated, dedicated), (have.low_priority, target.low_priority, low))
    )
    assert decided(s).action == (None if right_way else StopResize(etag="0x1"))


@given(SIZES, SIZES)
def test_a_resize_to_exactly_the_declared_size_is_never_stopped(have: Size, target: Size) -> None:
    decision = decided(wanting(target.dedicated, target.low_priority, pool=resizing(have, target)))
    assert (decision.action, decision.verdict.reason) == (None, reasons.RESIZING)


@given(SIZES, SIZES, TARGETS, TARGETS)
def test_a_resize_that_is_being_stopped_is_not_stopped_again(have: Size, target: Size, dedicated: int | None, low: int | None) -> None:
    view = pool(allocation=Allocation.STOPPING, current=have, target=target)
    assert decided(wanting(dedicated, low, pool=view)).action is None


@given(SIZES, SIZES, COUNTS, COUNTS)
def test_steady_pools_end_at_the_declared_size_or_a_resize_to_it(have: Size, target: Size, dedicated: int, low: int) -> None:
    """Nothing is left short in silence that was never reached."""
    decision = decided(wanting(dedicated, low, pool=pool(current=have, target=target)))
    want = Size(dedicated=dedicated, low_priority=low)
    if have == target == want:
        assert (decision.action, decision.verdict.reason) == (None, reasons.SETTLED)
    else:
        assert decision.action == Resize(etag="0x1", size=want, timeout_seconds=1800)


@pytest.mark.parametrize(
    ("have", "target"),
    [
        pytest.param(size(2), size(9), id="would overshoot"),
        pytest.param(size(9), size(0), id="would end below"),
        pytest.param(size(4), size(2), id="shrinks away"),
        pytest.param(size(7), size(9), id="grows away"),
        pytest.param(size(2), size(5, 3), id="right in one kind, wrong in the other"),
    ],
)
def test_a_wrong_resize_is_stopped_once_a_minute_at_most(have: Size, target: Size) -> None:
    s = situation(pool=resizing(have, target))
    assert decided(s).action == StopResize(etag="0x1")
    waiting = decided(replace(s, stopped_at=NOW - STOP_AT_MOST_EVERY + timedelta(seconds=20)))
    assert (waiting.action, waiting.verdict.reason, waiting.again_after) == (None, reasons.RESIZING, 20.0)
    assert decided(replace(s, stopped_at=NOW - STOP_AT_MOST_EVERY)).action == StopResize(etag="0x1")


@pytest.mark.parametrize("allocation", Allocation)
def test_the_moves_of_a_formula_are_not_fought(allocation: Allocation) -> None:
    """Batch refuses a resize of such a pool, and would start the stopped one again: told the same whether it moves or not."""
    view = pool(auto_scale=True, allocation=allocation, current=size(2), target=size(9))
    decision = decided(situation(pool=view))
    assert (decision.action, decision.verdict.reason) == (None, reasons.AUTO_SCALE_ENABLED)


@pytest.mark.parametrize(
    ("targets", "view", "wanted"),
    [
        pytest.param((5, 0), pool(target=size(9)), size(5), id="both declared"),
        pytest.param((5, None), pool(target=size(9, 3), current=size(9, 3)), size(5, 3), id="the other kind keeps its own"),
        pytest.param((None, 2), pool(target=size(9, 3), current=size(9, 3)), size(9, 2), id="likewise"),
        pytest.param((0, 0), pool(), size(0), id="to zero"),
    ],
)
def test_another_target_is_resized_away_from(targets: tuple[int | None, int | None], view: PoolView, wanted: Size) -> None:
    decision = decided(wanting(*targets, pool=view, memo=PoolMemo(reached=size(9), attempts=4)))
    assert decision.action == Resize(etag="0x1", size=wanted, timeout_seconds=1800)
    assert decision.memo == NO_MEMO


def test_the_declared_timeout_travels_with_the_resize() -> None:
    action = decided(situation(pool=pool(target=size(9)), declared=spec(resizeTimeoutSeconds=600))).action
    assert action == Resize(etag="0x1", size=size(5), timeout_seconds=600)


@pytest.mark.parametrize(
    ("code", "attempts", "reason"),
    [
        pytest.param("AccountCoreQuotaReached", 0, "Resizing", id="quota, at first"),
        pytest.param("AccountCoreQuotaReached", QUOTA_TRIES, "QuotaExceeded", id="quota, after some tries"),
        pytest.param("AccountSpotCoreQuotaReached", QUOTA_TRIES, "QuotaExceeded", id="quota of spot nodes"),
        pytest.param("AllocationTimedout", 0, "CapacityUnavailable", id="no machines in time"),
        pytest.param("AllocationTimedOut", 9, "CapacityUnavailable", id="in the other spelling, however often"),
        pytest.param("AllocationFailed", 0, "CapacityUnavailable", id="no machines"),
        pytest.param("UnsupportedVMSize", 0, "ResizeFailed", id="what repeating does not cure"),
        pytest.param("SomethingNew", 0, "ResizeFailed", id="what nobody knows yet"),
    ],
)
def test_a_resize_that_fell_short_is_asked_for_again_after_a_pause(code: str, attempts: int, reason: str) -> None:
    memo, pause = PoolMemo(attempts=attempts), pause_after(attempts)
    early = decided(situation(pool=short(code, ago=pause - timedelta(seconds=7)), memo=memo))
    assert (early.action, early.memo, early.again_after) == (None, memo, 7.0)
    due = decided(situation(pool=short(code, ago=pause), memo=memo))
    assert (due.action, due.memo) == (FIVE, PoolMemo(attempts=attempts + 1))
    for decision in (early, due):
        assert decision.verdict.reason.name == reason
        assert "2 dedicated" in decision.verdict.message
        assert code in decision.verdict.message


def test_a_stopped_resize_is_asserted_again_at_once() -> None:
    decision = decided(situation(pool=short("ResizeStopped"), memo=PoolMemo(attempts=2)))
    assert (decision.action, decision.memo) == (FIVE, PoolMemo(attempts=2))


@pytest.mark.parametrize(("message", "words"), [("No cores.", "Odd: No cores."), ("No cores", "Odd: No cores."), ("", "Odd.")])
def test_azures_own_words_are_told(message: str, words: str) -> None:
    assert decided(situation(pool=short("Odd", message=message))).verdict.message.endswith(f"nodes: {words}")


def test_an_error_is_history_once_the_size_is_there() -> None:
    view = pool(resize_errors=(ResizeError(code="AllocationTimedOut", message=""),))
    assert decided(situation(pool=view)).verdict.reason is reasons.SETTLED


def test_nodes_lost_after_the_size_was_reached_are_batchs_business() -> None:
    decision = decided(situation(pool=pool(current=size(2)), memo=REACHED))
    assert (decision.action, decision.verdict.reason, decision.memo) == (None, reasons.SETTLED, REACHED)


@pytest.mark.parametrize("memo", [NO_MEMO, PoolMemo(reached=size(2))])
def test_a_shortfall_before_the_size_was_reached_is_resized(memo: PoolMemo) -> None:
    decision = decided(situation(pool=pool(current=size(2)), memo=memo))
    assert (decision.action, decision.memo) == (FIVE, memo)


def test_the_size_reached_is_that_of_this_declaration() -> None:
    assert reached_before(situation(memo=REACHED))
    assert not reached_before(situation(memo=PoolMemo(reached=size(4))))
    assert not reached_before(situation())


@given(st.integers(0, 10**6))
def test_pauses_grow_to_half_an_hour(attempts: int) -> None:
    assert MINUTE <= pause_after(attempts) <= pause_after(attempts + 1) <= LONGEST_PAUSE == 30 * MINUTE


def test_the_first_pauses() -> None:
    assert [pause_after(attempts) // MINUTE for attempts in range(7)] == [1, 2, 4, 8, 16, 30, 30]


@given(st.sampled_from(sorted(ERROR_CLASSES)), st.randoms(use_true_random=False))
def test_codes_are_compared_without_case(code: str, coin: Any) -> None:
    spelled = "".join(letter.upper() if coin.random() < 0.5 else letter for letter in code)
    assert classify(ResizeError(code=spelled, message="")) is ERROR_CLASSES[code]


def test_a_code_nobody_knows_is_shown_in_azures_words() -> None:
    assert classify(ResizeError(code="Brand new", message="")) is ErrorClass.OTHER
    assert set(ERROR_CLASSES.values()) | {ErrorClass.OTHER} == set(ErrorClass)
