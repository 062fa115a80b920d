"""A sorted set of names, read a page at a time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator


class SortedNames:
    """Names in ascending order; a page costs what it holds, not what is stored."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def add(self, name: str) -> None:
        """Put in; ``name`` must not be there."""
        insort(self._names, name)

    def remove(self, name: str) -> None:
        """Take out; ``name`` must be there."""
        at = bisect_left(self._names, name)
        if at == len(self._names) or self._names[at] != name:
            raise KeyError(name)
        del self._names[at]

    def after(self, name: str | None) -> Iterator[str]:
        """All names greater than ``name``; all when it is None."""
        start = 0 if name is None else bisect_right(self._names, name)
        for at in range(start, len(self._names)):
            yield self._names[at]
