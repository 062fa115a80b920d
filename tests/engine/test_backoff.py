from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.virtualtime import chance
from poolwright.engine.backoff import Backoff

NOMINAL = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


@given(st.integers())
def test_pauses_double_from_one_second_to_five_minutes_within_a_tenth(seed: int) -> None:
    backoff: Backoff[str] = Backoff(chance(seed))
    pauses = [backoff.next("pool") for _ in NOMINAL]
    assert all(nominal * 0.9 <= pause <= nominal for nominal, pause in zip(NOMINAL, pauses, strict=True))


def test_ten_thousand_failures_are_no_trouble() -> None:
    backoff: Backoff[str] = Backoff(chance())
    assert max(backoff.next("pool") for _ in range(10_000)) <= 300


def test_keys_that_failed_together_do_not_come_back_together() -> None:
    backoff: Backoff[int] = Backoff(chance())
    for key in range(100):
        for _ in range(10):
            backoff.next(key)
    pauses = [backoff.next(key) for key in range(100)]
    assert max(pauses) - min(pauses) > 15, "also at the limit"


def test_each_key_has_a_count_of_its_own_and_forgets_it() -> None:
    backoff: Backoff[str] = Backoff(chance())
    for _ in range(5):
        backoff.next("bad")
    assert backoff.next("good") <= 1
    backoff.forget("bad")
    assert backoff.next("bad") <= 1
    backoff.forget("never seen")
