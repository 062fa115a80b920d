"""Sparse bytes: what was written is kept, what was not reads as zeros."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

_CHUNK = 64 * 1024


class SparseBytes:
    """A byte array of a given size that remembers which ranges were written."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._chunks: dict[int, bytearray] = {}
        # Written ranges as [start, end), ascending, never touching each other.
        self._starts: list[int] = []
        self._ends: list[int] = []

    def write(self, offset: int, data: bytes) -> None:
        """Store ``data`` at ``offset``; the caller has checked the bounds."""
        self._mark(offset, offset + len(data))
        done = 0
        while done < len(data):
            index, within = divmod(offset + done, _CHUNK)
            take = min(_CHUNK - within, len(data) - done)
            chunk = self._chunks.setdefault(index, bytearray(_CHUNK))
            chunk[within : within + take] = data[done : done + take]
            done += take

    def clear(self, start: int, end: int) -> None:
        """Forget [start, end)."""
        for index in range(start // _CHUNK, -(-end // _CHUNK)):
            chunk = self._chunks.get(index)
            if chunk is None:
                continue
            base = index * _CHUNK
            first, last = max(start, base) - base, min(end, base + _CHUNK) - base
            if last - first == _CHUNK:
                del self._chunks[index]
            else:
                chunk[first:last] = bytes(last - first)
        kept = [part for a, b in self.ranges() for part in ((a, min(b, start)), (max(a, end), b)) if part[0] < part[1]]
        self._starts, self._ends = [a for a, _ in kept], [b for _, b in kept]

    def read(self, start: int, end: int) -> bytes:
        """The bytes of [start, end)."""
        parts = []
        position = start
        while position < end:
            index, within = divmod(position, _CHUNK)
            take = min(_CHUNK - within, end - position)
            chunk = self._chunks.get(index)
            parts.append(bytes(take) if chunk is None else bytes(chunk[within : within + take]))
            position += take
        return b"".join(parts)

    def resize(self, size: int) -> None:
        """Cut off or add zeros at the end."""
        if size < self.size:
            self.clear(size, self.size)
        self.size = size

    def ranges(self) -> list[tuple[int, int]]:
        """The written ranges, ascending, as [start, end)."""
        return list(zip(self._starts, self._ends, strict=True))

    def _mark(self, start: int, end: int) -> None:
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]
