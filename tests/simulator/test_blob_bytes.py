"""Bytes that copies share until one side writes, and sets of ranges."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from azuresim.core.extents import SparseBytes
from azuresim.core.ranges import Ranges

SIZE = 200_000
SPAN = st.tuples(st.integers(0, SIZE - 1), st.integers(1, SIZE)).map(lambda s: (s[0], min(s[0] + s[1], SIZE)))
# Which of the two is written, whether it is cleared, where, and with what.
Step = tuple[bool, bool, tuple[int, int], int]
STEP = st.tuples(st.booleans(), st.booleans(), SPAN, st.integers(0, 255))


@given(st.lists(STEP, max_size=6), st.lists(STEP, max_size=6))
def test_a_copy_and_its_original_change_apart(before: list[Step], after: list[Step]) -> None:
    original, plain = SparseBytes(SIZE), bytearray(SIZE)
    for _, clears, (start, end), value in before:
        _change(original, plain, clears=clears, start=start, end=end, value=value)
    copy, plain_copy = original.copy(), bytearray(plain)
    for first, clears, (start, end), value in after:
        sparse, held = (original, plain) if first else (copy, plain_copy)
        _change(sparse, held, clears=clears, start=start, end=end, value=value)
    assert original.read(0, SIZE) == plain
    assert copy.read(0, SIZE) == plain_copy


def _change(sparse: SparseBytes, plain: bytearray, *, clears: bool, start: int, end: int, value: int) -> None:
    if clears:
        sparse.clear(start, end)
        plain[start:end] = bytes(end - start)
    else:
        sparse.write(start, bytes([value]) * (end - start))
        plain[start:end] = bytes([value]) * (end - start)


def test_written_zeros_are_remembered_and_cost_nothing() -> None:
    sparse = SparseBytes(1 << 30)
    sparse.write(0, bytes(1 << 20))
    assert (sparse.ranges(), sparse.stored) == ([(0, 1 << 20)], 0)
    sparse.write(5, b"x")
    sparse.write(0, bytes(1 << 16))
    assert sparse.stored == 0


SMALL = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10)).map(lambda s: (s[0], s[0] + s[1])), max_size=6)


@given(SMALL, SMALL, st.integers(0, 50), st.integers(0, 50))
def test_ranges_are_sets_of_numbers(one: list[tuple[int, int]], other: list[tuple[int, int]], first: int, last: int) -> None:
    left, right = Ranges(one), Ranges(other)
    numbers, others = ({n for a, b in parts for n in range(a, b)} for parts in (one, other))
    assert _numbers(left.common(right)) == numbers & others
    assert _numbers(left.without(right)) == numbers - others
    assert _numbers(left.within(first, last)) == {n for n in numbers if first <= n < last}


def _numbers(parts: Iterable[tuple[int, int]]) -> set[int]:
    return {n for a, b in parts for n in range(a, b)}
