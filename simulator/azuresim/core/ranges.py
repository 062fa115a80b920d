"""Sets of byte ranges."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Range = tuple[int, int]


class Ranges:
    """Ranges [start, end), ascending, never touching each other. A step costs little where few ranges are met."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in ranges:
            self.add(start, end)

    def __iter__(self) -> Iterator[Range]:
        return zip(self._starts, self._ends, strict=True)

    def copy(self) -> Ranges:
        """Another set with the same ranges."""
        made = Ranges()
        made._starts, made._ends = self._starts[:], self._ends[:]
        return made

    def add(self, start: int, end: int) -> None:
        """Put [start, end) in, joined with what it touches; an empty range changes nothing."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def remove(self, start: int, end: int) -> None:
        """Take [start, end) out."""
        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, end)
        if first >= last:
            return
        left, right = (self._starts[first], start), (end, self._ends[last - 1])
        kept = [part for part in (left, right) if part[0] < part[1]]
        self._starts[first:last] = [a for a, _ in kept]
        self._ends[first:last] = [b for _, b in kept]

    def within(self, start: int, end: int) -> Iterator[Range]:
        """What lies in [start, end), cut at its borders."""
        for at in range(bisect_right(self._ends, start), len(self._starts)):
            if self._starts[at] >= end:
                return
            yield max(self._starts[at], start), min(self._ends[at], end)

    def common(self, other: Ranges) -> Ranges:
        """What is in both."""
        return Ranges(part for start, end in other for part in self.within(start, end))

    def without(self, other: Ranges) -> Ranges:
        """What is in this one only."""
        made = self.copy()
        for start, end in other:
            made.remove(start, end)
        return made
