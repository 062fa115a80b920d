"""Sparse bytes: what was written is kept, what was not reads as zeros; copies share what neither has changed."""

from __future__ import annotations

from collections.abc import Iterator

from azuresim.core.ranges import Range, Ranges

_CHUNK = 64 * 1024
_PART = 4 << 20


class SparseBytes:
    """A byte array of a given size that remembers which ranges were written. Zeros cost nothing, written or not."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._chunks: dict[int, bytearray] = {}
        # Chunks no copy shares; all others are copied before they are changed.
        self._own: set[int] = set()
        self.written = Ranges()

    def copy(self) -> SparseBytes:
        """The same bytes, to be changed apart. Costs a reference a chunk."""
        made = SparseBytes(self.size)
        made._chunks = dict(self._chunks)
        made.written = self.written.copy()
        self._own.clear()
        return made

    @property
    def stored(self) -> int:
        """Bytes of memory the content takes, shared ones included."""
        return len(self._chunks) * _CHUNK

    def write(self, offset: int, data: bytes) -> None:
        """Store ``data`` at ``offset``; the caller has checked the bounds."""
        self.written.add(offset, offset + len(data))
        done = 0
        while done < len(data):
            index, within = divmod(offset + done, _CHUNK)
            take = min(_CHUNK - within, len(data) - done)
            self._put(index, within, data[done : done + take])
            done += take

    def clear(self, start: int, end: int) -> None:
        """Forget [start, end)."""
        indexes = range(start // _CHUNK, -(-end // _CHUNK))
        # Clearing terabytes must cost what is stored there, not what could be.
        met = indexes if len(indexes) <= len(self._chunks) else [index for index in self._chunks if index in indexes]
        for index in met:
            base = index * _CHUNK
            first, last = max(start, base) - base, min(end, base + _CHUNK) - base
            self._put(index, first, bytes(last - first))
        self.written.remove(start, end)

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

    def parts(self, start: int, end: int) -> Iterator[bytes]:
        """The same, some MiB at a time, whatever is written meanwhile."""
        held = self.copy()
        return (held.read(at, min(at + _PART, end)) for at in range(start, end, _PART))

    def resize(self, size: int) -> None:
        """Cut off or add zeros at the end."""
        if size < self.size:
            self.clear(size, self.size)
        self.size = size

    def ranges(self) -> list[Range]:
        """The written ranges, ascending, as [start, end)."""
        return list(self.written)

    def _put(self, index: int, within: int, data: bytes) -> None:
        chunk = self._chunks.get(index)
        zeros = data.count(0) == len(data)
        if zeros and (chunk is None or len(data) == _CHUNK):
            self._chunks.pop(index, None)
            self._own.discard(index)
            return
        if chunk is None or index not in self._own:
            chunk = bytearray(_CHUNK) if chunk is None else bytearray(chunk)
            self._chunks[index] = chunk
            self._own.add(index)
        chunk[within : within + len(data)] = data
